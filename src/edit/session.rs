//! What is edited: a record and its photo, and where the edited record goes.

use std::path::{Path, PathBuf};

use image::ExtendedColorType;
use image::ImageEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};

use crate::error::{Error, Result};
use crate::output;
use crate::photo::{MAX_MEGAPIXELS, Photo, ReadOptions};
use crate::points::Points;
use crate::recompute::recompute;
use crate::record::{Edited, Record};

/// Why the server stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// The page was closed.
    Closed,
    /// Nothing was edited for too long.
    Idle,
    /// The user interrupted the program.
    Interrupted,
}

/// One record under the hand.
#[derive(Debug)]
pub struct Session {
    /// The record's file.
    path: PathBuf,
    /// As it was opened, every measure done again by this version.
    opened: Record,
    /// BLAKE3 of the record's file.
    blake3: String,
    picture: Vec<u8>,
    out: PathBuf,
    /// The points that were last measured, and those that were last saved.
    points: Points,
    saved: Points,
}

impl Session {
    /// Opens a record and the photo that it was made from: `photo`, or the file of the recorded name beside the record. The
    /// edited record goes to `out`, or beside the record under a name that is still free.
    ///
    /// # Errors
    /// What reading says; [`Error::Usage`] when the photo is missing or another one, or when `out` exists.
    pub fn open(path: &Path, photo: Option<&Path>, out: Option<&Path>) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|source| Error::Unreadable { path: path.into(), source })?;
        let record = Record::from_json(&bytes, path)?;
        let opened = recompute(&record, path, &record.options())?;
        let photo = match photo {
            Some(photo) => photo.to_path_buf(),
            None => beside(path, &record)?,
        };
        // A record of a larger picture than the usual limit was made on purpose.
        let recorded = 1e-6 * f64::from(record.source.width) * f64::from(record.source.height);
        let limit = (recorded + 1.0).max(MAX_MEGAPIXELS);
        let found = Photo::open(&photo, &ReadOptions { max_megapixels: limit, ..ReadOptions::default() })?;
        match (&record.source.blake3, &found.source.blake3) {
            (Some(made_from), Some(found)) if made_from == found => {}
            (Some(made_from), Some(found)) => {
                let reason = format!(
                    "{}: expected the photo that {} was made from (its BLAKE3 begins with {made_from:.12}), found another one \
                     ({found:.12})",
                    photo.display(),
                    path.display(),
                );
                return Err(Error::Usage { reason });
            }
            _ => {
                let reason = format!(
                    "{}: expected the record of a photo, found that of webcam frames, of which no file is kept: analyse the \
                     saved picture and edit its record",
                    path.display()
                );
                return Err(Error::Usage { reason });
            }
        }
        let out = match out {
            Some(out) if out.exists() => {
                let reason = format!("--out: {} exists and is not overwritten: name another file", out.display());
                return Err(Error::Usage { reason });
            }
            Some(out) => out.to_path_buf(),
            None => free_name(path, &record.id),
        };
        let points = opened.points();
        Ok(Self {
            path: path.into(),
            picture: png(&found, &photo)?,
            blake3: blake3::hash(&bytes).to_hex().to_string(),
            out,
            saved: points.clone(),
            points,
            opened,
        })
    }

    /// The record as it was opened.
    #[must_use]
    pub fn opened(&self) -> &Record {
        &self.opened
    }

    /// The upright photo as PNG, without metadata.
    #[must_use]
    pub fn picture(&self) -> &[u8] {
        &self.picture
    }

    /// Where the edited record goes.
    #[must_use]
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// The record with these points placed by hand and no others.
    ///
    /// # Errors
    /// [`Error::Usage`] for a point outside the picture, and what measuring says.
    pub fn measure(&mut self, points: &Points) -> Result<Record> {
        let source = &self.opened.source;
        points.check_inside(source.width.into(), source.height.into(), Path::new("the page"))?;
        let mut options = self.opened.options();
        options.points = points.clone();
        let record = recompute(&self.opened, &self.path, &options)?;
        self.points = points.clone();
        Ok(record)
    }

    /// Writes the record with these points, marked as edited.
    ///
    /// # Errors
    /// What [`Session::measure`] says; [`Error::Unwritable`].
    pub fn save(&mut self, points: &Points) -> Result<Record> {
        let mut record = self.measure(points)?;
        record.edited = Some(Edited {
            points: points.iter().map(|(site, _)| site.name().to_owned()).collect(),
            from: self.opened.edited.as_ref().map_or(&self.blake3, |edited| &edited.from).clone(),
        });
        output::write(&self.out, &output::json(&record, &self.out)?)?;
        self.saved = points.clone();
        Ok(record)
    }

    /// Whether something was edited and not saved.
    #[must_use]
    pub fn is_unsaved(&self) -> bool {
        self.points != self.saved
    }

    /// Keeps points that were not saved in a file of points, for `recompute --points`; where they went.
    ///
    /// # Errors
    /// [`Error::Unwritable`].
    pub fn keep_unsaved(&self) -> Result<Option<PathBuf>> {
        if !self.is_unsaved() || self.points.is_empty() {
            return Ok(None);
        }
        let path = free(|number| match number {
            1 => self.out.with_extension("points.json"),
            _ => self.out.with_extension(format!("{number}.points.json")),
        });
        output::write(&path, &output::json(&self.points.to_json(), &path)?)?;
        Ok(Some(path))
    }
}

