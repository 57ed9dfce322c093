//! Files of JSON lines: the position of each line, and its record.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use serde::Deserialize;

use super::place::{Kind, Place};
use crate::core::error::{Error, Result};

/// The fields that identify a line.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    record: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    #[serde(default)]
    id: Option<String>,
}

fn open(path: &Path) -> Result<File> {
    let about = std::fs::metadata(path).map_err(|source| Error::Unreadable { path: path.into(), source })?;
    if !about.is_file() {
        return Err(Error::unreadable(path.into(), std::io::ErrorKind::InvalidInput, "it is not a file"));
    }
    File::open(path).map_err(|source| Error::Unreadable { path: path.into(), source })
}

/// Whether a file contains one record per line: by its ending, or because its first line is a complete object and more follows.
pub(super) fn are_lines(path: &Path) -> Result<bool> {
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    if ending.is_some_and(|ending| ending == "jsonl" || ending == "ndjson") {
        return Ok(true);
    }
    let unreadable = |source| Error::Unreadable { path: path.into(), source };
    let mut reader = BufReader::new(open(path)?);
    let mut first = Vec::new();
    reader.read_until(b'\n', &mut first).map_err(unreadable)?;
    if !first.starts_with(b"{") || serde_json::from_slice::<serde::de::IgnoredAny>(&first).is_err() {
        return Ok(false);
    }
    let more = reader.bytes().find(|byte| !matches!(byte, Ok(byte) if byte.is_ascii_whitespace()));
    more.transpose().map(|more| more.is_some()).map_err(unreadable)
}

/// Every line that is not blank.
pub(super) fn all(path: &Path) -> Result<Vec<Place>> {
    let unreadable = |source| Error::Unreadable { path: path.into(), source };
    let mut reader = BufReader::new(open(path)?);
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let (mut places, mut start, mut number) = (Vec::new(), 0_u64, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line).map_err(unreadable)?;
        if length == 0 {
            break;
        }
        number += 1;
        if !line.trim_ascii().is_empty() {
            let id = id(&line);
            places.push(Place {
                name: id.as_ref().map_or_else(|| format!("{file}, line {number}"), |id| format!("{file}#{id}")),
                path: path.into(),
                stem: id.unwrap_or_else(|| format!("line-{number}")),
                kind: Kind::Line { number, start, length },
            });
        }
        start += length as u64;
    }
    if places.is_empty() {
        let reason = "expected one record a line, found none".into();
        return Err(Error::NotARecord { path: path.into(), reason, source: None });
    }
    Ok(places)
}

fn id(line: &[u8]) -> Option<String> {
    let head: Head = serde_json::from_slice(line).ok()?;
    head.record.and_then(|record| record.id).or(head.id)
}

/// The bytes of one line.
pub(super) fn read(path: &Path, start: u64, length: usize) -> Result<Vec<u8>> {
    let unreadable = |source| Error::Unreadable { path: path.into(), source };
    let mut file = open(path)?;
    let mut bytes = vec![0; length];
    file.seek(SeekFrom::Start(start)).and_then(|_| file.read_exact(&mut bytes)).map_err(unreadable)?;
    Ok(bytes.trim_ascii().to_vec())
}
