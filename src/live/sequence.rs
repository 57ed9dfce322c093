//! Pictures, each measured exactly as `orthostat analyze` measures photos: for a sequence, and for the key `s`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use opencv::core::{Mat, MatTraitConst};
use opencv::imgproc::{COLOR_RGB2BGR, cvt_color_def};
use orthostat::app::cli::Live;
use orthostat::core::error::{Error, Result};
use orthostat::core::options::DEFAULT_READINGS;
use orthostat::core::pipeline::Analysis;
use orthostat::core::record::{Record, SCHEMA};
use orthostat::core::watch::{State, WATCHED};
use orthostat::report;
use orthostat::report::output::{self, Outputs};
use orthostat::report::scene::framing::Attitude;
use orthostat::vision::analysis::Analyzer;
use orthostat::vision::photo::{Format, Metadata, Photo, ReadOptions, Source};
use orthostat::vision::raster::frame::Frame;

use super::body::{Person, Reading};
use super::log::{Line, record_words};
use super::scene::{Painter, Scene, Strip};
use super::standing::{free_id, save};
use super::terminal::say;
use super::window::{Key, Window, cannot};

/// The default number of readings of each picture of a sequence.
const READINGS: usize = 2;
/// How long a picture is shown in the window.
const STANDS: Duration = Duration::from_millis(500);

fn analyzer(options: &Live) -> Result<Analyzer> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Analyzer::open(&[options.models()], cores.min(2))
}

/// Measures pictures one after the other; returns the exit code.
///
/// # Errors
/// [`Error::Runtime`] and [`Error::Model`], which no later picture would cure; what the first unreadable one says when none
/// could be read.
pub fn run(options: &Live, pictures: &[PathBuf], mut window: Option<Window>) -> Result<u8> {
    let measuring = options.measuring(READINGS);
    let mut analyzer = analyzer(options)?;
    let mut painter = Painter::default();
    let (mut measured, mut readable, mut first_error) = (0, false, None);
    let most = options.frames.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
    for (number, path) in pictures.iter().enumerate().take(most) {
        let photo = Photo::open(path, &ReadOptions::default());
        readable |= photo.is_ok();
        let analyzed = photo.map(|photo| (analyzer.analyze(&photo, &measuring).map(Box::new), photo));
        let flow = match analyzed {
            Ok((analysis, photo)) => {
                if let Some(window) = &mut window {
                    show(window, &mut painter, &photo, analysis.as_deref().ok(), options)?;
                }
                match analysis {
                    Ok(analysis) => {
                        measured += 1;
                        let id = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
                        tell(&Record::of(photo.provenance(&id), &analysis), number as u64, options, window.is_some())?
                    }
                    Err(error @ (Error::Runtime { .. } | Error::Model { .. })) => return Err(error),
                    // Of the remaining errors, only an unclear view (Usage) means that a person was found.
                    Err(error) => {
                        let person = matches!(error, Error::Usage { .. });
                        tell_why_not(&error, person, number as u64, options, window.is_some())?
                    }
                }
            }
            Err(error) => {
                let flow = tell_why_not(&error, false, number as u64, options, window.is_some())?;
                first_error.get_or_insert(error);
                flow
            }
        };
        if flow.is_break() || stands(&mut window)?.is_break() {
            break;
        }
    }
    match first_error {
        Some(error) if !readable => Err(error),
        _ => Ok(if measured == 0 { 3 } else { 0 }),
    }
}

fn tell(record: &Record, frame: u64, options: &Live, windowed: bool) -> Result<ControlFlow<()>> {
    if options.jsonl {
        let line = Line::Measured {
            record,
            frame,
            time_ms: None,
            person: true,
            state: State::Ready,
            frames: 1,
            still_frames: 1,
        };
        return say(&line.text()?);
    }
    if windowed { Ok(ControlFlow::Continue(())) } else { say(&format!("{}: {}", record.id, record_words(record))) }
}

fn tell_why_not(error: &Error, person: bool, frame: u64, options: &Live, windowed: bool) -> Result<ControlFlow<()>> {
    let reason = &error.to_string();
    if options.jsonl {
        let state = if person { State::Turned } else { State::Away };
        return say(&Line::Unmeasured { schema: SCHEMA, frame, time_ms: None, person, state, reason }.text()?);
    }
    if windowed { Ok(ControlFlow::Continue(())) } else { say(reason) }
}

