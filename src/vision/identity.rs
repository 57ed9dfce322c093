//! Whether the followed person is still the same person.
//!
//! A person who stays in the picture counts as the same, by the colours of the clothes; a person who enters must wear the same colours
//! and be about as large. Faces are not compared: nothing here can identify anybody.

use crate::core::geometry::Point;
use crate::vision::clothes::Clothes;

/// The person counts as known after being visible for this long, in seconds.
const KNOWN_AFTER: f64 = 1.5;
/// Clothes this dissimilar belong to another person: thresholds for a person who stays and for one who enters.
const OTHER_STAYS: f64 = 0.7;
const OTHER_COMES: f64 = 0.55;
/// A person who enters may differ in size up to this factor.
const AS_LARGE: f64 = 1.8;
/// From one frame to the next nobody moves sideways by more than this share of the shoulders' width: a longer way is a slide to a
/// neighbour. Whoever comes near grows and moves along the height.
const LONGEST_STEP: f64 = 0.5;
/// Time constant for updating the known looks, in seconds: light and distance change over a day.
const FOLLOWS: f64 = 20.0;

/// Appearance of a person in a frame.
#[derive(Debug, Clone)]
pub struct Looks {
    /// The clothes.
    pub clothes: Clothes,
    /// From shoulder to shoulder, in pixels.
    pub shoulders_px: f64,
    /// The middle of the shoulders, in pixels.
    pub at: Point,
}

/// Recognises one person by appearance.
#[derive(Debug, Default)]
pub struct Identity {
    known: Option<Looks>,
    /// Time since which the person to be known is visible.
    since: Option<f64>,
    last: Option<f64>,
    /// Where the visible person was in the frame before.
    at: Option<Point>,
    /// The visible person has entered after the known person was last seen.
    came: bool,
}

impl Identity {
    /// Forgets the known person: the next visible person becomes the known one.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Takes the appearance of the followed person at a time in seconds; `newcomer` when the person was not in the frame before. Returns
    /// whether it is a different person.
    pub fn is_other(&mut self, seconds: f64, looks: Option<&Looks>, newcomer: bool) -> bool {
        self.came |= newcomer;
        let Some(looks) = looks else { return self.came && self.is_known() };
        if let (Some(known), Some(before)) = (&self.known, self.at.replace(looks.at)) {
            let wide = known.shoulders_px.max(looks.shoulders_px);
            self.came |= (before.x - looks.at.x).abs() > LONGEST_STEP * wide;
        }
        let passed = self.last.map_or(0.0, |last| (seconds - last).clamp(0.0, 1.0));
        let Some(known) = self.known.as_mut() else {
            self.known = Some(looks.clone());
            (self.since, self.last, self.came) = (Some(seconds), Some(seconds), false);
            return false;
        };
        if self.since.is_some_and(|since| seconds - since < KNOWN_AFTER) && self.came {
            // A passer-by, not the person to be known.
            *known = looks.clone();
            (self.since, self.last, self.came) = (Some(seconds), Some(seconds), false);
            return false;
        }
        let unlike = known.clothes.unlike(&looks.clothes);
        let size = (looks.shoulders_px / known.shoulders_px.max(1.0)).ln().abs();
        let other = if self.came { unlike > OTHER_COMES || size > AS_LARGE.ln() } else { unlike > OTHER_STAYS };
        if other {
            // A person who stays is judged by the stricter threshold.
            self.came = true;
            return true;
        }
        self.came = false;
        let share = passed / FOLLOWS;
        known.clothes.follow(&looks.clothes, share);
        known.shoulders_px += share * (looks.shoulders_px - known.shoulders_px);
        self.last = Some(seconds);
        false
    }

    fn is_known(&self) -> bool {
        self.known.is_some() && self.since.zip(self.last).is_some_and(|(since, last)| last - since >= KNOWN_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::body::pose::Pose;
    use crate::core::body::skeleton::Joint;
    use crate::vision::raster::frame::Frame;

    fn looks(bgr: [u8; 3], shoulders_px: f64) -> Looks {
        let pixels = bgr.repeat(100 * 100);
        let pose = Pose::from_points([
            (Joint::LeftShoulder, Point::new(70.0, 20.0)),
            (Joint::RightShoulder, Point::new(30.0, 20.0)),
        ]);
        let clothes = Clothes::of(&Frame::new(&pixels, 100, 100).expect("whole"), &pose).expect("seen");
        Looks { clothes, shoulders_px, at: Point::new(50.0, 20.0) }
    }

    const YELLOW: [u8; 3] = [40, 190, 200];
    const BLUE: [u8; 3] = [200, 90, 40];

    /// The state after a person was visible for three seconds.
    fn knowing() -> Identity {
        let mut identity = Identity::default();
        for step in 0..30 {
            assert!(!identity.is_other(0.1 * f64::from(step), Some(&looks(YELLOW, 200.0)), step == 0));
        }
        identity
    }

    #[test]
    fn who_comes_back_is_the_same_and_who_comes_instead_is_not() {
        let mut identity = knowing();
        assert!(identity.is_other(5.0, Some(&looks(BLUE, 200.0)), true));
        assert!(identity.is_other(5.1, Some(&looks(BLUE, 200.0)), false), "who stays stays somebody else");
        assert!(identity.is_other(6.0, Some(&looks(YELLOW, 80.0)), true), "far behind, in like colours");
        assert!(!identity.is_other(7.0, Some(&looks(YELLOW, 190.0)), true));
        assert!(identity.is_other(7.1, Some(&looks(BLUE, 190.0)), false), "the follower slid over to another");
    }

    #[test]
    fn a_slide_to_a_neighbour_in_like_colours_is_noticed() {
        let mut identity = knowing();
        let at = |x: f64, px: f64| Looks { at: Point::new(x, 20.0), ..looks(YELLOW, px) };
        // Steps of a tenth of the shoulders' width are a person who walks.
        for step in 0..20 {
            assert!(!identity.is_other(
                3.0 + 0.1 * f64::from(step),
                Some(&at(50.0 + 20.0 * f64::from(step), 200.0)),
                false
            ));
        }
        // The smaller neighbour behind, to whom the follower slid without a break.
        assert!(identity.is_other(5.1, Some(&at(600.0, 85.0)), false));
        assert!(identity.is_other(5.2, Some(&at(600.0, 85.0)), false), "who stays stays somebody else");
        assert!(!identity.is_other(5.3, Some(&at(430.0, 200.0)), false), "back at the person who is known");
    }

    #[test]
    fn who_leans_in_and_whose_light_changes_stays_the_same() {
        let mut identity = knowing();
        for step in 0..40_u8 {
            let bgr = YELLOW.map(|level| level - level / 100 * step.min(25));
            let size = 200.0 * (1.0 + 0.03 * f64::from(step));
            assert!(!identity.is_other(3.0 + 0.1 * f64::from(step), Some(&looks(bgr, size)), false), "{step}");
        }
    }

    #[test]
    fn a_passer_by_is_not_known_and_after_a_reset_anybody_is() {
        let mut identity = Identity::default();
        assert!(!identity.is_other(0.0, Some(&looks(BLUE, 100.0)), true));
        assert!(!identity.is_other(1.0, Some(&looks(YELLOW, 200.0)), true));
        assert!(!identity.is_other(4.0, Some(&looks(YELLOW, 200.0)), false));
        assert!(identity.is_other(5.0, Some(&looks(BLUE, 100.0)), true));
        identity.reset();
        assert!(!identity.is_other(6.0, Some(&looks(BLUE, 100.0)), false));
    }
}
