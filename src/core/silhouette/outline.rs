//! The trunk's two edges without the arms, row by row, and the gaps to the arms.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Silhouette;
use crate::core::body::pose::Pose;
use crate::core::body::skeleton::{Joint, Pair, Side};
use crate::core::body::view::Facing;
use crate::core::geometry::{Point, Vec2, rounded};
use crate::core::refusal::Refusal;

/// The person ends where it becomes likelier that a pixel shows the background.
const EDGE: f64 = 0.5;
/// Steps of the search for an edge, in trunk lengths: a third of a mask pixel.
const STEP: f64 = 0.005;
/// The rows that are read: first, last, and from one to the next, in trunk lengths below the middle of the shoulders.
const ROWS: (f64, f64, f64) = (0.40, 1.00, 0.0125);
/// Half a trunk is at least and at most so wide, in trunk lengths. Beyond lies something else.
const HALF_WIDTH: (f64, f64) = (0.08, 0.60);
/// An edge nearer to the arm's middle line than this, or beyond it, is the arm's, in trunk lengths.
const ARM_CLEAR: f64 = 0.03;
/// Rows of the gaps between arms and trunk: first, and from one to the next.
const GAP_ROWS: (f64, f64) = (0.20, 0.02);
/// The arm's outer half and what it may be off its joints by, in trunk lengths.
const ARM_REACH: f64 = 0.15;

/// One row across the trunk, square to its axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// How far down from the middle of the shoulders (0) to the middle of the hips (1).
    pub share: f64,
    /// The trunk's edge on the subject's left, in photo pixels; `None` where an arm touches it.
    pub left: Option<Point>,
    /// The trunk's edge on the subject's right.
    pub right: Option<Point>,
}

impl Row {
    /// The edge on one side.
    #[must_use]
    pub fn on(&self, side: Side) -> Option<Point> {
        match side {
            Side::Left => self.left,
            Side::Right => self.right,
        }
    }
}

/// One slice of the background between an arm and the trunk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gap {
    /// At the trunk.
    pub inner: Point,
    /// At the arm.
    pub outer: Point,
    /// To the next slice below.
    pub down: Vec2,
}

/// What a silhouette and the joints tell of the trunk's shape, in photo pixels.
#[derive(Debug, Clone)]
pub struct Outline {
    /// The way the person faces.
    pub facing: Facing,
    /// The midpoint of the shoulders.
    pub shoulders: Point,
    /// The midpoint of the hips.
    pub hips: Point,
    /// From below the armpits to the hip joints.
    pub rows: Vec<Row>,
    /// The shoulders' upper contour, left and right, nine tenths of the way out to the shoulder joints.
    pub contour: Option<[Point; 2]>,
    /// Between arm and trunk, left and right; why not, when the arms do not hang.
    pub gaps: Result<[Vec<Gap>; 2], Refusal>,
}

/// The trunk's own axes: from the middle of the shoulders down to the hips, and to the subject's left.
#[derive(Debug, Clone, Copy)]
struct Axes {
    top: Point,
    down: Vec2,
    left: Vec2,
    length: f64,
}

const NO_TRUNK: Refusal = Refusal::Degenerate("shoulders and hips lie on one spot");

impl Axes {
    fn of_trunk(shoulders: Point, hips: Point, facing: Facing) -> Result<Self, Refusal> {
        let length = shoulders.distance(hips);
        if length < 1.0 {
            return Err(NO_TRUNK);
        }
        let down = (hips - shoulders) / length;
        let left = Vec2::new(down.y, -down.x) * facing.left_sign();
        Ok(Self { top: shoulders, down, left, length })
    }

    /// The place `share` down the trunk and `out` to one side, both in trunk lengths.
    fn place(&self, share: f64, side: Side, out: f64) -> Point {
        let out = if side == Side::Left { out } else { -out };
        self.top + (self.down * share + self.left * out) * self.length
    }

    /// How far down the trunk a point lies and how far out to one side.
    fn of(&self, p: Point, side: Side) -> (f64, f64) {
        let v = (p - self.top) / self.length;
        let out = v.dot(self.left);
        (v.dot(self.down), if side == Side::Left { out } else { -out })
    }
}

/// The middle line of a hanging arm, as (down, out) in the trunk's axes.
struct Arm(Vec<(f64, f64)>);

