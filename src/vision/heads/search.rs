//! Where heads are searched for: the whole picture, and squares of a half, a third and a fifth of its longer side that overlap by half.
//! For faces cut off by an edge of the picture, the picture is mirrored beyond that edge, which makes them whole.

use image::{RgbImage, imageops};
use ndarray::{ArrayView2, Ix1, Ix2};

use super::blazeface::{self, Range};
use super::{By, Hit};
use crate::core::error::{Error, Result};
use crate::core::geometry::{Point, Vec2};
use crate::vision::catalogue::entry;
use crate::vision::detect::centers;
use crate::vision::estimate::blazepose::detector;
use crate::vision::model::Model;
use crate::vision::raster::crop::{Crop, Pyramid};
use crate::vision::raster::region::Border;
use crate::vision::raster::region::CropForm;
use crate::vision::raster::region::Region;
use crate::vision::raster::region::Sampling;

/// The squares' sides for faces, in longer sides of the picture.
const FACE_SHARES: [f64; 4] = [1.0, 1.0 / 2.0, 1.0 / 3.0, 1.0 / 5.0];
/// The same for people, who are larger than their faces.
const BODY_SHARES: [f64; 2] = [1.0 / 2.0, 1.0 / 3.0];
/// The same on the edges.
const EDGE_SHARES: [f64; 3] = [1.0 / 2.0, 1.0 / 3.0, 1.0 / 5.0];
/// Faces that lie or lean are searched for in squares turned by this much, in degrees. The detectors find faces turned by up to 40
/// degrees without it.
const TURNS: [f64; 3] = [-90.0, 90.0, 180.0];
/// The squares' sides for turned passes.
const TURNED_SHARES: [f64; 2] = [1.0 / 2.0, 1.0 / 3.0];
/// Turned passes give more false hits: they count from this score on.
const LEAST_TURNED: f64 = 0.66;
/// Candidates below this score are not kept.
const LEAST: f64 = 0.3;
/// A face in the mirrored strip lies on the edge when its middle is nearer to it than this, in sides of its box.
const ON_EDGE: f64 = 1.0;

/// The detectors, opened.
#[derive(Debug)]
pub struct Finder {
    faces: Vec<(Range, Model)>,
    body: Model,
}

impl Finder {
    /// Opens the three detectors, each with one thread.
    ///
    /// # Errors
    /// [`Error::Runtime`] or [`Error::Model`].
    pub fn open() -> Result<Self> {
        let faces = Range::ALL.into_iter().map(|range| Ok((range, Model::open(entry(range.model())?, 1)?)));
        Ok(Self { faces: faces.collect::<Result<_>>()?, body: Model::open(entry("blazepose-detector")?, 1)? })
    }

    /// All candidate heads. The detectors run in parallel.
    ///
    /// # Errors
    /// When a model cannot be run.
    pub fn find(&mut self, photo: &Pyramid<'_>, pixels: &RgbImage) -> Result<Vec<Hit>> {
        let (width, height) = photo.size();
        let scale = width / f64::from(pixels.width().max(1));
        let strips = edge_strips(pixels);
        let edges: Vec<Edge<'_>> = strips
            .iter()
            .zip([0.0, width])
            .map(|(strip, x)| Edge { pyramid: Pyramid::new(strip), x, scale, height: f64::from(pixels.height()) })
            .collect();
        let Self { faces, body } = self;
        let found = std::thread::scope(|scope| {
            let mut at_work = vec![scope.spawn(|| people(body, photo, width, height))];
            for (range, model) in faces {
                let (range, edges) = (*range, &edges);
                at_work.push(scope.spawn(move || {
                    let mut hits = faces_in(range, model, photo, width, height)?;
                    for edge in edges {
                        hits.extend(edge.faces(range, model)?);
                    }
                    Ok(hits)
                }));
            }
            let broken =
                || Error::Model { model: "blazeface".into(), reason: "a search panicked".into(), source: None };
            at_work
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|_| Err(broken())))
                .collect::<Result<Vec<_>>>()
        })?;
        Ok(found.into_iter().flatten().collect())
    }
}

