//! All photos to be measured, and every problem that can be found before work starts.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use indexmap::IndexMap;
use jiff::civil::Date;

use crate::core::names::{self, LONGEST_ID, shortened};
use crate::core::options;
use crate::core::record::outcome::Failure;

/// One photo to measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The file.
    pub path: PathBuf,
    /// The id in its outputs; unique in a plan.
    pub id: String,
    /// The subject, if a manifest states it.
    pub subject: Option<String>,
    /// The day of the photo, if a manifest states it.
    pub visit: Option<Date>,
    /// Notes and unknown columns of a manifest, copied to the outputs.
    pub carried: IndexMap<String, String>,
    /// The options for measuring it.
    pub options: options::Options,
    /// A failure that is already known.
    pub failure: Option<Failure>,
}

impl Job {
    /// A job with only a file; its id is set later.
    #[must_use]
    pub fn of(path: PathBuf, options: &options::Options) -> Self {
        Self {
            path,
            id: String::new(),
            subject: None,
            visit: None,
            carried: IndexMap::new(),
            options: options.clone(),
            failure: None,
        }
    }
}

/// All photos, in the order of the outputs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The photos.
    pub jobs: Vec<Job>,
    /// Names of the columns that a manifest copies to the outputs.
    pub carried: Vec<String>,
    /// Files that are not pictures.
    pub left_out: Vec<PathBuf>,
    /// Pictures that this program wrote.
    pub own: Vec<PathBuf>,
    /// Photos in the output folder.
    pub inside: Vec<PathBuf>,
    /// Problems that prevent the run, as sentences.
    pub problems: Vec<String>,
    /// Doubtful entries, as sentences. They do not prevent the run.
    pub questions: Vec<String>,
}

/// Whether the folders of an input name subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folders {
    /// If every photo lies in one of several folders of the input, and not deeper.
    Auto,
    /// Always: the folder that contains the photo.
    Subjects,
    /// Never.
    Nothing,
}

impl Plan {
    /// A plan for the inputs found.
    #[must_use]
    pub fn of_found(found: super::input::Found, options: &options::Options) -> Self {
        let mut jobs: Vec<Job> = found.photos.into_iter().map(|path| Job::of(path, options)).collect();
        for (path, text) in found.closed {
            let failure = Some(Failure { code: "unreadable".into(), text });
            jobs.push(Job { failure, ..Job::of(path, options) });
        }
        let (left_out, own, inside) = (found.left_out, found.own, found.inside);
        Self { jobs, left_out, own, inside, problems: found.problems, ..Self::default() }.with_ids()
    }

    /// Uses folders as subjects, as in `P01/front.jpg`.
    #[must_use]
    pub fn with_subjects(mut self, folders: Folders) -> Self {
        let shared = shared_folders(self.jobs.iter().map(|job| job.path.as_path()));
        let subject = |job: &Job| -> Option<String> {
            let parent = job.path.parent()?;
            let depth = parent.components().count().saturating_sub(shared);
            let name = names::checked(&parent.file_name()?.to_string_lossy()).ok()?;
            (folders == Folders::Subjects || depth == 1).then_some(name)
        };
        let found: Vec<Option<String>> = self.jobs.iter().map(subject).collect();
        let distinct: std::collections::BTreeSet<&String> = found.iter().flatten().collect();
        let is_meant = match folders {
            Folders::Nothing => false,
            Folders::Subjects => true,
            Folders::Auto => distinct.len() > 1 && found.iter().all(Option::is_some),
        };
        if !is_meant {
            return self;
        }
        if folders == Folders::Auto {
            let some: Vec<&str> = distinct.iter().take(3).map(|name| name.as_str()).collect();
            let more = if distinct.len() > some.len() { ", ..." } else { "" };
            self.questions.push(format!(
                "{} folders are taken for subjects ({}{more}); --subjects none if they are something else",
                distinct.len(),
                names::shown(&some.join(", "))
            ));
        }
        for (job, subject) in self.jobs.iter_mut().zip(found) {
            job.subject = subject;
        }
        self
    }

    /// Gives an id to every job without one: the file's name without its ending; if several share it, with the folders before it as far
    /// as the inputs differ, and with a number as the last resort.
    #[must_use]
    pub fn with_ids(mut self) -> Self {
        let taken: HashSet<String> = self.jobs.iter().map(|job| job.id.clone()).filter(|id| !id.is_empty()).collect();
        let mut count: HashMap<String, usize> = HashMap::new();
        for job in self.jobs.iter().filter(|job| job.id.is_empty()) {
            *count.entry(stem(&job.path)).or_default() += 1;
        }
        let shared = shared_folders(self.jobs.iter().map(|job| job.path.as_path()));
        let name = |job: &Job| {
            let short = stem(&job.path);
            if count.get(&short).is_none_or(|&n| n < 2) && !taken.contains(&short) {
                return short;
            }
            let folders = job.path.parent().into_iter().flat_map(Path::components).skip(shared);
            let names = folders.filter_map(|part| match part {
                Component::Normal(name) => Some(names::without_control(&name.to_string_lossy())),
                _ => None,
            });
            let whole = names.chain([short]).collect::<Vec<_>>().join("-");
            shortened(&whole, LONGEST_ID).into_owned()
        };
        let names: Vec<String> = self.jobs.iter().filter(|job| job.id.is_empty()).map(name).collect();
        let ids = names::distinct(&names, &taken);
        for (job, id) in self.jobs.iter_mut().filter(|job| job.id.is_empty()).zip(ids) {
            job.id = id;
        }
        self
    }