impl Arm {
    fn of(pose: &Pose, axes: &Axes, side: Side) -> Result<Self, Refusal> {
        let mut line = Vec::with_capacity(4);
        for pair in [Pair::SHOULDERS, Pair::ELBOWS, Pair::WRISTS] {
            line.push(axes.of(pose.point(pair.on(side))?, side));
        }
        let finger = if side == Side::Left { Joint::LeftIndex } else { Joint::RightIndex };
        if let Ok(finger) = pose.point(finger) {
            line.push(axes.of(finger, side));
        }
        Ok(Self(line))
    }

    /// How far out the arm's middle line lies in a row; its innermost place if it passes several times.
    fn out(&self, share: f64) -> Option<f64> {
        let crossing = |bone: &[(f64, f64)]| {
            let [(from, near), (to, far)] = *bone else { return None };
            let inside = from.min(to) <= share && share <= from.max(to) && from != to;
            inside.then(|| near + (far - near) * (share - from) / (to - from))
        };
        self.0.windows(2).filter_map(crossing).reduce(f64::min)
    }

    fn wrist(&self) -> f64 {
        self.0.get(2).map_or(0.0, |wrist| wrist.0)
    }

    /// Whether shoulder, elbow and wrist follow each other downwards, the wrist well down the trunk.
    fn hangs(&self) -> bool {
        let down: Vec<f64> = self.0.iter().take(3).map(|joint| joint.0).collect();
        down.windows(2).all(|pair| pair[1] > pair[0] + 0.15) && self.wrist() > 0.75
    }
}

/// Where a probability along a line crosses [`EDGE`] between two steps, as a share of the step.
fn crossing(before: f64, after: f64) -> f64 {
    if (before - after).abs() < 1e-12 { 0.5 } else { ((before - EDGE) / (before - after)).clamp(0.0, 1.0) }
}

impl Outline {
    /// Reads the outline. The pose has the joints in photo pixels, sides the subject's own.
    ///
    /// # Errors
    /// What [`Outline::readable`] says, or a trunk of no length.
    pub fn read(silhouette: &Silhouette<'_>, pose: &Pose, facing: Facing) -> Result<Self, Refusal> {
        Trace::read(silhouette, pose, facing).map(|trace| trace.outline())
    }

    /// Whether the joints are there that an outline is read by.
    ///
    /// # Errors
    /// A shoulder, hip, elbow or wrist without a place: without the arm's joints it cannot be told apart from the trunk.
    pub fn readable(pose: &Pose) -> Result<(), Refusal> {
        for pair in [Pair::SHOULDERS, Pair::HIPS, Pair::ELBOWS, Pair::WRISTS] {
            pose.point(pair.left)?;
            pose.point(pair.right)?;
        }
        Ok(())
    }

    /// The same edges under exchanged sides, of a person who faces the other way.
    #[must_use]
    pub fn exchanged(self) -> Self {
        let facing = match self.facing {
            Facing::Camera => Facing::Away,
            Facing::Away => Facing::Camera,
        };
        let row = |row: Row| Row { share: row.share, left: row.right, right: row.left };
        Self {
            facing,
            rows: self.rows.into_iter().map(row).collect(),
            contour: self.contour.map(|[left, right]| [right, left]),
            gaps: self.gaps.map(|[left, right]| [right, left]),
            ..self
        }
    }

    /// The outline in the mirrored photo of width `width` px, each part again on the subject's own side.
    #[must_use]
    pub fn mirrored(&self, width: f64) -> Self {
        let at = |p: Point| Point::new(width - p.x, p.y);
        let gaps = |gaps: &[Gap]| -> Vec<Gap> {
            let mirrored = |gap: &Gap| Gap {
                inner: at(gap.inner),
                outer: at(gap.outer),
                down: Vec2::new(-gap.down.x, gap.down.y),
            };
            gaps.iter().map(mirrored).collect()
        };
        let row = |row: &Row| Row { share: row.share, left: row.right.map(at), right: row.left.map(at) };
        Self {
            facing: self.facing,
            shoulders: at(self.shoulders),
            hips: at(self.hips),
            rows: self.rows.iter().map(row).collect(),
            contour: self.contour.map(|[left, right]| [at(right), at(left)]),
            gaps: self.gaps.as_ref().map(|[left, right]| [gaps(right), gaps(left)]).map_err(Clone::clone),
        }
    }
}

