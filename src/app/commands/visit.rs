//! `orthostat analyze --visit`: combines photos of one stance into one measurement for each view.

use std::path::PathBuf;

use orthostat::app::cli::Analyze;
use orthostat::core::body::view::View;
use orthostat::core::compare::visit;
use orthostat::core::error::{Error, Result};
use orthostat::core::isolation;
use orthostat::core::names::file_name;
use orthostat::core::record::Record;
use orthostat::report::html::Picture;
use orthostat::report::output::Outputs;
use orthostat::report::{output, raster, text};
use orthostat::vision::photo::Photo;

use super::files::write_files;
use super::screen::Screen;
use super::{complain, say};

/// What came of a visit: the sheets of its joint records, if a page is requested, and the exit code.
pub(super) struct Together {
    pub(super) sheets: Vec<(Record, Picture)>,
    pub(super) code: u8,
}

/// Joins the photos of each view, and prints and writes the joint records as `analyze` does for photos.
pub(super) fn put_together(
    options: &Analyze,
    outputs: Option<&Outputs>,
    screen: Screen,
    photos: &[Record],
) -> Result<Together> {
    let mut views = visit::by_view(&photos.iter().collect::<Vec<_>>());
    let mut together = Together { sheets: Vec::new(), code: 0 };
    // A single photo needs no joint record.
    for record in views.iter_mut().filter(|record| !record.joined.is_empty()) {
        record.id = free(&record.id, photos);
        show(record, options, screen)?;
        let photo = photo_of(record, options);
        match write(record, photo.as_ref(), options, outputs) {
            // What stands in the way of these files stands in no other's.
            Err(error @ Error::Occupied { .. }) => {
                complain(&error);
                together.code = error.exit_code();
            }
            written => written?,
        }
        if options.report.is_some() || options.open {
            together.sheets.push((record.clone(), picture(photo.as_ref(), record, options)?));
        }
    }
    let of = |view: View| views.iter().find(|record| record.view.kind == view);
    if let (Some(front), Some(back), false) = (of(View::Anterior), of(View::Posterior), options.json) {
        let mut lines = text::both_views(front, back, options.all);
        lines.push(Vec::new());
        screen.print(&lines)?;
    }
    Ok(together)
}

/// The id, or the next with a number if a photo has it.
fn free(id: &str, photos: &[Record]) -> String {
    let taken = |id: &String| photos.iter().any(|photo| photo.id == *id);
    let numbered = (2..).map(|number| format!("{id}-{number}"));
    std::iter::once(id.to_owned()).chain(numbered).find(|id| !taken(id)).unwrap_or_default()
}

fn show(record: &Record, options: &Analyze, screen: Screen) -> Result<()> {
    if options.json { say(&format!("{}\n", record.to_line()?)) } else { screen.photo(record, options.all) }
}

fn write(record: &Record, photo: Option<&Photo>, options: &Analyze, outputs: Option<&Outputs>) -> Result<()> {
    let (Some(outputs), Some(folder)) = (outputs, &options.out) else { return Ok(()) };
    if let Some(photo) = photo {
        return write_files(outputs, folder, photo, record, options).map(|_| ());
    }
    let path = folder.join(file_name(&record.id, ".json"));
    outputs.write(&path, &output::json(record, &path)?, None)
}

fn picture(photo: Option<&Photo>, record: &Record, options: &Analyze) -> Result<Picture> {
    let Some(photo) = photo else { return Ok(Picture::Withheld("the photo cannot be read again".into())) };
    let (pixels, attitude) = (raster::detailed(photo)?, options.attitude());
    if options.mask_face { Picture::masked(&pixels, record, attitude) } else { Picture::of(&pixels, record, attitude) }
}

/// The photo whose landmarks a joint record contains, read again: its picture shows the joint values.
fn photo_of(record: &Record, options: &Analyze) -> Option<Photo> {
    let is_its = |photo: &Photo| photo.provenance("").source.blake3 == record.source.blake3;
    let named = |path: &&PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy() == record.source.file);
    if record.source.region.is_some() {
        return None;
    }
    let read = |path: &PathBuf| isolation::guarded(path, || Photo::open(path, &options.reading()));
    options.photos.iter().filter(named).find_map(|path| read(path).ok().filter(is_its))
}
