//! Models of any family except BlazePose: the detector locates the person, and the model reads the joints in its crop.

use std::path::Path;
use std::sync::Arc;

use ndarray::{Array4, ArrayView3, ArrayViewD, Axis, Ix3, Ix4, Slice};

use crate::core::body::pose::{Keypoint, MIN_VISIBILITY};
use crate::core::body::skeleton::Pair;
use crate::core::error::{Error, Result};
use crate::core::geometry::Point;
use crate::vision::catalogue::Entry;
use crate::vision::estimate::blazepose::BlazePose;
use crate::vision::estimate::form::{Family, Form, Sidecar, recognise};
use crate::vision::estimate::model_options::{DEFAULT_MODEL, ModelOptions};
use crate::vision::estimate::{Crowd, Estimator, Look, Reading, Spot, heatmap, movenet, region_of, simcc, yolo};
use crate::vision::model::{Model, Outputs};
use crate::vision::raster::crop::Pyramid;
use crate::vision::raster::region::{Border, CropForm, Region, Sampling};

/// Where a model comes from.
#[derive(Debug, Clone)]
enum Source {
    /// A model listed in `models.json`.
    Listed(&'static Entry),
    /// A file of the user's.
    File(Arc<Path>),
}

/// A model that reads the joints of the person in a crop. The graph is opened on first use, or by [`Other::open`].
#[derive(Debug)]
pub struct Other {
    source: Source,
    name: String,
    hash: String,
    form: Arc<Form>,
    model: Option<Model>,
    detector: BlazePose,
    options: ModelOptions,
}

impl Other {
    /// Opens a model of the catalogue.
    ///
    /// # Errors
    /// [`Error::Runtime`] or [`Error::Model`].
    pub fn open(entry: &'static Entry, options: &ModelOptions) -> Result<Self> {
        Self::of(Source::Listed(entry), Model::open(entry, options.threads)?, &Sidecar::default(), options)
    }

    /// Makes an estimator from an opened file.
    ///
    /// # Errors
    /// [`Error::Model`] when it is of no known family, with what was expected and found.
    pub fn of_file(model: Model, path: &Path, options: &ModelOptions) -> Result<Self> {
        let said = Sidecar::beside(path).map_err(|reason| refused(model.name(), reason))?;
        Self::of(Source::File(path.into()), model, &said, options)
    }

    fn of(source: Source, model: Model, said: &Sidecar, options: &ModelOptions) -> Result<Self> {
        let form =
            recognise(&model.inputs(), &model.outputs(), said).map_err(|reason| refused(model.name(), reason))?;
        Ok(Self {
            source,
            name: options.model.clone(),
            hash: model.hash().to_owned(),
            form: Arc::new(form),
            model: Some(model),
            detector: BlazePose::deferred(&ModelOptions { model: DEFAULT_MODEL.into(), ..options.clone() })?,
            options: options.clone(),
        })
    }

    /// Another worker with the same model, which it opens on first use.
    ///
    /// # Errors
    /// When there is no detector, which the catalogue rules out.
    pub fn deferred(&self) -> Result<Self> {
        let detector = ModelOptions { model: DEFAULT_MODEL.into(), ..self.options.clone() };
        Ok(Self {
            source: self.source.clone(),
            name: self.name.clone(),
            hash: self.hash.clone(),
            form: Arc::clone(&self.form),
            model: None,
            detector: BlazePose::deferred(&detector)?,
            options: self.options.clone(),
        })
    }

    /// Input and output of the model.
    #[must_use]
    pub fn form(&self) -> &Form {
        &self.form
    }

    fn opened(&mut self) -> Result<&mut Model> {
        let model = match (self.model.take(), &self.source) {
            (Some(model), _) => model,
            (None, Source::Listed(entry)) => Model::open(entry, self.options.threads)?,
            (None, Source::File(path)) => Model::open_unlisted(path, self.options.threads)?,
        };
        Ok(self.model.insert(model))
    }

    /// The points in a crop's tensor of levels 0 to 255 (1 x side x side x 3, of which the middle is read); `None` when there is no
    /// person.
    fn spots(&mut self, tensor: &Array4<f32>) -> Result<Option<Vec<Spot>>> {
        let form = Arc::clone(&self.form);
        let picture = middle(tensor, form.width, form.height);
        let model = self.opened()?;
        if let Family::MoveNet { .. } = form.family {
            let whole = picture.mapv(|level| level.round() as i32).insert_axis(Axis(0));
            return decoded(&form, &model.run(whole.view())?);
        }
        let planes = Array4::from_shape_fn((1, 3, form.height, form.width), |(_, channel, row, column)| {
            let (mean, std) = form.channels[channel];
            (picture[[row, column, channel]] - mean) / std
        });
        decoded(&form, &model.run(planes.view())?)
    }
}

fn refused(model: &str, reason: String) -> Error {
    Error::Model { model: model.into(), reason, source: None }
}

/// The middle of a square tensor: rows, columns, channels.
fn middle(tensor: &Array4<f32>, width: usize, height: usize) -> ArrayView3<'_, f32> {
    let side = tensor.len_of(Axis(1));
    let (left, top) = ((side - width) / 2, (side - height) / 2);
    let mut picture = tensor.index_axis(Axis(0), 0);
    picture.slice_axis_inplace(Axis(0), Slice::from(top..top + height));
    picture.slice_axis_inplace(Axis(1), Slice::from(left..left + width));
    picture
}