/// The form of an outline in records: along the trunk's axis, lengths in trunk lengths, rounded so that writing and reading
/// change nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trace {
    /// Whether the person is seen from the front.
    pub front: bool,
    /// The midpoint of the shoulders, in pixels of the photo.
    pub shoulders: [f64; 2],
    /// The midpoint of the hips, in pixels of the photo.
    pub hips: [f64; 2],
    /// The first row and the step to the next, in trunk lengths below the middle of the shoulders.
    pub rows: [f64; 2],
    /// By row: distance of the trunk's edge on the subject's left from the axis; null where an arm touches it.
    pub left: Vec<Option<f64>>,
    /// The same for the subject's right.
    pub right: Vec<Option<f64>>,
    /// The shoulders' upper contour on the left and right, nine tenths of the way out to the shoulder joints: along and across the
    /// trunk's axis, in trunk lengths.
    pub contour: Option<[[f64; 2]; 2]>,
    /// The first row of the gaps and the step to the next, in trunk lengths.
    pub gap_rows: [f64; 2],
    /// By row: begin and end of the gap between trunk and arm, left and right; null if the arms do not hang.
    pub gaps: Option<[Vec<Option<[f64; 2]>>; 2]>,
}

fn place(p: Point) -> [f64; 2] {
    [rounded(p.x, 3), rounded(p.y, 3)]
}

fn point([x, y]: [f64; 2]) -> Point {
    Point::new(x, y)
}

impl Trace {
    /// See [`Outline::read`].
    ///
    /// # Errors
    /// See [`Outline::read`].
    pub fn read(silhouette: &Silhouette<'_>, pose: &Pose, facing: Facing) -> Result<Self, Refusal> {
        Outline::readable(pose)?;
        let (shoulders, hips) = (place(pose.midpoint(Pair::SHOULDERS)?), place(pose.midpoint(Pair::HIPS)?));
        let axes = Axes::of_trunk(point(shoulders), point(hips), facing)?;
        let arms = [Arm::of(pose, &axes, Side::Left)?, Arm::of(pose, &axes, Side::Right)?];
        let reader = Reader { silhouette, axes };
        let count = ((ROWS.1 - ROWS.0) / ROWS.2).round() as usize;
        let edges = |side: Side, arm: &Arm| -> Vec<Option<f64>> {
            let row = |index: usize| reader.trunk_edge(ROWS.0 + ROWS.2 * index as f64, side, arm);
            (0..=count).map(|index| row(index).map(|out| rounded(out, 5))).collect()
        };
        Ok(Self {
            front: facing == Facing::Camera,
            shoulders,
            hips,
            rows: [ROWS.0, ROWS.2],
            left: edges(Side::Left, &arms[0]),
            right: edges(Side::Right, &arms[1]),
            contour: reader.contour(pose).map(|points| points.map(place)),
            gap_rows: [GAP_ROWS.0, GAP_ROWS.1],
            gaps: reader.gaps(&arms),
        })
    }

    /// Reads the outline of a person who faces as the shoulders stand in the picture, whatever else is known of the view.
    ///
    /// # Errors
    /// See [`Outline::read`].
    pub fn read_as_it_stands(silhouette: &Silhouette<'_>, pose: &Pose) -> Result<Self, Refusal> {
        let left_first = pose.point(Joint::LeftShoulder)?.x < pose.point(Joint::RightShoulder)?.x;
        Self::read(silhouette, pose, if left_first { Facing::Away } else { Facing::Camera })
    }

    /// The way the person faced when the outline was read.
    #[must_use]
    pub fn facing(&self) -> Facing {
        if self.front { Facing::Camera } else { Facing::Away }
    }

    /// The outline in photo pixels.
    #[must_use]
    pub fn outline(&self) -> Outline {
        let (shoulders, hips, facing) = (point(self.shoulders), point(self.hips), self.facing());
        let Ok(axes) = Axes::of_trunk(shoulders, hips, facing) else {
            let gaps = Err(NO_TRUNK);
            return Outline { facing, shoulders, hips, rows: Vec::new(), contour: None, gaps };
        };
        let [first, step] = self.rows;
        let row = |(index, (left, right)): (usize, (&Option<f64>, &Option<f64>))| {
            let share = first + step * index as f64;
            let edge = |side: Side, out: &Option<f64>| out.map(|out| axes.place(share, side, out));
            Row { share, left: edge(Side::Left, left), right: edge(Side::Right, right) }
        };
        let [first, step] = self.gap_rows;
        let slices = |side: Side, gaps: &[Option<[f64; 2]>]| -> Vec<Gap> {
            let slice = |(index, gap): (usize, &Option<[f64; 2]>)| {
                let [inner, outer] = (*gap)?;
                let share = first + step * (index as f64 + 0.5);
                Some(Gap {
                    inner: axes.place(share, side, inner),
                    outer: axes.place(share, side, outer),
                    down: axes.down * (step * axes.length),
                })
            };
            gaps.iter().enumerate().filter_map(slice).collect()
        };
        Outline {
            facing,
            shoulders,
            hips,
            rows: self.left.iter().zip(&self.right).enumerate().map(row).collect(),
            contour: self.contour.map(|points| points.map(point)),
            gaps: match &self.gaps {
                Some([left, right]) => Ok([slices(Side::Left, left), slices(Side::Right, right)]),
                None => Err(Refusal::Gate("the arms do not hang: retake with both arms hanging".into())),
            },
        }
    }
}

