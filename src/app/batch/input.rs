//! Resolves the user's inputs to paths: files, folders (recursively), globs, and lists on standard input.

use std::collections::{HashMap, HashSet};
use std::io::BufRead;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::report::output::List;
use crate::vision::photo::{looks_like_picture, names_picture};

/// The result of the search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The photos, each once: in the order of the inputs, and within a folder by name.
    pub photos: Vec<PathBuf>,
    /// Entries below the folders that cannot be read, with the reason: a circular link, a folder without permission.
    pub closed: Vec<(PathBuf, String)>,
    /// Files below the folders that are not pictures, by name and by content.
    pub left_out: Vec<PathBuf>,
    /// Pictures that this program wrote: results of a run are not inputs of another.
    pub own: Vec<PathBuf>,
    /// Photos in the output folder, which belongs to the run.
    pub inside: Vec<PathBuf>,
    /// Inputs that match nothing, as sentences.
    pub problems: Vec<String>,
}

/// The state of the search: paths found so far, and lists of folders.
struct Search {
    found: Found,
    taken: HashSet<PathBuf>,
    output: Option<PathBuf>,
    /// What this program wrote into each folder.
    lists: HashMap<PathBuf, Option<List>>,
}

/// Resolves inputs. Files below `output` are left out, and so are pictures that this program wrote anywhere.
#[must_use]
pub fn find(inputs: &[PathBuf], output: Option<&Path>) -> Found {
    let mut search = Search::of(output);
    for input in inputs {
        if input.is_dir() {
            search.walk(input);
        } else if input.symlink_metadata().is_ok() {
            search.take(input.clone());
        } else {
            search.expand(input);
        }
    }
    search.found
}

/// Why a directly named photo must be left out, if so.
#[must_use]
pub fn is_left_out(path: &Path, output: Option<&Path>) -> Option<&'static str> {
    let mut search = Search::of(output);
    search.take(path.into());
    match search.found {
        found if !found.inside.is_empty() => Some("lies in the output folder"),
        found if !found.own.is_empty() => Some("was written by this program, and is no photo to measure"),
        _ => None,
    }
}

impl Search {
    fn of(output: Option<&Path>) -> Self {
        let output = output.and_then(|folder| folder.canonicalize().ok());
        Self { found: Found::default(), taken: HashSet::new(), output, lists: HashMap::new() }
    }

    fn take(&mut self, path: PathBuf) {
        if !self.taken.insert(path.clone()) {
            return;
        }
        let real = path.canonicalize().unwrap_or_else(|_| path.clone());
        let inside = self.output.as_ref().is_some_and(|output| real.starts_with(output));
        match () {
            () if self.wrote(&real, inside) => self.found.own.push(path),
            () if inside => self.found.inside.push(path),
            () => self.found.photos.push(path),
        }
    }

    /// Whether this program wrote a picture. In the output folder, where every file is left out anyway, the name decides.
    fn wrote(&mut self, path: &Path, inside: bool) -> bool {
        path.ancestors().skip(1).take(2).any(|folder| {
            let open = || List::open(folder).ok().filter(|list| !list.files().is_empty());
            let list = self.lists.entry(folder.into()).or_insert_with(open);
            list.as_ref().is_some_and(|list| list.names(path) && (inside || list.wrote(path)))
        })
    }

    fn walk(&mut self, folder: &Path) {
        let hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let entries = WalkDir::new(folder)
            .follow_links(true)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || !hidden(entry.path()));
        for entry in entries {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) => {
                    let path = entry.into_path();
                    if names_picture(&path) || looks_like_picture(&path) {
                        self.take(path);
                    } else if !self.is_inside(&path) {
                        self.found.left_out.push(path);
                    }
                }
                Err(error) => self.closed(&error, folder),
            }
        }
    }

    fn is_inside(&self, path: &Path) -> bool {
        self.output.as_ref().is_some_and(|output| path.canonicalize().is_ok_and(|path| path.starts_with(output)))
    }

    fn closed(&mut self, error: &walkdir::Error, folder: &Path) {
        let path = error.path().unwrap_or(folder).to_path_buf();
        if error.loop_ancestor().is_some() {
            let text = "cannot be gone into: the link leads back to a folder above it";
            self.found.closed.push((path, text.into()));
        } else if names_picture(&path) && path.symlink_metadata().is_ok_and(|about| !about.is_dir()) {
            // A dangling link: opening it reports the error.
            self.take(path);
        } else {
            let cause = error.io_error().map_or_else(|| "unknown".to_owned(), crate::core::error::plain_cause);
            self.found.closed.push((path, format!("cannot be gone into: {cause}")));
        }
    }

    fn expand(&mut self, input: &Path) {
        let pattern = input.to_str().filter(|text| text.contains(['*', '?', '[']));
        let Some(pattern) = pattern else {
            self.found.problems.push(format!("{}: no such file or folder", input.display()));
            return;
        };
        let paths = match glob::glob(pattern) {
            Err(error) => {
                return self.found.problems.push(format!("{pattern}: not a pattern that can be read: {error}"));
            }
            Ok(paths) => paths,
        };
        let met = |search: &Self| search.taken.len() + search.found.closed.len();
        let before = met(self);
        for path in paths {
            match path {
                Ok(path) if path.is_dir() => self.walk(&path),
                Ok(path) => self.take(path),
                Err(error) => self.found.closed.push((
                    error.path().to_path_buf(),
                    format!("cannot be gone into: {}", crate::core::error::plain_cause(error.error())),
                )),
            }
        }
        if met(self) == before {
            self.found.problems.push(format!("{pattern}: no photo matches"));
        }
    }
}

