//! Whether a photo is bright and sharp enough to be read, judged on the person alone.

use crate::core::exposure::Exposure;
use image::GrayImage;

/// Examines the box `[left, top, right, bottom]`, in pixels of `luma`; `None` when it holds fewer than 16 x 16 pixels.
#[must_use]
pub fn exposure(luma: &GrayImage, [left, top, right, bottom]: [f64; 4]) -> Option<Exposure> {
    let inside = |value: f64, size: u32| (value.max(1.0) as u32).min(size.saturating_sub(1));
    let (x0, x1) = (inside(left, luma.width()), inside(right, luma.width()));
    let (y0, y1) = (inside(top, luma.height()), inside(bottom, luma.height()));
    if x1 < x0 + 16 || y1 < y0 + 16 {
        return None;
    }
    let width = luma.width() as usize;
    let row = |y: u32| &luma.as_raw()[y as usize * width..][..width];
    let (mut sum, mut square, mut fine, mut n) = (0.0, 0.0, 0.0, 0.0);
    // Every fourth row is representative.
    for y in (y0..y1).step_by(4) {
        let (above, here, below) = (row(y - 1), row(y), row(y + 1));
        for x in x0 as usize..x1 as usize {
            let value = i32::from(here[x]);
            let around = i32::from(here[x - 1]) + i32::from(here[x + 1]) + i32::from(above[x]) + i32::from(below[x]);
            let laplacian = around - 4 * value;
            sum += f64::from(value);
            square += f64::from(value * value);
            fine += f64::from(laplacian * laplacian);
            n += 1.0;
        }
    }
    let brightness = sum / n;
    let contrast = (square / n - brightness * brightness).max(1.0).sqrt();
    Some(Exposure { brightness, detail: (fine / n).sqrt() / contrast })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::exposure::{BLURRED_BELOW, DARK_BELOW};
    use image::Luma;

    #[test]
    fn a_checkerboard_is_sharp_and_a_ramp_is_not() {
        let whole = [0.0, 0.0, 64.0, 64.0];
        let board = GrayImage::from_fn(64, 64, |x, y| Luma([if (x / 4 + y / 4) % 2 == 0 { 60 } else { 200 }]));
        let ramp = GrayImage::from_fn(64, 64, |x, y| Luma([(x + y) as u8]));
        assert!(exposure(&board, whole).is_some_and(|e| e.detail > 0.5 && e.brightness > DARK_BELOW));
        assert!(exposure(&ramp, whole).is_some_and(|e| e.detail < BLURRED_BELOW));
    }

    #[test]
    fn black_is_dark_and_a_dot_is_nothing() {
        let black = GrayImage::new(64, 64);
        assert!(exposure(&black, [0.0, 0.0, 64.0, 64.0]).is_some_and(|e| e.brightness < DARK_BELOW));
        assert_eq!(exposure(&black, [3.0, 3.0, 10.0, 10.0]), None);
    }
}
