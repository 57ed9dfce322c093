//! Brightness and sharpness of a person in a photo.

/// Mean brightness of the person below which a photo counts as dark, 0 to 255.
pub const DARK_BELOW: f64 = 35.0;

/// Detail below which a photo counts as blurred, see [`Exposure::detail`]. Ten rendered photos, examined at a size of about 1000 to 2000
/// pixels, had 0.20 to 0.36; blurred by two pixels 0.04 to 0.06.
pub const BLURRED_BELOW: f64 = 0.08;

/// Brightness and sharpness of a part of a photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exposure {
    /// Mean brightness, 0 to 255.
    pub brightness: f64,
    /// Root mean square of the Laplacian over that of the brightness's deviation from its mean: the share of the contrast at the scale of
    /// a pixel.
    pub detail: f64,
}
