//! The spine's profile seen from the front or from behind, from points along the spine given by a model or another program: the offset of
//! each level from the plumb line through the sacrum, and from the straight line from C7 to the sacrum.

use super::Facing;
use super::frontal::Pattern;
use crate::core::body::pose::Keypoint;
use crate::core::body::skeleton::Side;
use crate::core::body::spine::{SpinePoints, Vertebra};
use crate::core::geometry::{Point, Vec2};
use crate::core::refusal::Refusal;

/// The error of a point along the spine, as a standard deviation in percent of trunk length. **Assumed**: the lateral error of models'
/// hips on rendered people; no photos with known vertebrae were available, and annotators place vertebrae as inaccurately as hips.
const POINT_SD: f64 = 3.5;

/// One level of the profile. Offsets in percent of trunk length, positive = to the subject's left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProfileLevel {
    /// The level.
    pub level: Vertebra,
    /// Its place in the picture, in pixels.
    pub at: Point,
    /// From the plumb line through the sacrum.
    pub from_plumb: f64,
    /// Standard deviation of that.
    pub plumb_sd: f64,
    /// From the straight line from C7 to the sacrum; none above C7.
    pub from_chord: Option<f64>,
    /// Standard deviation of that.
    pub chord_sd: f64,
}

/// The profile, from above.
#[derive(Debug, Clone, PartialEq)]
pub struct SpinalProfile {
    /// The levels that have a point.
    pub levels: Vec<ProfileLevel>,
}

impl SpinalProfile {
    /// The profile of points that were levelled and corrected for the turn, of a body whose trunk is `trunk` pixels long.
    ///
    /// Both end points of the line and the level's own point are assumed to have an error of 3.5 % of the trunk, or the readings' spread
    /// if that is more.
    ///
    /// # Errors
    /// [`Refusal::Degenerate`] without C7, the sacrum or a trunk.
    pub fn of(points: &SpinePoints, trunk: f64, facing: Facing) -> Result<Self, Refusal> {
        let (Some(top), Some(sacrum)) = (points.get(Vertebra::C7), points.get(Vertebra::Sacrum)) else {
            return Err(Refusal::Degenerate("the spine's profile needs C7 and the sacrum"));
        };
        let chord = sacrum.at - top.at;
        if !(trunk > 0.0 && chord.y > 0.5 * trunk) {
            return Err(Refusal::Degenerate("C7 does not lie above the sacrum"));
        }
        let percent = |px: f64| 100.0 * px / trunk;
        let error = |sd_px: Option<f64>| percent(sd_px.unwrap_or(0.0)).max(POINT_SD);
        let (top_sd, sacrum_sd) = (error(top.sd_px), error(sacrum.sd_px));
        let level = |(level, point): (Vertebra, Keypoint)| {
            // 0 at C7, 1 at the sacrum.
            let along = (point.at - top.at).dot(chord) / chord.dot(chord);
            let on_chord = top.at + chord * along;
            let length = chord.length();
            let beside = (point.at - on_chord).dot(Vec2::new(chord.y, -chord.x)) / length;
            let own = error(point.sd_px);
            let is_end = matches!(level, Vertebra::C7 | Vertebra::Sacrum);
            let above = matches!(level, Vertebra::C1 | Vertebra::C4);
            ProfileLevel {
                level,
                at: point.at,
                from_plumb: percent(facing.left_sign() * (point.at.x - sacrum.at.x)),
                plumb_sd: if level == Vertebra::Sacrum { 0.0 } else { own.hypot(sacrum_sd) },
                from_chord: (!above).then(|| if is_end { 0.0 } else { percent(facing.left_sign() * beside) }),
                chord_sd: if is_end { 0.0 } else { own.hypot((1.0 - along) * top_sd).hypot(along * sacrum_sd) },
            }
        };
        Ok(Self { levels: points.found().map(level).collect() })
    }

    /// The level with the largest offset from the line from C7 to the sacrum.
    #[must_use]
    pub fn farthest(&self) -> Option<ProfileLevel> {
        let size = |level: &ProfileLevel| level.from_chord.unwrap_or(0.0).abs();
        self.levels
            .iter()
            .copied()
            .filter(|level| level.chord_sd > 0.0 && level.from_chord.is_some())
            .max_by(|a, b| size(a).total_cmp(&size(b)))
    }

