//! A photo: its pixels, its file, and how it is read.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::RgbImage;

use super::decoded::{Budget, Decoded, Format, Refusal};
use super::metadata::{self, Metadata};
use super::part::cut;
use super::{dicom, heif, jpeg, png, raster, sniff, tiff};
use crate::core::area::Area;
use crate::core::error::{Error, Result};
use crate::core::isolation;
use crate::core::photo_hash::PhotoHash;
use crate::core::record::{self, Provenance};

/// The largest side of annotated pictures, in pixels.
pub const SHOWN_SIDE: u32 = 1600;

/// The default of [`ReadOptions::max_megapixels`]: more than any phone writes, and at most 300 MB of pixels.
pub const MAX_MEGAPIXELS: f64 = 100.0;

/// The default of [`ReadOptions::max_file_bytes`]: an uncompressed 16-bit TIFF of 80 megapixels still fits.
pub const MAX_FILE_BYTES: u64 = 512 << 20;

/// A photo as it is to be measured.
#[derive(Clone)]
pub struct Photo {
    /// The upright picture or a reduced copy of it, 8 bits per channel, as coded (no colour profile is applied). Transparent parts are
    /// laid over white.
    pub pixels: RgbImage,
    /// How often `pixels` are halved relative to the photo; see [`ReadOptions::enough`].
    pub halvings: u32,
    /// The file's bytes, if they hold more detail than `pixels`.
    pub encoded: Option<Arc<[u8]>>,
    /// The part of the upright photo that this is, if not the whole: then `pixels` and every place are relative to this part.
    pub region: Option<Area>,
    /// Where the pixels came from.
    pub source: Source,
    /// What the file says about the camera.
    pub metadata: Metadata,
    /// Sentences for the record's warnings, such as "the file has several pages: the first was taken".
    pub notes: Vec<String>,
}

/// The file that a photo came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file as the user named it.
    pub path: PathBuf,
    /// BLAKE3 of the file's bytes; `None` for pixels that come from no file.
    pub blake3: Option<PhotoHash>,
    /// The file's length in bytes.
    pub bytes: u64,
    /// The format of the content, whatever the name says.
    pub format: Format,
    /// Width in pixels before the turn.
    pub stored_width: u32,
    /// Height in pixels before the turn.
    pub stored_height: u32,
    /// The turn that made the stored pixels upright, as an Exif orientation: 1 (none) to 8. In a HEIF file it is the turn
    /// that the container asks for (`irot`, `imir`), and the Exif tag, which only repeats it, is ignored.
    pub orientation: u8,
}

/// Limits for reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReadOptions {
    /// The largest size that a header may declare, in millions of pixels; default [`MAX_MEGAPIXELS`]. It limits memory as well: reading
    /// may use 6 bytes for each pixel allowed, and 64 MiB.
    pub max_megapixels: f64,
    /// The longest file that is read, in bytes; default [`MAX_FILE_BYTES`].
    pub max_file_bytes: u64,
    /// A JPEG picture is decoded at 1/2, 1/4 or 1/8 of its size, which is faster, as long as its longer side keeps this many pixels.
    /// Default: `None`, always full size.
    pub enough: Option<u32>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions { max_megapixels: MAX_MEGAPIXELS, max_file_bytes: MAX_FILE_BYTES, enough: None }
    }
}

impl Photo {
    /// Reads a picture file.
    ///
    /// # Errors
    ///
    /// [`Error::Unreadable`] when there is no such regular file or it may not be read, [`Error::TooManyBytes`] when it is
    /// too long, and what [`Photo::from_bytes`] says about its content.
    pub fn open(path: &Path, options: &ReadOptions) -> Result<Photo> {
        Photo::from_bytes(path, &Photo::read(path, options)?, options)
    }

    /// The bytes of a picture file.
    ///
    /// # Errors
    ///
    /// [`Error::Unreadable`] and [`Error::TooManyBytes`] as [`Photo::open`].
    pub fn read(path: &Path, options: &ReadOptions) -> Result<Vec<u8>> {
        read_file(path, options.max_file_bytes)
    }