/// Waits while a picture is shown, or for a key that ends it.
fn stands(window: &mut Option<Window>) -> Result<ControlFlow<()>> {
    let Some(window) = window else { return Ok(ControlFlow::Continue(())) };
    let start = std::time::Instant::now();
    while start.elapsed() < STANDS {
        if window.key()? == Some(Key::Quit) {
            return Ok(ControlFlow::Break(()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(ControlFlow::Continue(()))
}

fn show(
    window: &mut Window,
    painter: &mut Painter,
    photo: &Photo,
    analysis: Option<&Analysis>,
    options: &Live,
) -> Result<()> {
    let person = analysis.map(|analysis| Person {
        pose: analysis.pose.clone(),
        camera: analysis.camera,
        view: analysis.view,
        readings: WATCHED
            .into_iter()
            .map(|measure| Reading {
                measure,
                value: match analysis.assessment.get(measure) {
                    Ok(found) => Ok((found.value, 1.96 * found.sd)),
                    Err(refusal) => Err(refusal.to_string()),
                },
            })
            .collect(),
    });
    let scene = Scene {
        state: analysis.map_or(State::Away, |analysis| State::of(analysis, false)),
        person,
        note: photo.source.path.file_name().map(|name| name.to_string_lossy().into_owned()),
        large: None,
        result: Vec::new(),
        alert: None,
        help: false,
        hint: false,
        flipped: !options.mirrored,
    };
    let paint = || -> opencv::Result<Mat> {
        let flat = Mat::from_slice(photo.pixels.as_raw())?;
        let rgb = flat.reshape(3, i32::try_from(photo.pixels.height()).unwrap_or(0))?;
        let mut bgr = Mat::default();
        cvt_color_def(&rgb, &mut bgr, COLOR_RGB2BGR)?;
        Ok(bgr)
    };
    let bgr = paint().map_err(cannot)?;
    window.show(painter.paint(&bgr, &scene, &Strip::default()).map_err(cannot)?)
}

/// Saves a frame as a picture, with its record and the annotated picture as written by `orthostat analyze --out`; returns the message for
/// the user.
///
/// # Errors
/// [`Error::Unwritable`], [`Error::Runtime`], [`Error::Model`].
pub fn snapshot(frame: &Frame<'_>, name: &Path, options: &Live) -> Result<String> {
    let folder = &options.out;
    output::make_folder(folder)?;
    // Each under an unused name: nothing is ever replaced.
    let outputs = Outputs::files(false);
    let id = free_id(folder, "snapshot");
    let photo = photo_of(frame, name);
    let path = folder.join(format!("{id}.jpg"));
    outputs.write(&path, &output::jpeg(&photo.pixels, &path)?, None)?;
    let analysis = match analyzer(options)?.analyze(&photo, &options.measuring(DEFAULT_READINGS)) {
        Ok(analysis) => analysis,
        Err(error @ (Error::Runtime { .. } | Error::Model { .. })) => return Err(error),
        Err(error) => return Ok(format!("saved {}; no record: {error}", path.display())),
    };
    let mut record = Record::of(photo.provenance(&id), &analysis);
    record.source.format = "frame".into();
    save(folder, &record)?;
    let annotated = folder.join(format!("{id}.annotated.jpg"));
    let bytes = output::jpeg(&report::raster::draw(&photo.pixels, &record, Attitude::Upright), &annotated)?;
    outputs.write(&annotated, &bytes, None)?;
    Ok(format!("saved {}", path.display()))
}

/// A frame as a photo: it has no file to hash, and nothing is known about the camera.
fn photo_of(frame: &Frame<'_>, name: &Path) -> Photo {
    let pixels = frame.to_rgb();
    let (width, height) = pixels.dimensions();
    Photo {
        halvings: 0,
        encoded: None,
        region: None,
        source: Source {
            path: name.into(),
            blake3: None,
            bytes: 0,
            // The nearest format to raw pixels; the record says "frame" instead.
            format: Format::Bmp,
            stored_width: width,
            stored_height: height,
            orientation: 1,
        },
        pixels,
        metadata: Metadata::default(),
        notes: Vec::new(),
    }
}