    /// The pattern: C if levels lie beside the line from C7 to the sacrum on one side, by more than their error; S if on both.
    #[must_use]
    pub fn pattern(&self) -> Pattern {
        let departs = |side: Side| {
            self.levels.iter().any(|level| {
                level.from_chord.is_some_and(|off| off.abs() > 1.96 * level.chord_sd && Side::of(off) == Some(side))
            })
        };
        match (departs(Side::Left), departs(Side::Right)) {
            (true, true) => Pattern::S,
            (false, false) => Pattern::Straight,
            _ => Pattern::C,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A spine of 200 px from C7 at (100, 100) to the sacrum; each level's offset from it in pixels of the picture.
    fn spine(lean: f64, beside: [f64; 7]) -> SpinePoints {
        let heights = [60.0, 80.0, 100.0, 140.0, 190.0, 240.0, 260.0, 280.0, 300.0];
        let [c1, c4, t3, t8, l1, l3, l5] = beside;
        let off = [c1, c4, 0.0, t3, t8, l1, l3, l5, 0.0];
        SpinePoints::from_levels(|level| {
            let (y, off) = (heights[level as usize], off[level as usize]);
            let x = 100.0 + lean * (300.0 - y) / 200.0 + off;
            Some(Keypoint { at: Point::new(x, y), visibility: 1.0, sd_px: None, by_hand: false })
        })
    }

    fn of(lean: f64, beside: [f64; 7]) -> SpinalProfile {
        SpinalProfile::of(&spine(lean, beside), 200.0, Facing::Away).expect("a profile")
    }

    #[test]
    fn a_leaning_straight_spine_departs_from_the_plumb_line_alone() {
        let leaning = of(40.0, [0.0; 7]);
        let at = |level: Vertebra| *leaning.levels.iter().find(|l| l.level == level).expect("given");
        // Seen from behind, the subject's right is the picture's right.
        assert!((at(Vertebra::C7).from_plumb + 20.0).abs() < 1e-9 && (at(Vertebra::L1).from_plumb + 6.0).abs() < 1e-9);
        assert!(leaning.levels.iter().all(|l| l.from_chord.is_none_or(|off| off.abs() < 1e-9)));
        assert_eq!(leaning.pattern(), Pattern::Straight);
        assert_eq!((at(Vertebra::C1).from_chord, at(Vertebra::Sacrum).from_plumb), (None, 0.0));
    }

    #[test]
    fn patterns_need_more_than_the_error() {
        // 4 px are 2 %, and the error of one level is some 4 %.
        assert_eq!(of(0.0, [0.0, 0.0, 0.0, 4.0, 4.0, 0.0, 0.0]).pattern(), Pattern::Straight);
        let c = of(0.0, [0.0, 0.0, 10.0, 30.0, 20.0, 5.0, 0.0]);
        assert_eq!(c.pattern(), Pattern::C);
        let farthest = c.farthest().expect("a level");
        assert_eq!((farthest.level, farthest.from_chord), (Vertebra::T8, Some(-15.0)));
        // Half way along the chord: its own error, and half of that of each end.
        let expected = 3.5 * (1.0_f64 + 0.55 * 0.55 + 0.45 * 0.45).sqrt();
        assert!((farthest.chord_sd - expected).abs() < 1e-9, "{}", farthest.chord_sd);
        assert_eq!(of(0.0, [0.0, 0.0, 10.0, 30.0, -10.0, -30.0, 0.0]).pattern(), Pattern::S);
    }

    #[test]
    fn the_mirrored_body_has_the_mirrored_profile() {
        let points = spine(13.0, [1.0, 2.0, 5.0, 30.0, -8.0, 3.0, 2.0]);
        let plain = SpinalProfile::of(&points, 200.0, Facing::Camera).expect("a profile");
        let mirrored = SpinalProfile::of(&points.mirrored(640.0), 200.0, Facing::Camera).expect("a profile");
        for (a, b) in plain.levels.iter().zip(&mirrored.levels) {
            assert!((a.from_plumb + b.from_plumb).abs() < 1e-9);
            assert!((a.from_chord.unwrap_or(0.0) + b.from_chord.unwrap_or(0.0)).abs() < 1e-9);
        }
    }

    #[test]
    fn without_its_ends_there_is_no_profile() {
        let lacking = |missing: Vertebra| {
            let all = spine(0.0, [0.0; 7]);
            SpinePoints::from_levels(|level| all.get(level).filter(|_| level != missing))
        };
        for missing in [Vertebra::C7, Vertebra::Sacrum] {
            assert!(SpinalProfile::of(&lacking(missing), 200.0, Facing::Away).is_err());
        }
        assert_eq!(SpinalProfile::of(&lacking(Vertebra::T8), 200.0, Facing::Away).expect("a profile").levels.len(), 8);
        assert!(SpinalProfile::of(&spine(0.0, [0.0; 7]), 900.0, Facing::Away).is_err());
    }
}
