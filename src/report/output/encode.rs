//! Pictures and JSON as bytes for a file.

use std::io::Write;
use std::path::Path;

use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;

use super::place::unwritable;
use crate::core::error::Result;

/// Quality of JPEG pictures, 0 to 100.
const JPEG_QUALITY: u8 = 90;

/// A picture as PNG bytes, without metadata.
///
/// # Errors
/// [`crate::core::error::Error::Unwritable`] when it cannot be encoded, for the file it was meant for.
pub fn png(picture: &RgbImage, meant_for: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    picture
        .write_with_encoder(PngEncoder::new(&mut bytes))
        .map_err(|error| unwritable(meant_for, std::io::Error::other(error)))?;
    Ok(bytes)
}

/// JSON for a file: one line per object member, arrays in one line, which keeps rows of numbers short.
///
/// # Errors
/// [`crate::core::error::Error::Unwritable`] when it cannot be written as JSON, for the file it was meant for.
pub fn json<T: serde::Serialize>(value: &T, meant_for: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Lines::default());
    value.serialize(&mut serializer).map_err(|error| unwritable(meant_for, error.into()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// See [`json`].
#[derive(Default)]
struct Lines {
    objects: usize,
    arrays: usize,
}

impl Lines {
    fn new_line<W: ?Sized + Write>(&self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(b"\n")?;
        (0..self.objects).try_for_each(|_| writer.write_all(b" "))
    }
}

impl serde_json::ser::Formatter for Lines {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.arrays += 1;
        writer.write_all(b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.arrays -= 1;
        writer.write_all(b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.objects += 1;
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.objects -= 1;
        if self.arrays == 0 {
            self.new_line(writer)?;
        }
        writer.write_all(b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        match self.arrays {
            0 => self.new_line(writer),
            _ if first => Ok(()),
            _ => writer.write_all(b" "),
        }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(b": ")
    }
}

/// A picture as JPEG bytes, without metadata.
///
/// # Errors
/// [`crate::core::error::Error::Unwritable`] when it cannot be encoded, for the file it was meant for.
pub fn jpeg(picture: &RgbImage, meant_for: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY)
        .encode_image(picture)
        .map_err(|error| unwritable(meant_for, std::io::Error::other(error)))?;
    Ok(bytes)
}
