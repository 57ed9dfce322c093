//! The edited record, its photo, and the destination of the result.

use std::path::{Path, PathBuf};

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use crate::app::records::{self, Place};
use crate::core::error::{Error, Result};
use crate::core::names;
use crate::core::points::Points;
use crate::core::recompute::recompute;
use crate::core::record::{Edited, Record};
use crate::report::output::{self, Outputs};
use crate::vision::photo::{MAX_MEGAPIXELS, Photo, ReadOptions};

/// Why the server stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// The page was closed.
    Closed,
    /// The page sent no request for too long: frozen, killed, or closed without notice.
    Silent,
    /// Nothing was edited for too long.
    Idle,
    /// The user or the system interrupted the program.
    Interrupted,
}

/// What the user changes of a record.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Edit {
    /// All manual landmarks.
    pub points: Points,
    /// Whether all left and right labels are exchanged.
    pub exchanged: bool,
}

/// The editing of one record.
#[derive(Debug)]
pub struct Session {
    /// The record's file.
    path: PathBuf,
    /// The record as opened, with every measure recomputed by this version.
    opened: Record,
    /// BLAKE3 of the record's file.
    blake3: String,
    picture: Vec<u8>,
    out: PathBuf,
    /// What was last measured, and what was last saved.
    measured: Edit,
    saved: Edit,
    /// The hash of the file that this session wrote to `out`.
    wrote: Option<blake3::Hash>,
    /// The file of unsaved points, and the points in it.
    kept: Option<(PathBuf, Points)>,
}

/// The result of saving.
#[derive(Debug)]
pub struct Saved {
    /// The written record.
    pub record: Record,
    /// Its file.
    pub out: PathBuf,
}

