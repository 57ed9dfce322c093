//! Watching: frames from a camera, a video, a sequence of pictures or a stream.
//!
//! - [`source`]: what the user names -> an opened [`source::Source`]; [`pictures`], [`cameras`], [`mjpeg`] know their kinds
//! - [`feed`]: frames in time; late ones are dropped, a vanished source is waited for
//! - [`run`]: frame -> tracker -> analysis -> what is shown and logged; [`sequence`]: pictures, each like a photo
//! - [`follow`]: one frame's person, measured and smoothed; [`standing`]: the standing check's record
//! - [`scene`] on [`canvas`], in [`window`]: what is shown
//! - [`log`], [`notify`], [`terminal`], [`timing`]: what is written and said
//!
//! Only [`terminal`] prints, and only the files of this folder name `opencv`. Everything that needs no pixel of OpenCV's is in
//! the library: `track`, `frame`, `smoothing`, `watch`.

pub mod cameras;
pub mod canvas;
pub mod feed;
pub mod follow;
pub mod log;
pub mod mjpeg;
pub mod notify;
pub mod pictures;
pub mod run;
pub mod scene;
pub mod sequence;
pub mod source;
pub mod standing;
pub mod terminal;
pub mod timing;
pub mod window;