/// Paths from a list: one per line (a trailing carriage return is dropped), or separated by NUL. Empty ones are skipped. Bytes that are
/// not UTF-8 are kept.
pub fn listed(list: impl BufRead, by_nul: bool) -> impl Iterator<Item = std::io::Result<PathBuf>> {
    let end = if by_nul { 0 } else { b'\n' };
    list.split(end).filter_map(move |name| {
        let mut name = match name {
            Ok(name) => name,
            Err(error) => return Some(Err(error)),
        };
        if !by_nul && name.last() == Some(&b'\r') {
            name.pop();
        }
        (!name.is_empty()).then(|| Ok(path_of(name)))
    })
}

#[cfg(unix)]
fn path_of(name: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(name).into()
}

#[cfg(not(unix))]
fn path_of(name: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&name).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: &Path, bytes: &[u8]) {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, bytes).expect("written");
    }

    #[test]
    fn a_folder_gives_its_pictures_by_name_and_content_and_nothing_hidden() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        touch(&at("b.jpg"), b"");
        touch(&at("a/2.PNG"), b"");
        touch(&at("a/scan.txt"), b"\xff\xd8\xff\xe0");
        touch(&at("notes.txt"), b"tall man");
        touch(&at(".hidden.jpg"), b"");
        touch(&at("results/pictures/old.jpg"), b"");
        let found = find(&[folder.path().to_path_buf(), at("b.jpg")], Some(&at("results")));
        assert_eq!(found.photos, [at("a/2.PNG"), at("a/scan.txt"), at("b.jpg")]);
        assert_eq!(found.left_out, [at("notes.txt")]);
        assert_eq!(found.inside, [at("results/pictures/old.jpg")]);
        assert!(found.closed.is_empty() && found.problems.is_empty());
    }

    #[test]
    fn pictures_that_this_program_wrote_are_left_out_and_originals_beside_them_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let outputs = crate::report::output::Outputs::into_folder(&at("before"), false).expect("opened");
        outputs.make_folder(&at("before/pictures")).expect("made");
        for name in ["before/pictures/a.jpg", "before/b.annotated.jpg", "before/pictures/changed.jpg"] {
            outputs.write(&at(name), b"x", None).expect("written");
        }
        touch(&at("before/pictures/changed.jpg"), b"another");
        touch(&at("before/own.jpg"), b"");
        for inputs in [vec![folder.path().to_path_buf()], vec![at("before/*/*.jpg"), at("before/*.jpg")]] {
            let found = find(&inputs, Some(&at("after")));
            assert_eq!(found.photos.len(), 2, "{found:?}");
            assert_eq!(found.own.len(), 2, "{found:?}");
        }
        let found = find(&[folder.path().to_path_buf()], Some(&at("before")));
        assert_eq!((found.photos, found.inside), (vec![], vec![at("before/own.jpg")]));
    }

    #[test]
    fn globs_are_expanded_and_what_leads_nowhere_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        touch(&folder.path().join("a.jpg"), b"");
        let found = find(&[folder.path().join("*.jpg"), folder.path().join("*.png"), "no-such.jpg".into()], None);
        assert_eq!(found.photos, [folder.path().join("a.jpg")]);
        assert_eq!(found.problems.len(), 2);
        assert!(found.problems[1].ends_with("no-such.jpg: no such file or folder"));
    }

    #[cfg(unix)]
    #[test]
    fn links_in_circles_end_and_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        touch(&folder.path().join("a/1.jpg"), b"");
        std::os::unix::fs::symlink("..", folder.path().join("a/up")).expect("a link");
        std::os::unix::fs::symlink("nowhere", folder.path().join("a/dead.jpg")).expect("a link");
        let found = find(&[folder.path().to_path_buf()], None);
        assert_eq!(found.photos, [folder.path().join("a/1.jpg"), folder.path().join("a/dead.jpg")]);
        assert_eq!(found.closed.len(), 1);
        assert!(found.closed[0].1.contains("leads back"), "{:?}", found.closed);
    }

    #[test]
    fn lists_are_split_at_lines_or_nul() {
        let read = |text: &[u8], by_nul| -> Vec<PathBuf> {
            listed(text, by_nul).collect::<std::io::Result<_>>().expect("read")
        };
        assert_eq!(read(b"a.jpg\r\n\nb c.jpg\n", false), [PathBuf::from("a.jpg"), PathBuf::from("b c.jpg")]);
        assert_eq!(read(b"a\nb.jpg\0c.jpg", true), [PathBuf::from("a\nb.jpg"), PathBuf::from("c.jpg")]);
    }
}