struct Reader<'a> {
    silhouette: &'a Silhouette<'a>,
    axes: Axes,
}

impl Reader<'_> {
    /// How far the person reaches from `from` in one direction of a row, in trunk lengths; inside at `from`, `None` if not or if
    /// there is no end before `to`. With `inside` false, the same for the background.
    fn end(&self, share: f64, side: Side, from: f64, to: f64, inside: bool) -> Option<f64> {
        let value = |out: f64| self.silhouette.at(self.axes.place(share, side, out));
        let mut before = value(from);
        if (before >= EDGE) != inside {
            return None;
        }
        let steps = ((to - from) / STEP).max(0.0) as usize;
        for step in 1..=steps {
            let after = value(from + STEP * step as f64);
            if (after >= EDGE) != inside {
                return Some(from + STEP * (step as f64 - 1.0 + crossing(before, after)));
            }
            before = after;
        }
        None
    }

    fn trunk_edge(&self, share: f64, side: Side, arm: &Arm) -> Option<f64> {
        let edge = self.end(share, side, 0.0, HALF_WIDTH.1, true)?;
        let clear = arm.out(share).is_none_or(|arm| edge < arm - ARM_CLEAR);
        (clear && edge > HALF_WIDTH.0).then_some(edge)
    }

    /// The shoulders' upper contour, searched upwards from just below the line between the shoulder joints.
    fn contour(&self, pose: &Pose) -> Option<[Point; 2]> {
        const OUT: f64 = 0.9;
        const BELOW: f64 = 0.05;
        const ABOVE: f64 = 0.35;
        let (left, right) = (pose.point(Joint::LeftShoulder).ok()?, pose.point(Joint::RightShoulder).ok()?);
        let middle = left.midpoint(right);
        let out = (left - right) * 0.5;
        let across = out / out.length().max(1e-9);
        // Square to the shoulders' line, towards the head.
        let square = Vec2::new(across.y, -across.x);
        let up = if square.dot(self.axes.down) > 0.0 { -square } else { square };
        let climb = |from: Point| {
            let place = |height: f64| from + up * (height * self.axes.length);
            let mut before = self.silhouette.at(place(-BELOW));
            if before < EDGE {
                return None;
            }
            for step in 1..=((BELOW + ABOVE) / STEP) as usize {
                let height = STEP * step as f64 - BELOW;
                let after = self.silhouette.at(place(height));
                if after < EDGE {
                    return Some(place(height - STEP + STEP * crossing(before, after)));
                }
                before = after;
            }
            None
        };
        Some([climb(middle + out * OUT)?, climb(middle + out * -OUT)?])
    }

    /// The gaps, slice by slice, down to the higher wrist; `None` when the arms do not hang.
    fn gaps(&self, arms: &[Arm; 2]) -> Option<[Vec<Option<[f64; 2]>>; 2]> {
        if !arms.iter().all(Arm::hangs) {
            return None;
        }
        let end = arms[0].wrist().min(arms[1].wrist()).min(1.2);
        let count = ((end - GAP_ROWS.0) / GAP_ROWS.1).max(0.0) as usize;
        let slices = |side: Side, arm: &Arm| -> Vec<Option<[f64; 2]>> {
            let slice = |index: usize| {
                let share = GAP_ROWS.0 + GAP_ROWS.1 * (index as f64 + 0.5);
                let line = arm.out(share)?;
                let inner = self.end(share, side, 0.0, line - ARM_CLEAR, true)?;
                // One step on, so that the search starts in the background.
                let outer = self.end(share, side, inner + STEP, line + ARM_REACH, false)?;
                Some([rounded(inner, 5), rounded(outer, 5)])
            };
            (0..count).map(slice).collect()
        };
        Some([slices(Side::Left, &arms[0]), slices(Side::Right, &arms[1])])
    }
}