    /// Reads a picture from the bytes of a file; `path` is only its name.
    ///
    /// # Errors
    ///
    /// [`Error::NotAPicture`] when the bytes are not a whole picture of a [`Format`], [`Error::TooLarge`] when the header
    /// declares more than [`ReadOptions::max_megapixels`], [`Error::TooMuchMemory`] when decoding would take more than that allows,
    /// [`Error::TooManyBytes`] when there are too many bytes, [`Error::Defect`] when a decoder panics.
    pub fn from_bytes(path: &Path, bytes: &[u8], options: &ReadOptions) -> Result<Photo> {
        Photo::from_hashed(path, bytes, blake3::hash(bytes), options)
    }

    /// As [`Photo::from_bytes`], for bytes whose hash is already known.
    ///
    /// # Errors
    ///
    /// As [`Photo::from_bytes`].
    pub fn from_hashed(path: &Path, bytes: &[u8], hash: blake3::Hash, options: &ReadOptions) -> Result<Photo> {
        let length = bytes.len() as u64;
        if length > options.max_file_bytes {
            return Err(too_many_bytes(path, length, options));
        }
        let budget = Budget { max_megapixels: options.max_megapixels };
        let decoded = isolation::guarded(path, || {
            Ok(sniff::format(bytes).map_err(Refusal::found).and_then(|format| {
                let mut decoded = decode(format, bytes, &budget, options.enough)?;
                let said = metadata::read(std::mem::take(&mut decoded.exif), decoded.xmp.as_deref());
                Ok((format, decoded, said))
            }))
        })?;
        let (format, mut decoded, said) = decoded.map_err(|refusal| refused(refusal, path, options))?;
        decoded.notes.extend(said.notes);
        let (orientation, pixels) = match decoded.turned {
            Some(turn) => (turn, decoded.pixels),
            None => (said.orientation, said.orientation.apply(decoded.pixels)),
        };
        Ok(Photo {
            pixels,
            halvings: decoded.halvings,
            encoded: (decoded.halvings > 0).then(|| bytes.into()),
            region: None,
            source: Source {
                path: path.to_path_buf(),
                blake3: Some(hash.into()),
                bytes: length,
                format,
                stored_width: decoded.stored.0,
                stored_height: decoded.stored.1,
                orientation: orientation.exif(),
            },
            metadata: decoded.metadata.or(said.metadata),
            notes: decoded.notes,
        })
    }

    /// Width and height of the upright photo, in its own pixels even if [`Photo::pixels`] are reduced.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        if let Some(region) = self.region {
            return (region.width, region.height);
        }
        if self.halvings == 0 {
            return self.pixels.dimensions();
        }
        let (width, height) = (self.source.stored_width, self.source.stored_height);
        // Orientations from 5 on include a quarter turn.
        if self.source.orientation < 5 { (width, height) } else { (height, width) }
    }

    /// A part of the upright photo as a photo of its own; places in it are relative to its own pixels. The file's camera data are treated
    /// as those of a picture cut out of a larger one.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] when the part does not lie in the photo.
    pub fn within(&self, part: Area) -> Result<Photo> {
        let (width, height) = self.size();
        part.check_inside((width, height), &self.source.path)?;
        let exact = (part.x | part.y | part.width | part.height).trailing_zeros();
        if let Some(finer) = self.finer(exact) {
            return finer?.within(part);
        }
        let origin = self.region.map_or((0, 0), |region| (region.x, region.y));
        let mut photo = self.clone();
        photo.metadata.shot_px = self.metadata.shot_px.or(Some([f64::from(width), f64::from(height)]));
        photo.pixels = cut(&self.pixels, self.halvings, part);
        photo.region = Some(Area { x: origin.0 + part.x, y: origin.1 + part.y, ..part });
        Ok(photo)
    }

    /// The provenance of this photo's record.
    #[must_use]
    pub fn provenance(&self, id: &str) -> Provenance {
        let file = self.source.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let (width, height) = self.size();
        let source = record::Source {
            file,
            blake3: self.source.blake3.clone(),
            width,
            height,
            orientation: self.source.orientation,
            format: self.source.format.to_string(),
            region: self.region,
        };
        Provenance { warnings: self.notes.clone(), ..Provenance::new(id, source) }
    }

    /// The photo with pixels halved at most this often; `None` when finer pixels are not needed or not available.
    ///
    /// # Errors
    ///
    /// As [`Photo::from_bytes`].
    pub fn finer(&self, halvings: u32) -> Option<Result<Photo>> {
        let encoded = self.encoded.as_ref().filter(|_| self.halvings > halvings)?;
        let enough = self.source.stored_width.max(self.source.stored_height) >> halvings;
        // What passed the limits once passes them again.
        let options = ReadOptions { max_megapixels: f64::INFINITY, max_file_bytes: u64::MAX, enough: Some(enough) };
        let whole = Photo::from_bytes(&self.source.path, encoded, &options);
        Some(whole.map(|whole| match self.region {
            None => whole,
            Some(region) => {
                Photo { pixels: cut(&whole.pixels, whole.halvings, region), halvings: whole.halvings, ..self.clone() }
            }
        }))
    }

    /// The photo in the detail of an annotated picture; `None` when it was read that way.
    ///
    /// # Errors
    ///
    /// As [`Photo::from_bytes`].
    pub fn detailed(&self) -> Result<Option<Photo>> {
        let (width, height) = self.size();
        let halvings = (width.max(height) / SHOWN_SIDE).max(1).ilog2();
        self.finer(halvings).transpose()
    }
}

