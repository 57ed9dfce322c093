//! The source photo of a record, found by its name and verified by its hash.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::core::record::Record;
use crate::report::html::Picture;
use crate::report::raster;
use crate::report::scene::framing::Attitude;
use crate::vision::analysis;
use crate::vision::photo::{MAX_MEGAPIXELS, Photo, ReadOptions};

/// The places to search for photos.
#[derive(Debug, Default)]
pub struct Search {
    /// Files below the given folders, by name.
    named: HashMap<OsString, Vec<PathBuf>>,
}

/// Why a record has no photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The record has no photo: a webcam frame, or a de-identified record.
    NoFile,
    /// No file of its name was found.
    NotFound,
    /// Files of its name were found, but none of them is the photo.
    Another,
    /// It was found, but cannot be read as a picture.
    Unreadable,
}

impl Missing {
    /// One sentence for the page, without a full stop.
    #[must_use]
    pub fn words(self, record: &Record) -> String {
        let file = &record.source.file;
        match self {
            Missing::NoFile => "this record keeps no photo's name".into(),
            Missing::NotFound => format!("the photo {file} was not found beside the record; --photos names its folder"),
            Missing::Another => format!("{file} was found, and it is not the photo that was measured"),
            Missing::Unreadable => format!("the photo {file} cannot be read"),
        }
    }
}

impl Search {
    /// Searches folders recursively; without any, photos are searched for beside their records.
    #[must_use]
    pub fn through(folders: &[PathBuf]) -> Self {
        let mut named: HashMap<OsString, Vec<PathBuf>> = HashMap::new();
        for folder in folders {
            for entry in WalkDir::new(folder).sort_by_file_name().into_iter().flatten() {
                if entry.file_type().is_file() {
                    named.entry(entry.file_name().into()).or_default().push(entry.into_path());
                }
            }
        }
        Self { named }
    }

    /// The photo of a record whose file is `record_file`.
    ///
    /// # Errors
    /// [`Missing`].
    pub fn photo(&self, record: &Record, record_file: &Path) -> Result<Photo, Missing> {
        let (file, Some(hash)) = (&record.source.file, &record.source.blake3) else { return Err(Missing::NoFile) };
        if file.is_empty() || Path::new(file).file_name().is_none_or(|name| name != file.as_str()) {
            return Err(Missing::NoFile);
        }
        let folders = record_file.parent().into_iter().flat_map(|folder| [Some(folder), folder.parent()]).flatten();
        let beside = folders.map(Path::to_path_buf).chain([PathBuf::new()]).map(|folder| folder.join(file));
        let named = self.named.get(&OsString::from(file)).into_iter().flatten().cloned();
        let mut missing = Missing::NotFound;
        // A record of a picture above the usual limit was made on purpose.
        let recorded = 1e-6 * f64::from(record.source.width) * f64::from(record.source.height);
        let reading = ReadOptions { max_megapixels: (recorded + 1.0).max(MAX_MEGAPIXELS), ..analysis::reading() };
        for path in named.chain(beside).filter(|path| path.is_file()) {
            let Ok(bytes) = Photo::read(&path, &reading) else {
                missing = Missing::Unreadable;
                continue;
            };
            let found = blake3::hash(&bytes);
            if found.to_hex().as_str() != hash.as_str() {
                missing = Missing::Another;
                continue;
            }
            return Photo::from_hashed(&path, &bytes, found, &reading).map_err(|_| Missing::Unreadable);
        }
        Err(missing)
    }

    /// The photo for a page, or the reason why there is none.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn picture(
        &self,
        record: &Record,
        record_file: &Path,
        covered: bool,
        attitude: Attitude,
    ) -> crate::core::error::Result<Picture> {
        match self.photo(record, record_file) {
            Err(missing) => Ok(Picture::Withheld(missing.words(record))),
            Ok(photo) => {
                let pixels = raster::detailed(&photo)?;
                if covered {
                    Picture::masked(&pixels, record, attitude)
                } else {
                    Picture::of(&pixels, record, attitude)
                }
            }
        }
    }
}
