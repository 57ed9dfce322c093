//! One frame of a video as returned by a decoder: blue, green, red, row after row, borrowed and never copied whole.
//!
//! A [`Cutter`] cuts the same tensors out of it as [`Pyramid`](crate::vision::raster::crop::Pyramid) cuts out of a photo, and reuses its
//! buffers: only the part of the frame that the crop shows is averaged down, into the same memory each time.

use ndarray::Array4;

use crate::core::geometry::{Affine, Point};
use crate::vision::raster::crop::{Crop, to_pixels};
use crate::vision::raster::region::CropForm;
use crate::vision::raster::region::Region;
use crate::vision::raster::region::Sampling;
use crate::vision::raster::resample::{self, BGR, COARSEST, Raster};

/// A frame's pixels.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    bgr: &'a [u8],
    width: usize,
    height: usize,
}

impl<'a> Frame<'a> {
    /// A frame of `width` x `height` pixels, 3 bytes each, without gaps; `None` when the bytes are not as many, or none.
    #[must_use]
    pub fn new(bgr: &'a [u8], width: usize, height: usize) -> Option<Self> {
        (!bgr.is_empty() && bgr.len() == width * height * 3).then_some(Self { bgr, width, height })
    }

    /// Width and height, in pixels.
    #[must_use]
    pub fn size(&self) -> (f64, f64) {
        (self.width as f64, self.height as f64)
    }

    /// The bytes: blue, green, red, row after row.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bgr
    }

    /// The pixel at a place: blue, green, red; `None` outside.
    #[must_use]
    pub fn pixel(&self, x: f64, y: f64) -> Option<[u8; 3]> {
        let inside = (0.0..self.width as f64).contains(&x) && (0.0..self.height as f64).contains(&y);
        let start = 3 * (y as usize * self.width + x as usize);
        inside.then(|| self.bgr.get(start..)?.first_chunk().copied()).flatten()
    }

    /// A copy in the channel order of photos: red, green, blue.
    #[must_use]
    pub fn to_rgb(&self) -> image::RgbImage {
        let bytes = self.bgr.chunks_exact(3).flat_map(|p| [p[2], p[1], p[0]]).collect();
        image::RgbImage::from_raw(self.width as u32, self.height as u32, bytes).unwrap_or_default()
    }
}

/// Cuts tensors out of frames, into the same memory each time.
#[derive(Debug)]
pub struct Cutter {
    form: CropForm,
    /// The part of the frame that the crop shows, averaged down.
    part: Vec<u8>,
    sums: Vec<u16>,
    crop: Crop,
}

impl Cutter {
    /// A cutter for a model's tensors.
    #[must_use]
    pub fn new(form: CropForm) -> Self {
        let tensor = Array4::zeros((1, form.size, form.size, 3));
        let to_photo = Affine { xx: 1.0, xy: 0.0, tx: 0.0, yx: 0.0, yy: 1.0, ty: 0.0 };
        Self { form, part: Vec::new(), sums: Vec::new(), crop: Crop { tensor, to_photo } }
    }

