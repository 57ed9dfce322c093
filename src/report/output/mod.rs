//! Files that are written: whole or not at all, private to the user, and never in place of what somebody else wrote.
//!
//! - [`Outputs`]: the one decision whether a file may be written, and the writing
//! - [`List`]: what this program wrote into a folder

mod list;
mod writing;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;

#[cfg(feature = "programs")]
pub(crate) use list::open_own;
pub use list::{LIST, List};
use writing::part_beside;
pub use writing::{Draft, Outputs};

use crate::core::error::{Error, Result};

/// Quality of JPEG pictures, 0 to 100.
const JPEG_QUALITY: u8 = 90;

fn unwritable(path: &Path, source: std::io::Error) -> Error {
    Error::Unwritable { path: path.to_path_buf(), source }
}

/// How a file is opened that is private to the user where it is new.
#[must_use]
pub fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes a folder, private to the user where it is new.
///
/// # Errors
/// [`Error::Unwritable`].
pub fn make_folder(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|source| unwritable(folder, source))
}

/// Replaces a file of the program's own in the user's data folder, whole or not at all; readable by the user alone.
///
/// # Errors
/// [`Error::Unwritable`]; nothing is left behind then.
pub fn replace_own(path: &Path, bytes: &[u8]) -> Result<()> {
    let attempt = |part: &Path| -> std::io::Result<()> {
        private().write(true).create_new(true).open(part)?.write_all(bytes)?;
        std::fs::rename(part, path)
    };
    let part = writing::part_beside(path).map_err(|source| unwritable(path, source))?;
    attempt(&part).map_err(|source| {
        // What stood there before is untouched; only the part file may remain, and it goes.
        let _ = std::fs::remove_file(&part);
        unwritable(path, source)
    })
}

/// A picture as PNG bytes, without metadata.
///
/// # Errors
/// [`Error::Unwritable`] when it cannot be encoded, for the file it was meant for.
pub fn png(picture: &RgbImage, meant_for: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    picture
        .write_with_encoder(PngEncoder::new(&mut bytes))
        .map_err(|error| unwritable(meant_for, std::io::Error::other(error)))?;
    Ok(bytes)
}

/// JSON for a file: objects line by line, arrays in one line, which keeps rows of numbers short.
///
/// # Errors
/// [`Error::Unwritable`] when it cannot be written as JSON, for the file it was meant for.
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
/// [`Error::Unwritable`] when it cannot be encoded, for the file it was meant for.
pub fn jpeg(picture: &RgbImage, meant_for: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY)
        .encode_image(picture)
        .map_err(|error| unwritable(meant_for, std::io::Error::other(error)))?;
    Ok(bytes)
}

#[cfg(test)]
mod writing_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_its_arrays_in_one_line() {
        let value = serde_json::json!({"a": {"b": [[1, 2], [{"c": 3, "d": []}]]}, "e": {}, "f": "x"});
        let text = String::from_utf8(json(&value, "a.json".as_ref()).expect("written")).expect("text");
        assert_eq!(
            text,
            "{\n \"a\": {\n  \"b\": [[1, 2], [{\"c\": 3, \"d\": []}]]\n },\n \"e\": {\n },\n \"f\": \"x\"\n}\n"
        );
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), value);
    }

    #[test]
    fn a_folder_that_is_a_file_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        std::fs::write(&path, b"").expect("written");
        let error = make_folder(&path.join("below")).expect_err("not a folder");
        assert!(error.to_string().contains("cannot be written"), "{error}");
        assert_eq!(error.exit_code(), 5);
    }
}
