//! Frames in time: a file at its own speed or as fast as possible, a camera or a stream always at its latest frame.
//!
//! Live sources are read by a thread that keeps only the latest frame: a frame that arrives while another is being processed replaces the
//! one before it. When the source is lost, the thread reopens it for as long as needed.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use opencv::core::{Mat, MatTraitConst};
use opencv::imgcodecs::{IMREAD_COLOR, imdecode_to};
use opencv::videoio::VideoCaptureTrait;
use orthostat::core::error::{Error, Result};

use super::source::{Input, Live, Video, straighten};

/// The next result of the feed.
#[derive(Debug)]
pub enum Next {
    /// A frame, now in [`Feed::frame`].
    Frame(Stamp),
    /// Nothing within the given time.
    Nothing,
    /// The source is lost, with the reason; it is being reopened.
    Vanished(String),
    /// The source has ended.
    End,
}

/// The time of a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stamp {
    /// The frame's index among the processed frames, counted from 0.
    pub number: u64,
    /// Seconds: for a file its own time stamp, for a camera or a stream the time of arrival, counted from the first frame.
    pub seconds: f64,
}

/// The speed at which a file is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// At its own speed; late frames are dropped.
    Own,
    /// Every frame, as fast as possible.
    Every,
}

/// Frames, one after the other.
#[derive(Debug)]
pub struct Feed {
    frame: Mat,
    spare: Mat,
    jpeg: Vec<u8>,
    number: u64,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    File {
        video: Video,
        pace: Pace,
        looped: bool,
        /// When the file's time 0 was displayed.
        start: Option<Instant>,
        /// The time of a frame that has been read but is not due yet.
        pending: Option<f64>,
        /// The offset added to the file's times after it has restarted, and the last time.
        offset: f64,
        last: Option<f64>,
        /// Frames read since the restart.
        read: u64,
    },
    Running {
        shared: Arc<Shared>,
        first: Option<Instant>,
        vanished: Option<Instant>,
        give_up: Option<f64>,
        /// Every possible frame is processed: the next one is requested before it is needed.
        eager: bool,
        name: PathBuf,
    },
}

/// The delay after which a frame counts as late.
const LATE: f64 = 0.05;
/// The interval at which a resting source checks whether it is needed again.
const GLANCE: Duration = Duration::from_millis(50);
/// The delay before a lost source is reopened.
const AGAIN: Duration = Duration::from_millis(500);

/// The state shared by the reading and the processing thread.
#[derive(Debug, Default)]
struct Shared {
    slot: Mutex<Slot>,
    changed: Condvar,
    /// A frame is requested: decoding a frame is expensive, dropping one is not.
    wanted: AtomicBool,
    stop: AtomicBool,
    /// The source is closed until further notice.
    resting: AtomicBool,
}

#[derive(Debug, Default)]
struct Slot {
    fresh: bool,
    arrived: Option<Instant>,
    pixels: Mat,
    jpeg: Vec<u8>,
    is_jpeg: bool,
    vanished: Option<String>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if let Kind::Running { shared, .. } = &self.kind {
            shared.stop.store(true, Ordering::Relaxed);
        }
    }
}

impl Feed {
    /// Plays a video file.
    #[must_use]
    pub fn of_file(video: Video, pace: Pace, looped: bool) -> Self {
        let kind = Kind::File { video, pace, looped, start: None, pending: None, offset: 0.0, last: None, read: 0 };
        Self { frame: Mat::default(), spare: Mat::default(), jpeg: Vec::new(), number: 0, kind }
    }

