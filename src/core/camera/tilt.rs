//! Roll and pitch from straight edges in the background.

/// Roll and pitch of the camera from straight edges in the picture that are vertical in the world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tilt {
    /// Roll in degrees, positive when the camera was turned counter-clockwise as the photographer sees it: upright
    /// things appear turned clockwise in the picture.
    pub roll_deg: f64,
    /// Pitch in degrees, positive when the camera looks up.
    pub pitch_deg: f64,
    /// Standard error of the roll, in degrees.
    pub roll_sd_deg: f64,
    /// Standard error of the pitch, in degrees, including the effect of an uncertain focal length.
    pub pitch_sd_deg: f64,
    /// The focal length by the vanishing points, as a multiple of the stated one.
    pub focal_factor: f64,
    /// Standard error of its logarithm.
    pub focal_sd: f64,
    /// The lens distortion: how far it moves the picture's corners towards the middle, as a share of their distance from it.
    pub bend: f64,
    /// Length of the segments that support the result, in pixels of the picture given.
    pub support_px: f64,
    /// Number of segments that support the result.
    pub segments: usize,
}

impl Tilt {
    /// The result for the mirrored picture.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        Self { roll_deg: -self.roll_deg, ..*self }
    }
}
