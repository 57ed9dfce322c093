//! The views in a picture: the whole of it, a region that was named, or each panel of a collage.

use crate::core::area::Area;
use crate::core::error::{Error, Result};
use crate::core::options::Options;
use crate::vision::analysis::Analyzer;
use crate::vision::panels;
use crate::vision::photo::{Metadata, Photo};

impl Analyzer {
    /// The pictures to measure in a photo, each by [`Analyzer::analyze`]: the region that the options name, each panel of a collage in
    /// the order of reading where somebody shows in two of them or more, else the photo as it is.
    ///
    /// # Errors
    /// [`Error::Usage`] when the region lies outside the photo, or when the options say of one view what cannot hold for several;
    /// what the model says.
    pub fn views(&mut self, photo: Photo, options: &Options) -> Result<Vec<Photo>> {
        if let Some(region) = options.region {
            return Ok(vec![photo.within(region)?]);
        }
        let length = |pixels: u32| pixels << photo.halvings;
        let parts: Vec<Area> =
            panels::panels(&photo.pixels).into_iter().map(|part| <[u32; 4]>::from(part).map(length).into()).collect();
        let mut views = Vec::new();
        let mut peopled = 0;
        for (index, &part) in parts.iter().enumerate() {
            let mut view = photo.within(part)?;
            // No camera took the collage.
            view.metadata = Metadata { taken: view.metadata.taken, ..Metadata::default() };
            view.notes.push(format!("one of {} panels in the picture: no. {}, at {part}", parts.len(), index + 1));
            peopled += usize::from(self.shows_somebody(&view, options)?);
            views.push(view);
        }
        if peopled < 2 {
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
        Ok(views)
    }
}
