//! Prior knowledge: the camera, and the directions of a room.

/// What is known of the camera before the edges are evaluated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight {
    /// Focal length in pixels of the picture.
    pub focal_px: f64,
    /// Standard deviation of its logarithm.
    pub focal_sd: f64,
    /// Where the optical axis meets the picture, in its pixels.
    pub principal: [f64; 2],
    /// The clockwise lean of the person in the picture, in degrees, if there is one: a camera far from level shows a leaning person.
    pub upright_deg: Option<f64>,
}

impl Sight {
    /// A camera whose optical axis meets the middle of a picture of `size` (width, height) pixels.
    #[must_use]
    pub fn centred(size: (u32, u32), focal_px: f64, focal_sd: f64) -> Self {
        let principal = [0.5 * f64::from(size.0), 0.5 * f64::from(size.1)];
        Self { focal_px, focal_sd, principal, upright_deg: None }
    }
}

/// A direction of the room to which a line may belong.
pub(super) const FAMILIES: usize = 3;
pub(super) const ZENITH: usize = 0;
pub(super) const WALL: usize = 1;
pub(super) const DEPTH: usize = 2;
