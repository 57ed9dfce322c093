//! Pictures by name: a single one, or a sequence such as `frame_%04d.png`.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use image::ImageFormat;
use orthostat::core::error::{Error, Result};

/// Whether a regular file is a picture rather than a video, by its first bytes.
///
/// # Errors
/// [`Error::Unreadable`].
pub fn is_picture(path: &Path) -> Result<bool> {
    let cannot = |source| Error::Unreadable { path: path.into(), source };
    let about = std::fs::metadata(path).map_err(cannot)?;
    if !about.is_file() {
        // Opening a pipe would block until there is a writer.
        let found = if about.is_dir() { "a folder" } else { "a device or a pipe (for a camera there is --camera)" };
        let reason = format!("expected a video file, a picture or a sequence such as frame_%04d.png, found {found}");
        return Err(Error::unreadable(path.into(), io::ErrorKind::InvalidInput, &reason));
    }
    let mut start = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(32).read_to_end(&mut start)).map_err(cannot)?;
    let is_heif = start.get(4..8) == Some(b"ftyp")
        && start.get(8..12).is_some_and(|brand| [b"heic", b"heix", b"mif1"].iter().any(|known| brand == *known));
    // Neither is a film that OpenCV would read.
    let is_jpeg_xl = start.starts_with(b"\xff\x0a") || start.get(4..12) == Some(b"JXL \r\n\x87\n");
    let read_here = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff, ImageFormat::Bmp];
    Ok(is_heif || is_jpeg_xl || image::guess_format(&start).is_ok_and(|format| read_here.contains(&format)))
}

/// A file name with a number in it, such as `frame_%04d.png` or `%d.jpg`.
#[derive(Debug, PartialEq, Eq)]
pub struct Pattern {
    folder: PathBuf,
    before: String,
    /// The minimum number of digits.
    digits: usize,
    after: String,
}

impl Pattern {
    /// `None` when the file's name is not a pattern.
    pub fn of(path: &Path) -> Option<Self> {
        let (before, rest) = path.file_name()?.to_str()?.split_once('%')?;
        let (digits, after) = rest.split_once('d')?;
        let digits = if digits.is_empty() { 1 } else { digits.strip_prefix('0')?.parse().ok()? };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(Self { folder: folder.into(), before: before.into(), digits, after: after.into() })
    }

    /// The number in a file's name, if the name matches.
    fn number(&self, name: &str) -> Option<u64> {
        let digits = name.strip_prefix(&self.before)?.strip_suffix(&self.after)?;
        let fits = digits.len() == self.digits || (digits.len() > self.digits && !digits.starts_with('0'));
        (fits && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
    }

    /// All matching files, by number; gaps are allowed.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when there is none, or no such folder.
    pub fn files(&self) -> Result<Vec<PathBuf>> {
        let cannot = |source| Error::Unreadable { path: self.folder.clone(), source };
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(cannot)? {
            let entry = entry.map_err(cannot)?;
            if let Some(number) = entry.file_name().to_str().and_then(|name| self.number(name)) {
                found.push((number, entry.path()));
            }
        }
        if found.is_empty() {
            let path = self.folder.join(format!("{}%0{}d{}", self.before, self.digits, self.after));
            return Err(Error::unreadable(path, io::ErrorKind::NotFound, "no picture has a name of this form"));
        }
        found.sort();
        Ok(found.into_iter().map(|(_, path)| path).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_the_numbers_that_it_would_write() {
        let four = Pattern::of(Path::new("walk/frame_%04d.png")).unwrap();
        assert_eq!(four.folder, Path::new("walk"));
        assert_eq!(four.number("frame_0012.png"), Some(12));
        assert_eq!(four.number("frame_12345.png"), Some(12345));
        for other in
            ["frame_12.png", "frame_01234.png", "frame_0012.jpg", "frame_.png", "frame_00x2.png", "frame_+012.png"]
        {
            assert_eq!(four.number(other), None, "{other}");
        }
        let any = Pattern::of(Path::new("%d.jpg")).unwrap();
        assert_eq!((any.number("7.jpg"), any.number("07.jpg"), any.number("0.jpg")), (Some(7), None, Some(0)));
        for none in ["video.avi", "100%.avi", "50%ad.avi", "%4d.png"] {
            assert_eq!(Pattern::of(Path::new(none)), None, "{none}");
        }
    }
}