impl std::fmt::Debug for Photo {
    /// The size represents the pixels.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Photo")
            .field("pixels", &format_args!("{} x {}", self.pixels.width(), self.pixels.height()))
            .field("source", &self.source)
            .field("metadata", &self.metadata)
            .field("notes", &self.notes)
            .finish()
    }
}

fn decode(format: Format, bytes: &[u8], budget: &Budget, enough: Option<u32>) -> Result<Decoded, Refusal> {
    match format {
        Format::Jpeg => jpeg::decode(bytes, budget, enough),
        Format::Heif => heif::decode(bytes, budget),
        Format::Dicom => dicom::decode(bytes, budget),
        Format::Png => png::decode(bytes, budget),
        Format::WebP => raster::webp(bytes, budget),
        Format::Tiff => tiff::decode(bytes, budget),
        Format::Bmp => raster::bmp(bytes, budget),
        Format::Gif => raster::gif(bytes, budget),
        Format::JpegXl => raster::jpeg_xl(bytes, budget),
    }
}

/// A refusal of a file.
fn refused(refusal: Refusal, path: &Path, options: &ReadOptions) -> Error {
    let path = path.to_path_buf();
    match refusal {
        Refusal::NotAPicture { reason, source } => Error::NotAPicture { path, reason, source },
        Refusal::TooLarge { width, height } => {
            Error::TooLarge { path, width, height, limit_megapixels: options.max_megapixels }
        }
        Refusal::TooMuchMemory { bytes, limit } => Error::TooMuchMemory { path, bytes, limit },
    }
}

/// The bytes of a regular file that is no longer than `limit`. Pipes and devices are refused before they are opened, since
/// opening a pipe waits for a writer.
fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let unreadable = |source| Error::Unreadable { path: path.to_path_buf(), source };
    let about = std::fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        let found = format!("expected a picture file, found {}", kind_of(about.file_type()));
        return Err(unreadable(std::io::Error::new(std::io::ErrorKind::InvalidInput, found)));
    }
    let options = ReadOptions { max_file_bytes: limit, ..ReadOptions::default() };
    if about.len() > limit {
        return Err(too_many_bytes(path, about.len(), &options));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(about.len()).unwrap_or(0));
    // The length may be wrong (files in /proc report 0) or change during reading: the limit holds in any case.
    let read = File::open(path).and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes));
    read.map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(too_many_bytes(path, bytes.len() as u64, &options));
    }
    Ok(bytes)
}

fn too_many_bytes(path: &Path, bytes: u64, options: &ReadOptions) -> Error {
    Error::TooManyBytes { path: path.to_path_buf(), bytes, limit: options.max_file_bytes }
}

fn kind_of(kind: std::fs::FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a named pipe";
        } else if kind.is_socket() {
            return "a socket";
        } else if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    if kind.is_dir() { "a folder" } else { "something else" }
}