/// Upright squares of a share of the longer side that cover the picture.
fn squares(width: f64, height: f64, share: f64) -> impl Iterator<Item = Region> {
    let side = share * width.max(height);
    let whole = (share >= 1.0).then(|| vec![0.5 * height]);
    let rows = whole.unwrap_or_else(|| centers(height, side));
    rows.into_iter().flat_map(move |y| {
        let columns = if share >= 1.0 { vec![0.5 * width] } else { centers(width, side) };
        columns.into_iter().map(move |x| Region { center: Point::new(x, y), side, rotation: 0.0 })
    })
}

fn faces_in(range: Range, model: &mut Model, photo: &Pyramid<'_>, width: f64, height: f64) -> Result<Vec<Hit>> {
    let mut hits = Vec::new();
    for share in FACE_SHARES {
        for region in squares(width, height, share) {
            hits.extend(faces_of(range, model, photo, region)?);
        }
    }
    for share in TURNED_SHARES {
        for region in squares(width, height, share) {
            for turn in TURNS {
                let turned = Region { rotation: turn.to_radians(), ..region };
                let found = faces_of(range, model, photo, turned)?;
                hits.extend(found.into_iter().filter(|hit| hit.score >= LEAST_TURNED));
            }
        }
    }
    Ok(hits)
}

fn form(size: usize) -> CropForm {
    CropForm { size, black: -1.0, white: 1.0, border: Border::Black, sampling: Sampling::Averaged }
}

/// The faces in one square.
fn faces_of(range: Range, model: &mut Model, photo: &Pyramid<'_>, region: Region) -> Result<Vec<Hit>> {
    let size = range.size() as f64;
    let crop = photo.crop(region, &form(range.size()));
    let outputs = model.run(crop.tensor.view())?;
    let regressors = outputs.tensor("regressors", &[range.candidates(), blazeface::NUMBERS])?;
    let scores = outputs.tensor("scores", &[range.candidates()])?;
    let (Ok(regressors), Ok(scores)) = (regressors.into_dimensionality::<Ix2>(), scores.into_dimensionality::<Ix1>())
    else {
        return Ok(Vec::new());
    };
    let place = |p: Point| crop.to_photo.apply(Point::new(p.x * size, p.y * size));
    let mut hits: Vec<Hit> = blazeface::decode(range, regressors, scores, LEAST)
        .into_iter()
        .map(|face| {
            let up = place(face.eyes) - place(face.mouth);
            let up = if up.length() > 0.0 { up * (1.0 / up.length()) } else { Vec2::default() };
            let (center, side) = (place(face.center), face.side * region.side);
            Hit { score: face.score, center, side, up, by: By::Face(range) }
        })
        .collect();
    thin(&mut hits);
    Ok(hits)
}

/// Keeps the best of the overlapping hits of one pass.
fn thin(hits: &mut Vec<Hit>) {
    hits.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Hit> = Vec::new();
    for hit in hits.drain(..) {
        if !kept.iter().any(|other| other.center.distance(hit.center) < 0.5 * other.side.min(hit.side)) {
            kept.push(hit);
        }
    }
    *hits = kept;
}

/// The heads of people in parts of the picture.
fn people(model: &mut Model, photo: &Pyramid<'_>, width: f64, height: f64) -> Result<Vec<Hit>> {
    let mut hits = Vec::new();
    for share in BODY_SHARES {
        for region in squares(width, height, share) {
            let crop = photo.crop(region, &form(detector::SIZE));
            let outputs = model.run(crop.tensor.view())?;
            let regressors = outputs.tensor("regressors", &[detector::CANDIDATES, detector::NUMBERS])?;
            let scores = outputs.tensor("scores", &[detector::CANDIDATES])?;
            if let (Ok(regressors), Ok(scores)) =
                (regressors.into_dimensionality::<Ix2>(), scores.into_dimensionality::<Ix1>())
            {
                hits.extend(heads_of(regressors, scores, &crop, region.side));
            }
        }
    }
    Ok(hits)
}