    /// Cuts a region out, mirrored left to right if requested; the crop is valid until the next cut.
    pub fn cut(&mut self, frame: &Frame<'_>, region: Region, mirrored: bool) -> &Crop {
        let size = self.form.size as f64;
        let map = region.to_photo(self.form.size);
        let to_photo = if mirrored {
            Affine { xx: -map.xx, yx: -map.yx, tx: map.tx + size * map.xx, ty: map.ty + size * map.yx, ..map }
        } else {
            map
        };
        self.crop.to_photo = to_photo;
        let step = to_photo.xx.hypot(to_photo.yx);
        let shortest = frame.width.min(frame.height);
        let factor = match self.form.sampling {
            Sampling::Bilinear => 1,
            Sampling::Averaged => (1_usize << (step.max(1.0).log2() as usize).min(4)).min(COARSEST),
        };
        let factor = if factor > shortest { 1 } else { factor };
        let map = to_pixels(&to_photo, factor as f64, 0.0);
        let (columns, rows) = (frame.width / factor, frame.height / factor);
        let corners = [(0.0, 0.0), (size, 0.0), (0.0, size), (size, size)].map(|(x, y)| map.apply(Point::new(x, y)));
        let span = |pick: fn(&Point) -> f64, count: usize| {
            let (low, high) = corners.iter().map(pick).fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
            let last = count as f64 - 1.0;
            // At least one pixel, also for a region outside the frame.
            (low.floor().clamp(0.0, last) as usize, (high.ceil() + 1.0).clamp(0.0, last) as usize + 1)
        };
        let ((left, right), (top, bottom)) = (span(|p| p.x, columns), span(|p| p.y, rows));
        let part = if factor == 1 {
            Raster::whole(frame.bgr, columns, rows)
        } else {
            let blocks = [left, top, right, bottom];
            resample::average(frame.bgr, frame.width, factor, blocks, &mut self.part, &mut self.sums);
            Raster { bytes: &self.part, columns, rows, left, top, width: right - left }
        };
        let values = self.crop.tensor.as_slice_mut().unwrap_or_default();
        part.fill(&map, &self.form, BGR, values);
        &self.crop
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vision::raster::crop::Pyramid;
    use crate::vision::raster::region::Border;
    use image::{Rgb, RgbImage};

    fn noise(width: u32, height: u32) -> (RgbImage, Vec<u8>) {
        let rgb = RgbImage::from_fn(width, height, |x, y| {
            let v = x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503)).rotate_left(7);
            Rgb([(v >> 8) as u8, (v >> 16) as u8, (x + 2 * y) as u8])
        });
        let bgr = rgb.pixels().flat_map(|p| [p.0[2], p.0[1], p.0[0]]).collect();
        (rgb, bgr)
    }

    #[test]
    fn a_cut_is_what_a_photo_of_the_same_pixels_gives() {
        let (rgb, bgr) = noise(320, 200);
        let frame = Frame::new(&bgr, 320, 200).expect("as many bytes");
        let pyramid = Pyramid::new(&rgb);
        for border in [Border::Black, Border::Replicate] {
            let form = CropForm { size: 32, black: -1.0, white: 1.0, border, sampling: Sampling::Averaged };
            let mut cutter = Cutter::new(form);
            for (x, y, side, rotation) in [
                (160.0, 100.0, 25.0, 0.0),
                (150.0, 90.0, 70.0, 0.3),
                (100.0, 110.0, 150.0, -0.5),
                (310.0, 190.0, 200.0, 1.2),
                (-400.0, 30.0, 90.0, 0.0),
            ] {
                let region = Region { center: Point::new(x, y), side, rotation };
                for mirrored in [false, true] {
                    let photo =
                        if mirrored { pyramid.crop_mirrored(region, &form) } else { pyramid.crop(region, &form) };
                    let cut = cutter.cut(&frame, region, mirrored);
                    assert_eq!(cut.to_photo, photo.to_photo);
                    for (a, b) in cut.tensor.iter().zip(&photo.tensor) {
                        assert!((a - b).abs() < 2e-3, "{border:?} {region:?} {mirrored}: {a} {b}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_buffers_stay_where_they_are() {
        let (_, bgr) = noise(640, 480);
        let frame = Frame::new(&bgr, 640, 480).expect("as many bytes");
        let form =
            CropForm { size: 64, black: 0.0, white: 1.0, border: Border::Replicate, sampling: Sampling::Averaged };
        let mut cutter = Cutter::new(form);
        let region = Region { center: Point::new(320.0, 240.0), side: 400.0, rotation: 0.1 };
        let place = |cutter: &mut Cutter| cutter.cut(&frame, region, false).tensor.as_ptr();
        let (first, part) = (place(&mut cutter), cutter.part.as_ptr());
        for _ in 0..5 {
            assert_eq!((place(&mut cutter), cutter.part.as_ptr()), (first, part));
        }
    }

    #[test]
    fn bytes_that_do_not_fit_are_no_frame() {
        assert!(Frame::new(&[], 0, 0).is_none() && Frame::new(&[0; 10], 2, 2).is_none());
        let frame = Frame::new(&[1, 2, 3], 1, 1).expect("one pixel");
        assert_eq!(frame.to_rgb().into_raw(), [3, 2, 1]);
    }
}
