//! `orthostat analyze --visit`: combines photos of one stance into one measurement for each view.

use std::path::PathBuf;

use orthostat::app::cli::Analyze;
use orthostat::core::body::view::View;
use orthostat::core::compare::joint;
use orthostat::core::compare::visit::id;
use orthostat::core::error::Result;
use orthostat::core::names::file_name;
use orthostat::core::record::Record;
use orthostat::report::html::Picture;
use orthostat::report::output::Outputs;
use orthostat::report::{output, raster, text};
use orthostat::vision::photo::Photo;

use super::files::write_files;
use super::say;
use super::screen::Screen;

/// All views, in the order of reports.
const VIEWS: [View; 4] = [View::Anterior, View::Posterior, View::LeftLateral, View::RightLateral];

/// Joins the photos of each view, and prints and writes the joint records as `analyze` does for photos; returns their sheets, if a page
/// is requested.
pub(super) fn put_together(
    options: &Analyze,
    outputs: Option<&Outputs>,
    screen: Screen,
    photos: &[Record],
) -> Result<Vec<(Record, Picture)>> {
    let mut whole: Vec<Record> = Vec::new();
    for view in VIEWS {
        let of_view: Vec<&Record> =
            photos.iter().filter(|record| record.view.kind == view && record.quality.usable).collect();
        // A single photo needs no joint record.
        if let Some(record) = joint::joined(&id(view), &of_view).filter(|record| !record.joined.is_empty()) {
            whole.push(record);
        }
    }
    let mut sheets = Vec::new();
    for record in &whole {
        sheets.extend(deliver(record, options, outputs, screen)?);
    }
    let of = |view: View| {
        let single = || photos.iter().find(|record| record.view.kind == view && record.quality.usable);
        whole.iter().find(|record| record.view.kind == view).or_else(single)
    };
    if let (Some(front), Some(back), false) = (of(View::Anterior), of(View::Posterior), options.json) {
        let mut lines = text::both_views(front, back, options.all);
        lines.push(Vec::new());
        screen.print(&lines)?;
    }
    Ok(sheets)
}

/// Prints a joint record and writes its files; returns its sheet, if a page is requested.
fn deliver(
    record: &Record,
    options: &Analyze,
    outputs: Option<&Outputs>,
    screen: Screen,
) -> Result<Option<(Record, Picture)>> {
    if options.json {
        say(&format!("{}\n", record.to_line()?))?;
    } else {
        screen.photo(record, options.all)?;
    }
    let paged = options.report.is_some() || options.open;
    if !paged && options.out.is_none() {
        return Ok(None);
    }
    let photo = photo_of(record, options);
    if let (Some(outputs), Some(folder)) = (outputs, &options.out) {
        if let Some(photo) = &photo {
            write_files(outputs, folder, photo, record, options)?;
        } else {
            let path = folder.join(file_name(&record.id, ".json"));
            outputs.write(&path, &output::json(record, &path)?, None)?;
        }
    }
    if !paged {
        return Ok(None);
    }
    let picture = match photo {
        None => Picture::Withheld("the photo cannot be read again".into()),
        Some(photo) => {
            let (pixels, attitude) = (raster::detailed(&photo)?, options.attitude());
            if options.mask_face {
                Picture::masked(&pixels, record, attitude)?
            } else {
                Picture::of(&pixels, record, attitude)?
            }
        }
    };
    Ok(Some((record.clone(), picture)))
}

/// The photo whose landmarks a joint record contains, read again: its picture shows the joint values.
fn photo_of(record: &Record, options: &Analyze) -> Option<Photo> {
    let is_its = |photo: &Photo| photo.provenance("").source.blake3 == record.source.blake3;
    let named = |path: &&PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy() == record.source.file);
    if record.source.region.is_some() {
        return None;
    }
    options.photos.iter().filter(named).find_map(|path| Photo::open(path, &options.reading()).ok().filter(is_its))
}
