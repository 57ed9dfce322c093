//! From a file to upright pixels.
//!
//! [`Photo::open`] examines the content, never the name: JPEG, PNG, WebP, TIFF, BMP, GIF, HEIF, JPEG XL and DICOM photographs are read,
//! anything else is refused with a sentence that says what was found. The header's size, and the memory that decoding takes, are checked
//! against the limit before a pixel is decoded; the turn that the file declares is applied to the pixels; of the metadata only what
//! measuring needs is kept: never a place, a name or a serial number.
//!
//! - `sniff`: bytes -> the format, or a description of the content
//! - `jpeg`, `png`, `tiff`, `heif`, `dicom`, `raster` (the rest, through `image` and `jxl-oxide`): bytes -> `decoded::Decoded`
//! - `metadata`: Exif and XMP -> [`Metadata`] and the turn
//! - `turn`: the eight orientations
//! - `file`: all of it, from a path to a [`Photo`]

mod decoded;
mod dicom;
mod file;
mod heif;
mod jpeg;
pub mod maker_note;
mod metadata;
mod part;
mod png;
mod raster;
mod sniff;
mod tiff;
mod turn;

pub use decoded::Format;
pub use file::{MAX_FILE_BYTES, MAX_MEGAPIXELS, Photo, ReadOptions, SHOWN_SIDE, Source};
pub use metadata::Metadata;
pub use sniff::{looks_like_picture, names_picture};