fn heads_of(
    regressors: ArrayView2<'_, f32>,
    scores: ndarray::ArrayView1<'_, f32>,
    crop: &Crop,
    side: f64,
) -> impl Iterator<Item = Hit> {
    let size = detector::SIZE as f64;
    let place = move |p: Point| crop.to_photo.apply(Point::new(p.x * size, p.y * size));
    let found = detector::blend(detector::decode(regressors, scores));
    found.into_iter().map(move |person| {
        let [left, top, right, bottom] = person.face;
        let center = place(Point::new(0.5 * (left + right), 0.5 * (top + bottom)));
        let [hips, scale, ..] = person.points;
        Hit { score: person.score, center, side: hips.distance(scale) * side, up: Vec2::default(), by: By::Body }
    })
}

/// Strips around the picture's left and right edge, each mirrored beyond the edge: a quarter of the longer side in either direction.
fn edge_strips(pixels: &RgbImage) -> [RgbImage; 2] {
    let (width, height) = pixels.dimensions();
    let reach = (width.max(height) / 4).min(width);
    let strip = |x: u32| {
        let inside = imageops::crop_imm(pixels, x, 0, reach, height).to_image();
        let mirrored = imageops::flip_horizontal(&inside);
        let mut strip = RgbImage::new(2 * reach, height);
        let (left, right) = if x == 0 { (&mirrored, &inside) } else { (&inside, &mirrored) };
        imageops::replace(&mut strip, left, 0, 0);
        imageops::replace(&mut strip, right, i64::from(reach), 0);
        strip
    };
    [strip(0), strip(width - reach)]
}

/// One edge of the picture with its mirrored strip.
struct Edge<'a> {
    /// The strip, whose middle column is the edge.
    pyramid: Pyramid<'a>,
    /// Where the edge is, in photo pixels.
    x: f64,
    /// Photo pixels per pixel of the strip.
    scale: f64,
    /// The strip's height.
    height: f64,
}

impl Edge<'_> {
    /// The faces on the edge, in photo pixels.
    fn faces(&self, range: Range, model: &mut Model) -> Result<Vec<Hit>> {
        let middle = 0.5 * self.pyramid.size().0;
        // Twice the strip's half width is half of the picture's longer side.
        let long = 4.0 * middle;
        let mut hits = Vec::new();
        for share in EDGE_SHARES {
            let side = share * long;
            for y in centers(self.height, side) {
                let region = Region { center: Point::new(middle, y), side, rotation: 0.0 };
                let found = faces_of(range, model, &self.pyramid, region)?;
                hits.extend(found.into_iter().filter(|hit| (hit.center.x - middle).abs() < ON_EDGE * hit.side));
            }
        }
        for hit in &mut hits {
            hit.center = Point::new(self.x + (hit.center.x - middle) * self.scale, hit.center.y * self.scale);
            hit.side *= self.scale;
        }
        Ok(hits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn strips_are_mirrored_about_the_edges() {
        let photo = RgbImage::from_fn(40, 80, |x, y| Rgb([x as u8, y as u8, 9]));
        let [left, right] = edge_strips(&photo);
        assert_eq!((left.dimensions(), right.dimensions()), ((40, 80), (40, 80)));
        for k in 0..20 {
            assert_eq!((left.get_pixel(20 + k, 7).0, left.get_pixel(19 - k, 7).0), ([k as u8, 7, 9], [k as u8, 7, 9]));
            let inside = [39 - k as u8, 7, 9];
            assert_eq!((right.get_pixel(19 - k, 7).0, right.get_pixel(20 + k, 7).0), (inside, inside));
        }
    }

    #[test]
    fn squares_cover_the_picture() {
        for (share, count) in [(1.0, 1), (1.0 / 2.0, 6), (1.0 / 3.0, 20), (1.0 / 5.0, 63)] {
            let all: Vec<Region> = squares(1080.0, 1440.0, share).collect();
            assert_eq!(all.len(), count);
            for x in [1.0, 540.0, 1079.0] {
                for y in [1.0, 720.0, 1439.0] {
                    let over =
                        |r: &Region| (r.center.x - x).abs() <= 0.5 * r.side && (r.center.y - y).abs() <= 0.5 * r.side;
                    assert!(all.iter().any(over), "{share}: {x} {y}");
                }
            }
        }
    }
}
