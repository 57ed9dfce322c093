//! The person in the window: the frame turned upright, with the lines of [`orthostat::report::scene`] drawn over it.

use opencv::core::{BORDER_CONSTANT, Mat, MatTraitConst, Point as Pixel, Scalar, Size, flip};
use opencv::imgproc::{INTER_LINEAR, warp_affine};
use orthostat::core::body::pose::Pose;
use orthostat::core::body::view::View;
use orthostat::core::camera::{Camera, LevelFrom};
use orthostat::core::geometry::{Affine, Point};
use orthostat::core::measure::Measure;
use orthostat::report::scene;
use orthostat::report::scene::figure::{Figure, Value};
use orthostat::report::scene::framing::Framing;
use orthostat::report::scene::shape::{Shape, dashes};

use super::canvas::{self, bgr};

/// A watched measure for display.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The measure.
    pub measure: Measure,
    /// Its smoothed value and half of its 95 % interval, or why there is none.
    pub value: Result<(f64, f64), String>,
}

/// The person for display.
#[derive(Debug, Clone)]
pub struct Person {
    /// The smoothed joints, in the source's pixels.
    pub pose: Pose,
    /// The camera, for level and plumb lines.
    pub camera: Camera,
    /// The side that the camera sees.
    pub view: View,
    /// The values.
    pub readings: Vec<Reading>,
}

/// Smaller turns are invisible, in degrees.
const UNSEEN_DEG: f64 = 0.1;
/// A thin line, in pixels of the window.
const UNIT: f64 = 2.0;

/// The displayed turn, in degrees. It is kept when the person leaves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Turned(f64);

impl Turned {
    /// Updates the turn with this person. Levelling by the feet changes with every frame; turning by it would make the picture sway.
    pub fn next(&mut self, person: Option<&Person>) -> f64 {
        if let Some(person) = person
            && !matches!(person.camera.level_from, LevelFrom::Floor | LevelFrom::Nothing)
        {
            let roll = person.camera.roll_deg;
            self.0 = if roll.abs() < UNSEEN_DEG { 0.0 } else { roll };
        }
        self.0
    }
}

/// The map from a frame to the window: scaled, turned about its middle, and mirrored.
pub fn framing(frame: Size, fitted: Size, roll_deg: f64, flipped: bool) -> Framing {
    let [width, height] = [fitted.width, fitted.height].map(f64::from);
    let [xx, yy] = [width / f64::from(frame.width.max(1)), height / f64::from(frame.height.max(1))];
    let map = Affine { xx, yy, ..Affine::IDENTITY }.then(turn(fitted, roll_deg));
    let mirror = Affine { xx: -1.0, tx: width, ..Affine::IDENTITY };
    Framing::by(if flipped { map.then(mirror) } else { map }, [width, height])
}

fn turn(fitted: Size, roll_deg: f64) -> Affine {
    Affine::turn(Point::new(0.5 * f64::from(fitted.width), 0.5 * f64::from(fitted.height)), -roll_deg.to_radians())
}

/// Transforms the frame by the map of [`framing`] into `shown`.
///
/// # Errors
/// What OpenCV says.
pub fn frame(fitted: &Mat, shown: &mut Mat, roll_deg: f64, flipped: bool) -> opencv::Result<()> {
    let size = fitted.size()?;
    let mut turned = Mat::default();
    let source = if roll_deg == 0.0 {
        fitted
    } else {
        let map = turn(size, roll_deg);
        let rows = [[map.xx, map.xy, map.tx], [map.yx, map.yy, map.ty]];
        let map = Mat::from_slice_2d(&rows)?;
        warp_affine(fitted, &mut turned, &map, size, INTER_LINEAR, BORDER_CONSTANT, Scalar::all(38.0))?;
        &turned
    };
    if flipped { flip(source, shown, 1) } else { source.copy_to(shown) }
}

/// Draws the person's lines.
///
/// # Errors
/// What OpenCV says.
pub fn draw(shown: &mut Mat, person: &Person, framing: &Framing) -> opencv::Result<()> {
    let values = person.readings.iter().map(|reading| {
        let value = reading.value.as_ref().ok();
        let value = value.map(|&(value, error)| Value { value, error, resolved: value.abs() > error });
        (reading.measure, value)
    });
    let figure = Figure::live(&person.pose, person.camera, person.view, values.collect());
    for shape in scene::plain(&figure, framing, UNIT).iter().flat_map(|layer| &layer.shapes) {
        self::shape(shown, shape)?;
    }
    Ok(())
}

fn pixel(p: Point) -> Pixel {
    Pixel::new(p.x.round() as i32, p.y.round() as i32)
}

fn shape(shown: &mut Mat, shape: &Shape) -> opencv::Result<()> {
    match shape {
        Shape::Line { points, color, width, dashed } => {
            let thick = (width.round() as i32).max(1);
            for pair in points.windows(2) {
                let pieces =
                    if *dashed { dashes(pair[0], pair[1], 5.0 * UNIT, 4.0 * UNIT) } else { vec![[pair[0], pair[1]]] };
                for [from, to] in pieces {
                    canvas::cased(shown, pixel(from), pixel(to), bgr(*color), thick)?;
                }
            }
        }
        Shape::Hair { from, to } => canvas::faint(shown, [from.x, from.y], [to.x, to.y]),
        Shape::Dot { at, radius, color } => canvas::dot(shown, pixel(*at), radius.round() as i32, bgr(*color))?,
        // The window shows values in a separate panel.
        Shape::Tag { .. } => {}
    }
    Ok(())
}