impl Session {
    /// Opens a record and its photo: `photo`, or the file of the recorded name beside the record. The edited record is written to `out`,
    /// or beside the record under an unused name.
    ///
    /// # Errors
    /// What reading says; [`Error::Usage`] when the photo is missing or another one, or when `out` exists.
    pub fn open(path: &Path, photo: Option<&Path>, out: Option<&Path>) -> Result<Self> {
        let place = the_one(path)?;
        let found = place.read()?;
        let (record, path) = (found.record, place.path.as_path());
        let blake3 = found.blake3;
        let opened = recompute(&record, path, &record.options())?;
        let photo = match photo {
            Some(photo) => photo.to_path_buf(),
            None => beside(path, &record)?,
        };
        // A record of a picture above the usual limit was made on purpose.
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
        let found = match record.source.region {
            Some(region) => found.within(region)?,
            None => found,
        };
        let out = match out {
            Some(out) if out.symlink_metadata().is_ok() => {
                let reason = format!("--out: {} exists and is not overwritten: name another file", out.display());
                return Err(Error::Usage { reason });
            }
            Some(out) => out.to_path_buf(),
            None => free_name(path, &record.id),
        };
        let edit = Edit { points: opened.points(), exchanged: false };
        Ok(Self {
            path: path.into(),
            picture: png(&found, &photo)?,
            blake3,
            out,
            saved: edit.clone(),
            measured: edit,
            opened,
            wrote: None,
            kept: None,
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

    /// The file for the edited record.
    #[must_use]
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// The record with exactly this edit.
    ///
    /// # Errors
    /// [`Error::Usage`] for a point outside the picture, and what measuring says.
    pub fn measure(&mut self, edit: &Edit) -> Result<Record> {
        let source = &self.opened.source;
        edit.points.check_inside(source.width.into(), source.height.into(), Path::new("the page"))?;
        let mut options = self.opened.options();
        options.points = edit.points.clone();
        if edit.exchanged {
            options.view = Some(self.opened.view.kind.exchanged());
        }
        let record = recompute(&self.opened, &self.path, &options)?;
        self.measured = edit.clone();
        Ok(record)
    }

    /// Writes the record with this edit, marked as edited. If another session or program has written the file in the meantime, that file is
    /// kept and the record is written beside it under an unused name.
    ///
    /// # Errors
    /// What [`Session::measure`] says; [`Error::Unwritable`].
    pub fn save(&mut self, edit: &Edit) -> Result<Saved> {
        let mut record = self.measure(edit)?;
        record.edited = Some(Edited {
            points: edit.points.iter().map(|(site, _)| site.name().to_owned()).collect(),
            from: self.opened.edited.as_ref().map_or(&self.blake3, |edited| &edited.from).clone(),
        });
        let bytes = output::json(&record, &self.out)?;
        let ours = self.wrote.is_some_and(|hash| std::fs::read(&self.out).is_ok_and(|now| blake3::hash(&now) == hash));
        let mut attempt = Outputs::files(ours).write(&self.out, &bytes, None);
        while let Err(Error::Occupied { .. }) = attempt {
            self.out = free(|number| numbered(&self.out, number + 1));
            attempt = Outputs::files(false).write(&self.out, &bytes, None);
        }
        attempt?;
        self.wrote = Some(blake3::hash(&bytes));
        self.saved = edit.clone();
        // No longer needed; failing to remove it does not make the save fail.
        let _ = self.keep_unsaved();
        Ok(Saved { record, out: self.out.clone() })
    }

    /// What was last measured, if it is not what was last saved.
    #[must_use]
    pub fn unsaved(&self) -> Option<&Edit> {
        Some(&self.measured).filter(|edit| **edit != self.saved)
    }

    /// What was last saved, or what the record was opened with.
    #[must_use]
    pub fn saved(&self) -> &Edit {
        &self.saved
    }

    /// Writes unsaved points to a file of points, for `recompute --points`, and returns its path; once everything is saved the file is
    /// removed. Called repeatedly while the page is open, so that no edit is lost even if the program is killed.
    ///
    /// # Errors
    /// [`Error::Unwritable`].
    pub fn keep_unsaved(&mut self) -> Result<Option<PathBuf>> {
        let content = |points: &Points, path: &Path| output::json(&points.to_json(), path);
        // Changed by another program, or used and removed: another file is created.
        let own = self.kept.take().filter(|(path, points)| {
            content(points, path).is_ok_and(|bytes| std::fs::read(path).is_ok_and(|now| now == bytes))
        });
        let points = self.measured.points.clone();
        if self.unsaved().is_none() || points.is_empty() {
            if let Some((path, _)) = own {
                std::fs::remove_file(&path).map_err(|source| Error::Unwritable { path, source })?;
            }
            return Ok(None);
        }
        let path = match own {
            Some((path, kept)) if kept == points => {
                self.kept = Some((path.clone(), kept));
                return Ok(Some(path));
            }
            Some((path, _)) => {
                Outputs::files(true).write(&path, &content(&points, &path)?, None)?;
                path
            }
            None => loop {
                let path = free(|number| match number {
                    1 => self.out.with_extension("points.json"),
                    _ => self.out.with_extension(format!("{number}.points.json")),
                });
                match Outputs::files(false).write(&path, &content(&points, &path)?, None) {
                    // Another session was faster and used the name.
                    Err(Error::Occupied { .. }) => {}
                    written => break written.map(|()| path)?,
                }
            },
        };
        self.kept = Some((path.clone(), points));
        Ok(Some(path))
    }
}

/// The place of the single record that a name refers to.
fn the_one(name: &Path) -> Result<Place> {
    let mut places = records::find(&[name], None)?.places;
    match (places.pop(), places.is_empty()) {
        (Some(place), true) => Ok(place),
        _ => {
            let reason = format!(
                "{}: expected one record, found {}: name one of them, as {}#ID",
                name.display(),
                places.len() + 1,
                name.display()
            );
            Err(Error::Usage { reason })
        }
    }
}

fn beside(path: &Path, record: &Record) -> Result<PathBuf> {
    // A record from elsewhere must not refer outside its folder.
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
    // An id from elsewhere is used as a name, not as a path.
    let id: String =
        names::without_control(id).chars().map(|c| if matches!(c, '/' | '\\') { '_' } else { c }).collect();
    free(|number| match number {
        1 => path.with_file_name(names::file_name(&id, ".edited.json")),
        _ => path.with_file_name(names::file_name(&id, &format!(".edited-{number}.json"))),
    })
}

/// A file's name with a number before its ending.
fn numbered(path: &Path, number: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
    path.with_file_name(names::file_name(&stem, &format!("-{number}{ending}")))
}

/// The first of several numbered names that is unused.
fn free(name: impl Fn(usize) -> PathBuf) -> PathBuf {
    (1..).map(&name).find(|path| path.symlink_metadata().is_err()).unwrap_or_else(|| name(1))
}

/// A lossless PNG with fast compression.
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
    use crate::core::record::Intake;

    #[test]
    fn an_edited_record_keeps_what_the_intake_list_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("anterior-tilted.json");
        let intake = Some(Intake { subject: Some("S-17".into()), ..Intake::default() });
        let record = Record::open("samples/expected/anterior-tilted.json".as_ref()).expect("a record");
        let record = Record { intake: intake.clone(), ..record };
        std::fs::write(&path, output::json(&record, &path).expect("JSON")).expect("written");
        let photo: &Path = "samples/anterior-tilted.jpg".as_ref();
        let mut session = Session::open(&path, Some(photo), None).expect("opened");
        let edit = Edit { points: session.opened().points(), exchanged: false };
        session.save(&edit).expect("saved");
        assert_eq!(Record::open(session.out()).expect("there").intake, intake);
    }

    #[test]
    fn a_record_of_frames_has_no_photo_to_edit() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("snapshot-001.json");
        let mut record = Record::open("samples/expected/anterior-tilted.json".as_ref()).expect("a record");
        record.source.blake3 = None;
        std::fs::write(&path, output::json(&record, &path).expect("JSON")).expect("written");
        let photo: &Path = "samples/anterior-tilted.jpg".as_ref();
        let error = Session::open(&path, Some(photo), None).expect_err("refused").to_string();
        assert!(error.contains("found that of webcam frames"), "{error}");
    }
}
