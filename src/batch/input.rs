//! From what the user names to paths: files, folders (all below them), globs, and lists on standard input.

use std::collections::HashSet;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::photo::{looks_like_picture, names_picture};

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The photos, each once: in the order of the inputs, and within a folder by name.
    pub photos: Vec<PathBuf>,
    /// Below the folders, what cannot be gone into, with the reason: a link that goes in circles, a folder that may not be read.
    pub closed: Vec<(PathBuf, String)>,
    /// Files below the folders that are no pictures, by name and by content.
    pub left_out: Vec<PathBuf>,
    /// Inputs that lead to nothing, in sentences.
    pub problems: Vec<String>,
}

/// Looks up inputs. Nothing below `output` is taken, so that results inside the input folder are no input of the next run.
#[must_use]
pub fn find(inputs: &[PathBuf], output: Option<&Path>) -> Found {
    let output = output.and_then(|folder| folder.canonicalize().ok());
    let mut found = Found::default();
    let mut taken = HashSet::new();
    for input in inputs {
        if input.is_dir() {
            walk(input, output.as_deref(), &mut found, &mut taken);
        } else if input.symlink_metadata().is_ok() {
            found.take(input.clone(), &mut taken);
        } else {
            expand(input, output.as_deref(), &mut found, &mut taken);
        }
    }
    found
}

impl Found {
    fn take(&mut self, path: PathBuf, taken: &mut HashSet<PathBuf>) {
        if taken.insert(path.clone()) {
            self.photos.push(path);
        }
    }
}

fn walk(folder: &Path, output: Option<&Path>, found: &mut Found, taken: &mut HashSet<PathBuf>) {
    let is_output = |path: &Path| output.is_some_and(|output| path.canonicalize().is_ok_and(|path| path == output));
    let hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let entries = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter().filter_entry(|entry| {
        entry.depth() == 0 || !(hidden(entry.path()) || entry.file_type().is_dir() && is_output(entry.path()))
    });
    for entry in entries {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) => {
                let path = entry.into_path();
                if names_picture(&path) || looks_like_picture(&path) {
                    found.take(path, taken);
                } else {
                    found.left_out.push(path);
                }
            }
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_path_buf();
                if error.loop_ancestor().is_some() {
                    found.closed.push((path, "cannot be gone into: the link leads back to a folder above it".into()));
                } else if names_picture(&path) && path.symlink_metadata().is_ok_and(|about| !about.is_dir()) {
                    // A link to nowhere: opening it will say so.
                    found.take(path, taken);
                } else {
                    let cause = error.io_error().map_or_else(|| "unknown".to_owned(), crate::error::plain_cause);
                    found.closed.push((path, format!("cannot be gone into: {cause}")));
                }
            }
        }
    }
}

fn expand(input: &Path, output: Option<&Path>, found: &mut Found, taken: &mut HashSet<PathBuf>) {
    let pattern = input.to_str().filter(|text| text.contains(['*', '?', '[']));
    let Some(pattern) = pattern else {
        found.problems.push(format!("{}: no such file or folder", input.display()));
        return;
    };
    match glob::glob(pattern) {
        Err(error) => found.problems.push(format!("{pattern}: not a pattern that can be read: {error}")),
        Ok(paths) => {
            let before = found.photos.len() + found.closed.len();
            for path in paths {
                match path {
                    Ok(path) if path.is_dir() => walk(&path, output, found, taken),
                    Ok(path) => found.take(path, taken),
                    Err(error) => found.closed.push((
                        error.path().to_path_buf(),
                        format!("cannot be gone into: {}", crate::error::plain_cause(error.error())),
                    )),
                }
            }
            if found.photos.len() + found.closed.len() == before {
                found.problems.push(format!("{pattern}: no photo matches"));
            }
        }
    }
}

/// Paths from a list: one a line (an ending carriage return is dropped), or separated by NUL. Empty ones are skipped. Bytes that
/// are no UTF-8 stay as they are.
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
        assert!(found.closed.is_empty() && found.problems.is_empty());
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