    /// Whether there is no photo at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }
}

/// A file's name without its ending.
#[must_use]
pub fn stem(path: &Path) -> String {
    let name = names::of_file(path);
    if name.is_empty() { "photo".into() } else { name }
}

/// The number of leading folders that all paths share.
fn shared_folders<'a>(paths: impl Iterator<Item = &'a Path>) -> usize {
    let folders = paths.map(|path| path.parent().map(|p| p.components().collect::<Vec<_>>()).unwrap_or_default());
    let shared = folders.reduce(|a, b| a.iter().zip(&b).take_while(|(x, y)| x == y).map(|(x, _)| *x).collect());
    shared.map_or(0, |shared| shared.len())
}

/// A file name for an id, valid on any system: letters, digits, `.`, `-`, `_` and non-ASCII characters are kept, the rest becomes `_`.
///
/// If `taken` already contains it (ignoring case), a number is appended.
#[must_use]
pub fn file_name(id: &str, taken: &mut HashSet<String>) -> String {
    let safe = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let whole: String = id.chars().map(safe).collect();
    let mut name = names::shortened(&whole, names::LONGEST_ID).into_owned();
    if name.is_empty() || name.starts_with(['.', '-']) {
        name.insert(0, '_');
    }
    let base = name.clone();
    let mut number = 2;
    while !taken.insert(name.to_lowercase()) {
        name = format!("{base}-{number}");
        number += 1;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(paths: &[&str]) -> Vec<String> {
        let options = options::Options::default();
        let jobs = paths.iter().map(|path| Job::of(path.into(), &options)).collect();
        Plan { jobs, ..Plan::default() }.with_ids().jobs.into_iter().map(|job| job.id).collect()
    }

    #[test]
    fn ids_are_file_names_and_tell_apart_what_shares_one() {
        assert_eq!(ids(&["in/a.jpg", "in/b.png"]), ["a", "b"]);
        assert_eq!(ids(&["in/x/front.jpg", "in/y/front.jpg", "in/side.jpg"]), ["x-front", "y-front", "side"]);
        assert_eq!(ids(&["in/a.jpg", "in/a.png"]), ["a", "a-2"]);
        assert_eq!(ids(&["in/front#1.jpg", "in/front.jpg", "in/side#1.jpg"]), ["front#1-2", "front", "side#1"]);
        let later = ["in/x-front#1.jpg", "in/x/front.jpg", "in/y/front.jpg"];
        assert_eq!(ids(&later), ["x-front#1-2", "x-front", "y-front"]);
    }

    #[test]
    fn folders_are_subjects_where_each_photo_lies_in_one() {
        let plan = |paths: &[&str], folders| {
            let options = options::Options::default();
            let jobs = paths.iter().map(|path| Job::of(path.into(), &options)).collect();
            Plan { jobs, ..Plan::default() }.with_subjects(folders)
        };
        let subjects = |paths: &[&str], folders| -> Vec<Option<String>> {
            plan(paths, folders).jobs.into_iter().map(|job| job.subject).collect()
        };
        let named = |names: &[&str]| names.iter().map(|name| Some((*name).to_owned())).collect::<Vec<_>>();
        let two = ["in/P01/front.jpg", "in/P01/side.jpg", "in/P02/front.jpg"];
        assert_eq!(subjects(&two, Folders::Auto), named(&["P01", "P01", "P02"]));
        assert!(plan(&two, Folders::Auto).questions[0].starts_with("2 folders are taken for subjects (P01, P02);"));
        assert_eq!(subjects(&two, Folders::Nothing), [None, None, None]);
        // One folder, photos beside folders, and nested folders do not identify subjects automatically.
        for paths in [&["in/a.jpg", "in/b.jpg"][..], &["in/a.jpg", "in/x/b.jpg"], &["in/x/y/a.jpg", "in/z/b.jpg"]] {
            assert!(subjects(paths, Folders::Auto).iter().all(Option::is_none), "{paths:?}");
        }
        assert_eq!(subjects(&["in/a.jpg", "in/x/b.jpg"], Folders::Subjects), named(&["in", "x"]));
    }

    #[test]
    fn file_names_hold_no_path_and_no_markup() {
        let mut taken = HashSet::new();
        assert_eq!(file_name("../etc/passwd", &mut taken), "_.._etc_passwd");
        assert_eq!(file_name("<b>=1", &mut taken), "_b__1");
        assert_eq!(file_name("Müller 3", &mut taken), "Müller_3");
        assert_eq!(file_name("A", &mut taken), "A");
        assert_eq!(file_name("a", &mut taken), "a-2");
        assert_eq!(file_name("", &mut taken), "_");
        let long = file_name(&"王".repeat(83), &mut taken);
        assert!(long.len() <= 200 && long != file_name(&"王".repeat(84), &mut taken), "{long}");
    }
}