    /// Reads a camera or a stream, and gives up when it is lost for this many seconds. With `eager`, frames are processed as fast as they
    /// arrive.
    #[must_use]
    pub fn of_live(source: Live, input: Input, give_up: Option<f64>, eager: bool) -> Self {
        let shared = Arc::new(Shared::default());
        let name = source.name();
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || keep_reading(&source, input, &theirs));
        let kind = Kind::Running { shared, first: None, vanished: None, give_up, eager, name };
        Self { frame: Mat::default(), spare: Mat::default(), jpeg: Vec::new(), number: 0, kind }
    }

    /// The latest frame's pixels: blue, green, red.
    #[must_use]
    pub fn frame(&self) -> &Mat {
        &self.frame
    }

    /// Whether the source runs continuously.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self.kind, Kind::Running { .. })
    }

    /// Closes a camera or a stream, so that its light goes out and other programs can use it, or opens it again. A file stays open.
    pub fn rest(&mut self, resting: bool) {
        if let Kind::Running { shared, .. } = &self.kind {
            shared.resting.store(resting, Ordering::Relaxed);
            if resting {
                shared.lock().fresh = false;
            }
        }
    }

    /// The time on the source's clock, in seconds; for a file, the time of its last frame.
    #[must_use]
    pub fn now(&self) -> f64 {
        match &self.kind {
            Kind::File { last, offset, .. } => last.unwrap_or(0.0) + offset,
            Kind::Running { first, .. } => first.map_or(0.0, |first| first.elapsed().as_secs_f64()),
        }
    }

    /// The next frame, waiting at most `wait`.
    ///
    /// # Errors
    /// [`Error::NotAPicture`] for a file without a frame and for frames that cannot be used; [`Error::Unreadable`] when a
    /// vanished source is given up.
    pub fn next(&mut self, wait: Duration) -> Result<Next> {
        let name = match &self.kind {
            Kind::File { video, .. } => video.path.clone(),
            Kind::Running { name, .. } => name.clone(),
        };
        let next = match self.kind {
            Kind::File { .. } => self.next_of_file(wait)?,
            Kind::Running { .. } => self.next_of_live(wait)?,
        };
        if let Next::Frame(_) = next {
            straighten(&mut self.frame, &mut self.spare).map_err(|reason| Error::NotAPicture {
                path: name,
                reason,
                source: None,
            })?;
            self.number += 1;
        }
        Ok(next)
    }

    fn next_of_file(&mut self, wait: Duration) -> Result<Next> {
        let Kind::File { video, pace, looped, start, pending, offset, last, read } = &mut self.kind else {
            return Ok(Next::End);
        };
        let mut dropped = 0;
        loop {
            let seconds = match pending.take() {
                Some(seconds) => seconds,
                None => match video.read(&mut self.frame) {
                    Some(seconds) => {
                        *read += 1;
                        seconds
                    }
                    None if self.number == 0 && last.is_none() => {
                        let reason = "expected at least one frame, found none".into();
                        return Err(Error::NotAPicture { path: video.path.clone(), reason, source: None });
                    }
                    None if *looped => {
                        // The next round begins one mean frame interval after the last frame.
                        let length = last.unwrap_or(0.0);
                        *offset += length + length / ((*read).max(2) - 1) as f64;
                        (*last, *read) = (None, 0);
                        *start = None;
                        *video = Video::open(&video.path)?;
                        continue;
                    }
                    None => return Ok(Next::End),
                },
            };
            if *pace == Pace::Own {
                let start = *start.get_or_insert_with(|| Instant::now() - Duration::from_secs_f64(seconds.max(0.0)));
                let ahead = seconds - start.elapsed().as_secs_f64();
                if ahead > wait.as_secs_f64() {
                    *pending = Some(seconds);
                    std::thread::sleep(wait);
                    return Ok(Next::Nothing);
                }
                if ahead > 0.0 {
                    std::thread::sleep(Duration::from_secs_f64(ahead));
                } else if ahead < -LATE && dropped < 100 {
                    *last = Some(seconds);
                    dropped += 1;
                    continue;
                }
            }
            *last = Some(seconds);
            return Ok(Next::Frame(Stamp { number: self.number, seconds: seconds + *offset }));
        }
    }

    fn next_of_live(&mut self, wait: Duration) -> Result<Next> {
        let Kind::Running { shared, first, vanished, give_up, eager, name } = &mut self.kind else {
            return Ok(Next::End);
        };
        shared.wanted.store(true, Ordering::Relaxed);
        let slot = shared.lock();
        let (mut slot, _) = shared
            .changed
            .wait_timeout_while(slot, wait, |slot| !slot.fresh && slot.vanished.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        if slot.fresh {
            slot.fresh = false;
            shared.wanted.store(*eager, Ordering::Relaxed);
            *vanished = None;
            let arrived = slot.arrived.unwrap_or_else(Instant::now);
            let from = *first.get_or_insert(arrived);
            let seconds = arrived.duration_since(from).as_secs_f64();
            if slot.is_jpeg {
                std::mem::swap(&mut slot.jpeg, &mut self.jpeg);
                drop(slot);
                // Bytes that are not a picture, as sent by some cameras at the start, are skipped.
                let decoded =
                    Mat::from_slice(&self.jpeg).and_then(|bytes| imdecode_to(&bytes, IMREAD_COLOR, &mut self.frame));
                if decoded.is_err() || self.frame.empty() {
                    return Ok(Next::Nothing);
                }
            } else {
                std::mem::swap(&mut slot.pixels, &mut self.frame);
            }
            return Ok(Next::Frame(Stamp { number: self.number, seconds }));
        }
        let Some(reason) = slot.vanished.clone() else { return Ok(Next::Nothing) };
        drop(slot);
        let since = *vanished.get_or_insert_with(Instant::now);
        if give_up.is_some_and(|most| since.elapsed().as_secs_f64() >= most) {
            let reason = format!("it went away and did not come back: {reason}");
            return Err(Error::unreadable(name.clone(), std::io::ErrorKind::NotConnected, &reason));
        }
        std::thread::sleep(wait.min(Duration::from_millis(100)));
        Ok(Next::Vanished(reason))
    }
}

