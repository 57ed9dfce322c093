//! The pixels of a part of a photo.

use image::{RgbImage, imageops};

use crate::core::area::Area;

/// The pixels of a part of a photo that was halved `halvings` times; at least one pixel.
pub(super) fn cut(pixels: &RgbImage, halvings: u32, part: Area) -> RgbImage {
    let most = |start: u32, size: u32| (start >> halvings).min(size.saturating_sub(1));
    let (width, height) = pixels.dimensions();
    let (x, y) = (most(part.x, width), most(part.y, height));
    let length = |length: u32, room: u32| (length >> halvings).clamp(1, room.max(1));
    imageops::crop_imm(pixels, x, y, length(part.width, width - x), length(part.height, height - y)).to_image()
}