/// The points of the one person, by the family's decoder.
fn decoded(form: &Form, outputs: &Outputs<'_>) -> Result<Option<Vec<Spot>>> {
    let output = |index: usize| outputs.whole(&form.outputs[index]);
    let count = form.points.count();
    // Shapes that the file leaves open are known only at this point.
    let wrong = |array: &ArrayViewD<'_, f32>| {
        refused(
            outputs.name(),
            format!(
                "expected an output of {count} points of the family {}, found {:?}",
                form.family.name(),
                array.shape()
            ),
        )
    };
    let planes = |array: ArrayViewD<'_, f32>| -> Result<ndarray::Array2<f32>> {
        let problem = wrong(&array);
        let fixed = array.into_dimensionality::<Ix3>().map_err(|_| problem)?;
        Ok(fixed.index_axis(Axis(0), 0).to_owned())
    };
    Ok(match form.family {
        Family::MoveNet { several: true } => movenet::decode_people(planes(output(0)?)?.view(), form.width),
        Family::MoveNet { several: false } => {
            let array = output(0)?;
            let problem = wrong(&array);
            let points = array.into_shape_with_order((movenet::POINTS, movenet::PER_POINT)).map_err(|_| problem)?;
            Some(movenet::decode(points.view(), form.width))
        }
        Family::SimCc { split } => {
            let (across, along) = (planes(output(0)?)?, planes(output(1)?)?);
            if across.nrows() != count || along.nrows() != count {
                return Err(wrong(&across.view().into_dyn()));
            }
            Some(simcc::decode(across.view(), along.view(), split))
        }
        Family::Heatmap(alignment) => {
            let array = output(0)?;
            let problem = wrong(&array);
            let maps = array.into_dimensionality::<Ix4>().map_err(|_| problem)?;
            if maps.len_of(Axis(1)) != count {
                return Err(wrong(&maps.view().into_dyn()));
            }
            Some(heatmap::decode(maps.index_axis(Axis(0), 0), form.width, form.height, alignment))
        }
        Family::Yolo => {
            let rows = planes(output(0)?)?;
            if rows.nrows() != yolo::HEAD + yolo::PER_POINT * count {
                return Err(wrong(&rows.view().into_dyn()));
            }
            yolo::decode(rows.view(), form.width)
        }
    })
}

/// Converts a score to a visibility: the model's threshold for a visible point maps to the visibility threshold.
fn visibility(score: f64, visible_from: f64) -> f64 {
    (MIN_VISIBILITY * score / visible_from).clamp(0.0, 1.0)
}

impl Estimator for Other {
    fn name(&self) -> &str {
        &self.name
    }

    fn hash(&self) -> &str {
        &self.hash
    }

    fn gives_masks(&self) -> bool {
        false
    }

    fn prepare(&mut self) -> Result<()> {
        self.opened().map(|_| ())
    }

    fn detect(&mut self, photo: &Pyramid<'_>, square: Region, mirrored: bool) -> Result<Crowd> {
        let mut crowd = self.detector.detect(photo, square, mirrored)?;
        for person in &mut crowd.people {
            person.region = person.region.upright();
        }
        Ok(crowd)
    }

    fn read(&mut self, photo: &Pyramid<'_>, region: Region, look: Look) -> Result<Option<Reading>> {
        let size = self.form.width.max(self.form.height);
        let form = CropForm { size, black: 0.0, white: 255.0, border: Border::Black, sampling: Sampling::Averaged };
        let crop = if look.mirrored { photo.crop_mirrored(region, &form) } else { photo.crop(region, &form) };
        let Some(spots) = self.spots(&crop.tensor)? else { return Ok(None) };
        let (left, top) = ((size - self.form.width) / 2, (size - self.form.height) / 2);
        let set = &self.form.points;
        let keypoint = |index: usize| {
            let spot = spots.get(index).filter(|spot| spot.at.x.is_finite() && spot.at.y.is_finite())?;
            let at = crop.to_photo.apply(Point::new(spot.at.x + left as f64, spot.at.y + top as f64));
            let visibility = visibility(spot.score, self.form.visible_from);
            Some(Keypoint { at, visibility, sd_px: None, by_hand: false })
        };
        let pose = set.pose(look.mirrored, keypoint);
        let trunk = [Pair::SHOULDERS, Pair::HIPS].into_iter().flat_map(|pair| [pair.left, pair.right]);
        if trunk.filter_map(|joint| pose.get(joint).ok()).all(|k| k.visibility < MIN_VISIBILITY) {
            return Ok(None);
        }
        let next = region_of(&pose, region);
        Ok(Some(Reading { pose, world: None, next, mask: None, spine: set.spine(keypoint) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_of_a_family_is_the_threshold_of_visibility() {
        assert_eq!(visibility(0.2, 0.2), MIN_VISIBILITY);
        assert_eq!((visibility(-1.0, 0.3), visibility(9.0, 0.3)), (0.0, 1.0));
    }

    #[test]
    fn the_middle_of_a_square_is_the_upright_picture() {
        let tensor = Array4::from_shape_fn((1, 8, 8, 3), |(_, row, column, _)| (10 * row + column) as f32);
        let picture = middle(&tensor, 4, 8);
        assert_eq!((picture.dim(), picture[[0, 0, 0]], picture[[7, 3, 2]]), ((8, 4, 3), 2.0, 75.0));
    }
}