fn beside(path: &Path, record: &Record) -> Result<PathBuf> {
    // A record from elsewhere must not lead out of its folder.
    let name = Path::new(&record.source.file).file_name().unwrap_or_default();
    let photo = path.with_file_name(name);
    if photo.is_file() {
        return Ok(photo);
    }
    let reason = format!(
        "{}: expected its photo \"{}\" beside it, found no such file: name it with --photo",
        path.display(),
        record.source.file
    );
    Err(Error::Usage { reason })
}

fn free_name(path: &Path, id: &str) -> PathBuf {
    // An id from elsewhere is a name, not a path.
    let id: String = id.chars().map(|c| if matches!(c, '/' | '\\' | '\0') { '_' } else { c }).collect();
    free(|number| match number {
        1 => path.with_file_name(format!("{id}.edited.json")),
        _ => path.with_file_name(format!("{id}.edited-{number}.json")),
    })
}

/// The first of some numbered names that no file has.
fn free(name: impl Fn(usize) -> PathBuf) -> PathBuf {
    (1..).map(&name).find(|path| !path.exists()).unwrap_or_else(|| name(1))
}

/// Every pixel as it is: compressed without loss, and quickly.
fn png(photo: &Photo, path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let (width, height) = photo.pixels.dimensions();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Sub)
        .write_image(photo.pixels.as_raw(), width, height, ExtendedColorType::Rgb8)
        .map_err(|error| Error::Unwritable { path: path.into(), source: std::io::Error::other(error) })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Intake;

    #[test]
    fn an_edited_record_keeps_what_the_intake_list_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("anterior-tilted.json");
        let intake = Some(Intake { subject: Some("S-17".into()), ..Intake::default() });
        let record = Record::open("samples/expected/anterior-tilted.json".as_ref()).expect("a record");
        let record = Record { intake: intake.clone(), ..record };
        output::write(&path, &output::json(&record, &path).expect("written")).expect("written");
        let photo: &Path = "samples/anterior-tilted.jpg".as_ref();
        let mut session = Session::open(&path, Some(photo), None).expect("opened");
        let points = session.opened().points();
        session.save(&points).expect("saved");
        assert_eq!(Record::open(session.out()).expect("there").intake, intake);
    }

    #[test]
    fn a_record_of_frames_has_no_photo_to_edit() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("snapshot-001.json");
        let mut record = Record::open("samples/expected/anterior-tilted.json".as_ref()).expect("a record");
        record.source.blake3 = None;
        output::write(&path, &output::json(&record, &path).expect("written")).expect("written");
        let photo: &Path = "samples/anterior-tilted.jpg".as_ref();
        let error = Session::open(&path, Some(photo), None).expect_err("refused").to_string();
        assert!(error.contains("found that of webcam frames"), "{error}");
    }
}
