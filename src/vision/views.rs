//! The views in a picture: the whole of it, a given region, or each panel of a collage.

use crate::core::area::Area;
use crate::core::error::{Error, Result};
use crate::core::options::Options;
use crate::vision::analysis::Analyzer;
use crate::vision::panels;
use crate::vision::photo::{Metadata, Photo};

impl Analyzer {
    /// The pictures to measure in a photo, each by [`Analyzer::analyze`]: the region given in the options; each panel of a collage in
    /// reading order if at least two of them show a person; else the photo as it is. Lines that are drawn across one body (thirds) make no
    /// panels.
    ///
    /// # Errors
    /// [`Error::Usage`] when the region lies outside the photo, or when the options say of one view what cannot hold for several;
    /// what the model says.
    pub fn views(&mut self, photo: Photo, options: &Options) -> Result<Vec<Photo>> {
        if let Some(region) = options.region {
            return Ok(vec![photo.within(region)?]);
        }
        let in_photo = |part: Area| -> Area { <[u32; 4]>::from(part).map(|pixels| pixels << photo.halvings).into() };
        let parts = panels::panels(&photo.pixels, |part| self.shows_somebody(&photo.within(in_photo(part))?, options))?;
        if parts.is_empty() {
            return Ok(vec![photo]);
        }
        let parts: Vec<Area> = parts.into_iter().map(|(part, _)| in_photo(part)).collect();
        if self.is_one_body_across(&photo, &parts, options)? {
            return Ok(vec![photo]);
        }
        let of_one = [
            ("view", options.view.is_some()),
            ("plumb line", options.given.plumb.is_some()),
            ("landmarks", !options.points.is_empty()),
        ];
        if let Some((what, _)) = of_one.into_iter().find(|(_, given)| *given) {
            let places: Vec<String> = parts.iter().map(Area::to_string).collect();
            let reason = format!(
                "{}: expected one view for the {what} that was given, found {} panels; choose one as region: {}",
                photo.source.path.display(),
                parts.len(),
                places.join(" or ")
            );
            return Err(Error::Usage { reason });
        }
        let view = |(number, &part): (usize, &Area)| {
            let mut view = photo.within(part)?;
            // The collage as a whole was not taken by a camera.
            view.metadata = Metadata { taken: view.metadata.taken, ..Metadata::default() };
            view.notes.push(format!("one of {} panels in the picture: no. {number}, at {part}", parts.len()));
            Ok(view)
        };
        (1..).zip(&parts).map(view).collect()
    }
}