/// The reading thread: reads, and reopens a lost source.
fn keep_reading(source: &Live, input: Input, shared: &Shared) {
    let mut input = Some(input);
    while !shared.stop.load(Ordering::Relaxed) {
        if shared.resting.load(Ordering::Relaxed) {
            input = None;
            std::thread::sleep(GLANCE);
            continue;
        }
        let reason = match input.take() {
            Some(mut opened) => read_on(&mut opened, shared),
            None => {
                std::thread::sleep(AGAIN);
                match source.open() {
                    Ok(opened) => {
                        input = Some(opened);
                        continue;
                    }
                    Err(reason) => reason,
                }
            }
        };
        if !shared.resting.load(Ordering::Relaxed) {
            shared.lock().vanished = Some(reason);
            shared.changed.notify_all();
        }
    }
}

/// Reads until the source is lost; returns the reason.
fn read_on(input: &mut Input, shared: &Shared) -> String {
    let (mut jpeg, mut pixels) = (Vec::new(), Mat::default());
    while !shared.stop.load(Ordering::Relaxed) && !shared.resting.load(Ordering::Relaxed) {
        let is_jpeg = match input {
            Input::Mjpeg(stream) => match stream.next(&mut jpeg) {
                Ok(true) => true,
                Ok(false) => return "the stream ended".into(),
                Err(reason) => return reason,
            },
            Input::Capture(capture) => {
                if !capture.grab().unwrap_or(false) {
                    return "no more pictures come".into();
                }
                if !shared.wanted.load(Ordering::Relaxed) {
                    continue;
                }
                if !capture.retrieve_def(&mut pixels).unwrap_or(false) || pixels.empty() {
                    continue;
                }
                false
            }
        };
        let mut slot = shared.lock();
        if is_jpeg {
            std::mem::swap(&mut slot.jpeg, &mut jpeg);
        } else {
            std::mem::swap(&mut slot.pixels, &mut pixels);
        }
        slot.is_jpeg = is_jpeg;
        slot.fresh = true;
        slot.arrived = Some(Instant::now());
        slot.vanished = None;
        drop(slot);
        shared.changed.notify_all();
    }
    String::new()
}
