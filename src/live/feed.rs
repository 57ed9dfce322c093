//! Frames in time: a file at its own pace or as fast as possible, a camera or a stream always at its latest.
//!
//! Live sources are read by a thread that keeps the latest frame only: a frame that comes while another is being
//! looked at takes the place of the one before it. When the source vanishes, that thread opens it again, for as long as it
//! takes.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use opencv::core::{Mat, MatTraitConst};
use opencv::imgcodecs::{IMREAD_COLOR, imdecode_to};
use opencv::videoio::VideoCaptureTrait;
use orthostat::core::error::{Error, Result};

use super::source::{Input, Live, Video, straighten};

/// What the feed has to give.
#[derive(Debug)]
pub enum Next {
    /// A frame, now in [`Feed::frame`].
    Frame(Stamp),
    /// Nothing within the time that was given.
    Nothing,
    /// The source has vanished and is waited for; why.
    Vanished(String),
    /// The source is at its end.
    End,
}

/// When a frame was taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stamp {
    /// The frame's number among those that were looked at, counted from 0.
    pub number: u64,
    /// Seconds: of a file its own time stamp, of a camera or a stream when it arrived, from the first on.
    pub seconds: f64,
}

/// How a file is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As it was taken; frames that come late are dropped.
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
        /// When the file's time 0 was shown.
        start: Option<Instant>,
        /// A frame that has been read and is not due yet.
        pending: Option<f64>,
        /// Added to the file's times after it has started over, and the last time.
        offset: f64,
        last: Option<f64>,
        /// Frames read since it started over.
        read: u64,
    },
    Running {
        shared: Arc<Shared>,
        first: Option<Instant>,
        vanished: Option<Instant>,
        give_up: Option<f64>,
        /// Every frame is looked at that can be: the next is wanted before anybody waits for it.
        eager: bool,
        name: PathBuf,
    },
}

/// A frame may be shown so much after its time before it counts as late.
const LATE: f64 = 0.05;
/// How often a resting source is asked whether it is wanted again.
const GLANCE: Duration = Duration::from_millis(50);
/// How long to wait before a vanished source is opened again.
const AGAIN: Duration = Duration::from_millis(500);

/// What the reading thread and the looking one share.
#[derive(Debug, Default)]
struct Shared {
    slot: Mutex<Slot>,
    changed: Condvar,
    /// Somebody waits for a frame: reading one costs, where dropping one does not.
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

    /// Reads a camera or a stream, and gives up when it stays away for so many seconds. `eager` says that the frames are looked
    /// at as fast as they come.
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

    /// Closes a camera or a stream, so that its lamp goes out and others can have it, or opens it again. A file is read on.
    pub fn rest(&mut self, resting: bool) {
        if let Kind::Running { shared, .. } = &self.kind {
            shared.resting.store(resting, Ordering::Relaxed);
            if resting {
                shared.lock().fresh = false;
            }
        }
    }

    /// What time it is by the source's clock, in seconds; of a file, the time of its last frame.
    #[must_use]
    pub fn now(&self) -> f64 {
        match &self.kind {
            Kind::File { last, offset, .. } => last.unwrap_or(0.0) + offset,
            Kind::Running { first, .. } => first.map_or(0.0, |first| first.elapsed().as_secs_f64()),
        }
    }

    /// The next frame, waited for no longer than `wait`.
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
                        // The next round begins as far after the last frame as frames are apart on the mean.
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
                // Bytes that are no picture, as a camera that starts up may send, are passed over.
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

/// The reading thread: reads, and opens again what has vanished.
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

/// Reads until the source has vanished; says why.
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
