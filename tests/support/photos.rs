//! The pictures in `fixtures/photo`, whose names state the expected result; `make.py` there creates them.

use std::path::{Path, PathBuf};

use image::RgbImage;
use orthostat::core::error::Result;
use orthostat::vision::photo::{Photo, ReadOptions};

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/photo").join(name)
}

pub(crate) fn bytes_of(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub(crate) fn try_open(name: &str) -> Result<Photo> {
    Photo::open(&fixture(name), &ReadOptions::default())
}

pub(crate) fn open(name: &str) -> Photo {
    try_open(name).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn refusal(name: &str) -> String {
    assert!(fixture(name).exists(), "{name} is missing");
    let error = try_open(name).expect_err(name);
    assert_eq!(error.exit_code(), 1, "{error}");
    let path = fixture(name).display().to_string();
    let sentence = error.to_string();
    sentence.strip_prefix(&format!("{path}: ")).expect("the sentence starts with the file").to_owned()
}

/// All fixtures, readable or not, without the script.
pub(crate) fn all_fixtures() -> Vec<String> {
    let folder = std::fs::read_dir(fixture("")).expect("the fixtures are there");
    let mut names: Vec<_> = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.ends_with(".py"));
    names.sort();
    assert!(names.len() > 60, "{} fixtures", names.len());
    names
}

/// The mean difference of two pictures of the same size, 0 to 255.
pub(crate) fn difference(a: &RgbImage, b: &RgbImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let sum: u64 = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    #[allow(clippy::cast_precision_loss)]
    let mean = sum as f64 / a.as_raw().len() as f64;
    mean
}
