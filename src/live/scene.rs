//! The content of the window: the mirrored picture, the person's lines over it, values in words, the last minute.

use std::collections::VecDeque;

use opencv::core::{BORDER_CONSTANT, Mat, MatTraitConst, Point as Pixel, Rect, Scalar, Size, Vector, copy_make_border};
use opencv::imgproc::{INTER_AREA, INTER_LINEAR, resize};
use orthostat::core::measure::Measure;
use orthostat::core::watch::{State, WATCHED};

use super::body::{self, Person, Reading};
use super::canvas::{self, Color, GREEN, GREY, INK, Letters, ORANGE, SKY, VERMILLION, WHITE, YELLOW};

/// The size that pictures are fitted into, in pixels: reduced, or enlarged at most twice. The strip stands below.
const FITS: (f64, f64) = (1280.0, 720.0);
/// The time span of the strip, in seconds, and its steps.
const STRIP_SECONDS: f64 = 60.0;
const STRIP_STEP: f64 = 0.25;
/// From the strip's middle to its edge, in degrees.
const STRIP_DEG: f64 = 12.0;

const HELP: [[&str; 2]; 9] = [
    ["space", "pause, go on"],
    ["b", "take a baseline: ten seconds as you usually are"],
    ["c", "standing check: three seconds of standing still"],
    ["s", "save this picture with its record"],
    ["m", "mirror the picture, or not"],
    ["z", "snooze the alerts"],
    ["?", "this help"],
    ["q", "quit"],
    ["", "Sides are your own. It measures; it does not diagnose."],
];

/// Everything shown in the window besides the picture.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The person, while one is measured.
    pub person: Option<Person>,
    /// The state.
    pub state: State,
    /// One line on the current activity: taking a baseline, waiting for a source.
    pub note: Option<String>,
    /// Large letters in the middle: a countdown.
    pub large: Option<String>,
    /// The result of a standing check, line by line.
    pub result: Vec<String>,
    /// The departures, during an episode.
    pub alert: Option<String>,
    /// Whether the help is shown on top.
    pub help: bool,
    /// Whether the key for the help is named.
    pub hint: bool,
    /// Whether the source's picture is shown mirrored.
    pub flipped: bool,
}

/// The last minute.
#[derive(Debug, Default)]
pub struct Strip {
    points: VecDeque<(f64, [Option<f64>; WATCHED.len()])>,
    /// Usual values and limits, if a baseline is used.
    pub usual: [Option<(f64, f64)>; WATCHED.len()],
}

impl Strip {
    /// Adds a frame's values in degrees, at most four times a second.
    pub fn push(&mut self, seconds: f64, values: [Option<f64>; WATCHED.len()]) {
        if self.points.back().is_some_and(|(last, _)| (0.0..STRIP_STEP).contains(&(seconds - last))) {
            return;
        }
        self.points.push_back((seconds, values));
        while self.points.front().is_some_and(|(first, _)| !(0.0..=STRIP_SECONDS).contains(&(seconds - first))) {
            self.points.pop_front();
        }
    }
}

/// The height of the strip below the picture for text of a size, in pixels.
const fn strip_height(size: u32) -> i32 {
    4 * size as i32
}

/// The colour of a watched measure.
fn color(measure: Measure) -> Color {
    match measure {
        Measure::HeadTilt => SKY,
        Measure::ShoulderTilt => ORANGE,
        Measure::PelvicObliquity => GREEN,
        _ => YELLOW,
    }
}

/// A short name, for lack of space.
#[must_use]
pub const fn name(measure: Measure) -> &'static str {
    match measure {
        Measure::HeadTilt => "head",
        Measure::ShoulderTilt => "shoulders",
        Measure::PelvicObliquity => "hips",
        _ => "trunk",
    }
}

/// A value for display: the number with its error, and its meaning with the subject's own side; or why there is none.
#[must_use]
pub fn words(reading: &Reading) -> [String; 2] {
    match &reading.value {
        Ok((value, error)) => {
            let [positive, negative] = reading.measure.says();
            let says = if *value > 0.0 { positive } else { negative };
            let says = if value.abs() > *error { says } else { "no difference resolved" };
            [format!("{value:+.1}\u{b0} \u{b1} {error:.1}"), says.to_owned()]
        }
        Err(reason) => [String::new(), reason.clone()],
    }
}

/// Draws scenes into a reused buffer.
#[derive(Debug, Default)]
pub struct Painter {
    letters: Letters,
    fitted: Mat,
    picture: Mat,
    shown: Mat,
    turned: body::Turned,
}

impl Painter {
    /// Draws a frame and its overlay.
    ///
    /// # Errors
    /// What OpenCV says.
    pub fn paint(&mut self, frame: &Mat, scene: &Scene, strip: &Strip) -> opencv::Result<&Mat> {
        let (width, height) = (f64::from(frame.cols()), f64::from(frame.rows()));
        let scale = (FITS.0 / width).min(FITS.1 / height).min(2.0);
        let fitted = if (scale - 1.0).abs() > 1e-3 {
            let size = Size::new((scale * width).round().max(1.0) as i32, (scale * height).round().max(1.0) as i32);
            let how = if scale < 1.0 { INTER_AREA } else { INTER_LINEAR };
            resize(frame, &mut self.fitted, size, 0.0, 0.0, how)?;
            &self.fitted
        } else {
            frame
        };
        let shown = self.turned.next(scene.person.as_ref());
        let framing = body::framing(frame.size()?, fitted.size()?, shown, scene.flipped);
        body::frame(fitted, &mut self.picture, shown, scene.flipped)?;
        let size = (self.picture.rows() / 36).clamp(14, 24) as u32;
        // The strip stands below the picture, where it covers nothing.
        let below = strip_height(size);
        copy_make_border(&self.picture, &mut self.shown, 0, below, 0, 0, BORDER_CONSTANT, Scalar::all(38.0))?;
        let mut taken = [0, 0];
        if let Some(person) = &scene.person {
            body::draw(&mut self.shown, person, &framing)?;
            taken = self.values(person, size)?;
        }
        self.state(scene, size, taken)?;
        self.strip(strip, size)?;
        self.messages(scene, size);
        if scene.help {
            self.help(size);
        }
        Ok(&self.shown)
    }

    /// The values, in the upper left corner; returns the lower right corner of their ground.
    fn values(&mut self, person: &Person, size: u32) -> opencv::Result<[i32; 2]> {
        let line = (size + size / 2) as i32;
        let columns = [line, line + 6 * size as i32, line + 12 * size as i32];
        let texts: Vec<[String; 2]> = person.readings.iter().map(words).collect();
        let last = |text: &[String; 2]| if text[0].is_empty() { columns[1] } else { columns[2] };
        let right = texts.iter().map(|text| last(text) + self.letters.width(&text[1], size)).max().unwrap_or(0);
        let ground = [right + line, line * texts.len() as i32 + line / 2];
        canvas::shade(&mut self.shown, Rect::new(0, 0, ground[0], ground[1]));
        for (index, (text, reading)) in texts.iter().zip(&person.readings).enumerate() {
            let y = line * (index as i32 + 1);
            canvas::dot(&mut self.shown, Pixel::new(line / 2, y - line / 4), size as i32 / 4, color(reading.measure))?;
            let shade = if reading.value.is_ok() { WHITE } else { GREY };
            self.letters.write(&mut self.shown, name(reading.measure), columns[0], y, size, shade);
            self.letters.write(&mut self.shown, &text[0], columns[1], y, size, shade);
            self.letters.write(&mut self.shown, &text[1], last(text), y, size, shade);
        }
        Ok(ground)
    }

    /// The state, in the upper right corner, or below the values where there is no room beside them.
    fn state(&mut self, scene: &Scene, size: u32, taken: [i32; 2]) -> opencv::Result<()> {
        let text = scene.state.words();
        let width = self.letters.width(text, size);
        let line = (size + size / 2) as i32;
        let left = self.shown.cols() - width - 2 * line;
        let top = if left < taken[0] { taken[1] } else { 0 };
        canvas::shade(&mut self.shown, Rect::new(left, top, width + 2 * line, line + line / 2));
        let lamp = match scene.state {
            State::Ready if scene.alert.is_some() => VERMILLION,
            State::Ready => GREEN,
            State::Paused | State::Away => GREY,
            _ => YELLOW,
        };
        canvas::dot(&mut self.shown, Pixel::new(left + line / 2, top + line - line / 4), size as i32 / 3, lamp)?;
        self.letters.write(&mut self.shown, text, left + line, top + line, size, WHITE);
        if !scene.hint {
            return Ok(());
        }
        let (hint, small) = ("? help", (size * 2 / 3).max(11));
        let width = self.letters.width(hint, small);
        let left = self.shown.cols() - width - line / 2;
        canvas::shade(&mut self.shown, Rect::new(left - line / 2, top + line + line / 2, width + line, line));
        self.letters.write(&mut self.shown, hint, left, top + 2 * line + line / 6, small, WHITE);
        Ok(())
    }

    /// The last minute, newest on the right; values towards the subject's left are up.
    fn strip(&mut self, strip: &Strip, size: u32) -> opencv::Result<()> {
        let (width, height) = (self.shown.cols(), strip_height(size));
        let top = self.shown.rows() - height;
        let y =
            |deg: f64| top + ((0.5 - (deg / (2.0 * STRIP_DEG)).clamp(-0.5, 0.5)) * f64::from(height - 4)) as i32 + 2;
        canvas::thin(&mut self.shown, Pixel::new(0, y(0.0)), Pixel::new(width, y(0.0)), GREY)?;
        let Some((newest, _)) = strip.points.back().copied() else { return Ok(()) };
        let x = |seconds: f64| width - 1 - ((newest - seconds) / STRIP_SECONDS * f64::from(width)) as i32;
        for (index, measure) in WATCHED.into_iter().enumerate() {
            let color = color(measure);
            // The limits for alerts of watch mode.
            if let Some((usual, limit)) = strip.usual[index] {
                for edge in [usual - limit, usual + limit] {
                    canvas::cased(
                        &mut self.shown,
                        Pixel::new(width - 30, y(edge)),
                        Pixel::new(width, y(edge)),
                        color,
                        1,
                    )?;
                }
            }
            let mut part: Vector<Pixel> = Vector::new();
            for (seconds, values) in &strip.points {
                match values[index] {
                    Some(value) => part.push(Pixel::new(x(*seconds), y(value))),
                    None => {
                        canvas::curve(&mut self.shown, &part, color)?;
                        part.clear();
                    }
                }
            }
            if !part.is_empty() {
                canvas::curve(&mut self.shown, &part, color)?;
            }
        }
        let small = (size * 2 / 3).max(11);
        self.letters.write(&mut self.shown, "left higher, or leaning left", 6, top + small as i32 + 2, small, GREY);
        let text = format!("right higher, or leaning right (last minute, \u{b1}{STRIP_DEG:.0}\u{b0})");
        self.letters.write(&mut self.shown, &text, 6, top + height - 6, small, GREY);
        Ok(())
    }

    fn messages(&mut self, scene: &Scene, size: u32) {
        let line = (size + size / 2) as i32;
        let mut bottom = self.picture.rows() - line / 2;
        for (text, color) in [(&scene.note, WHITE), (&scene.alert, [120, 190, 255])] {
            if let Some(text) = text {
                bottom = self.block(std::slice::from_ref(text), bottom, size, color) - line / 2;
            }
        }
        if !scene.result.is_empty() {
            let size = size + size / 2;
            let middle = self.picture.rows() / 2 + (scene.result.len() as u32 * size) as i32;
            self.block(&scene.result, middle, size, WHITE);
        }
        if let Some(text) = &scene.large {
            let size = 4 * size;
            let x = (self.shown.cols() - self.letters.width(text, size)) / 2;
            let y = self.picture.rows() / 2;
            for (dx, dy) in [(-2, 0), (2, 0), (0, -2), (0, 2), (3, 3)] {
                self.letters.write(&mut self.shown, text, x + dx, y + dy, size, INK);
            }
            self.letters.write(&mut self.shown, text, x, y, size, WHITE);
        }
    }

    /// Writes paragraphs on a dark ground, in the middle and above `bottom`, broken so that they fit; returns the upper edge.
    fn block(&mut self, paragraphs: &[String], bottom: i32, size: u32, color: Color) -> i32 {
        let line = (size + size / 2) as i32;
        let most = self.shown.cols() - 2 * line;
        let lines: Vec<String> = paragraphs.iter().flat_map(|text| self.letters.lines(text, size, most)).collect();
        let width = lines.iter().map(|text| self.letters.width(text, size)).max().unwrap_or(0);
        let height = line * lines.len() as i32 + line / 2;
        let (x, top) = ((self.shown.cols() - width) / 2, bottom - height);
        canvas::shade(&mut self.shown, Rect::new(x - line / 2, top, width + line, height));
        for (index, text) in lines.iter().enumerate() {
            self.letters.write(&mut self.shown, text, x, top + line * (index as i32 + 1), size, color);
        }
        top
    }

    fn help(&mut self, size: u32) {
        let line = (size + size / 2) as i32;
        let indent = 5 * size as i32;
        let width = indent + HELP.iter().map(|[_, text]| self.letters.width(text, size)).max().unwrap_or(0);
        let height = line * HELP.len() as i32;
        let (x, y) = ((self.shown.cols() - width) / 2, (self.picture.rows() - height) / 2);
        let area = Rect::new(x - line, y - line, width + 2 * line, height + line);
        // Twice, so that it stands out from the background.
        canvas::shade(&mut self.shown, area);
        canvas::shade(&mut self.shown, area);
        for (index, [key, text]) in HELP.iter().enumerate() {
            let y = y + line * index as i32 + line / 3;
            self.letters.write(&mut self.shown, key, x, y, size, YELLOW);
            self.letters.write(&mut self.shown, text, x + indent, y, size, WHITE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opencv::core::{CV_8UC3, MatTraitConstManual};
    use orthostat::core::body::pose::Pose;
    use orthostat::core::body::skeleton::Joint;
    use orthostat::core::body::view::View;
    use orthostat::core::camera::Camera;
    use orthostat::core::geometry::Point;

    #[test]
    fn sides_in_words_are_the_subjects_own() {
        let reading = |value| Reading { measure: Measure::ShoulderTilt, value };
        assert_eq!(words(&reading(Ok((4.2, 2.0)))), ["+4.2\u{b0} \u{b1} 2.0", "left shoulder higher"]);
        assert_eq!(words(&reading(Ok((-4.2, 2.0)))), ["-4.2\u{b0} \u{b1} 2.0", "right shoulder higher"]);
        assert_eq!(words(&reading(Ok((1.2, 2.0))))[1], "no difference resolved");
        assert_eq!(words(&reading(Err("hidden".into()))), ["", "hidden"]);
    }

    #[test]
    fn the_strip_keeps_a_minute_in_quarter_seconds_and_starts_anew_with_the_clock() {
        let mut strip = Strip::default();
        for k in 0..10_000 {
            strip.push(f64::from(k) / 60.0, [Some(1.0); 4]);
        }
        assert!((230..=245).contains(&strip.points.len()), "{}", strip.points.len());
        strip.push(0.0, [None; 4]);
        assert_eq!(strip.points.len(), 1);
    }

    #[test]
    fn a_long_alert_stays_inside_the_window_and_the_strip_below_the_picture() {
        let frame = Mat::new_rows_cols_with_default(480, 640, CV_8UC3, Scalar::all(90.0)).unwrap();
        let alert = "head leaning to the left by 12.3 degrees; left shoulder higher by 9.9 degrees; hips higher on the left by 8.0 degrees; \
                     trunk leaning to the left by 7.0 degrees"
            .to_owned();
        let scene = Scene {
            person: None,
            state: State::Ready,
            note: None,
            large: None,
            result: vec!["Shoulders: left higher by 2.9 degrees".into(), "Hips: cannot tell".into()],
            alert: Some(alert),
            help: false,
            hint: true,
            flipped: true,
        };
        let mut painter = Painter::default();
        let shown = painter.paint(&frame, &scene, &Strip::default()).unwrap();
        // Enlarged to 960 x 720, with the strip below.
        assert_eq!((shown.cols(), shown.rows()), (960, 720 + 80));
        let bytes = shown.data_bytes().unwrap();
        let lit = |x: usize, y: usize| bytes[3 * (y * 960 + x) + 2] > 200;
        assert!((600..720).any(|y| (20..940).any(|x| lit(x, y))), "the alert is written");
        assert!(!(600..720).any(|y| (0..8).chain(952..960).any(|x| lit(x, y))), "and does not reach the edges");
    }

    #[test]
    fn a_mirrored_scene_has_the_body_on_the_other_side() {
        let frame = Mat::new_rows_cols_with_default(720, 1280, CV_8UC3, Scalar::all(90.0)).unwrap();
        let pose = Pose::from_points([
            (Joint::LeftShoulder, Point::new(400.0, 300.0)),
            (Joint::RightShoulder, Point::new(200.0, 300.0)),
        ]);
        let camera = Camera::of(1280.0, 720.0, &Default::default(), &Default::default());
        let person = Some(Person { pose, camera, view: View::Anterior, readings: Vec::new() });
        let mut scene = Scene {
            person,
            state: State::Ready,
            note: None,
            large: None,
            result: Vec::new(),
            alert: None,
            help: false,
            hint: true,
            flipped: true,
        };
        let mut painter = Painter::default();
        let mut orange_at = |scene: &Scene, x: i32| {
            let shown = painter.paint(&frame, scene, &Strip::default()).unwrap();
            shown.at_2d::<opencv::core::Vec3b>(300, x).unwrap().0 == ORANGE
        };
        assert!(orange_at(&scene, 1280 - 300) && !orange_at(&scene, 300));
        scene.flipped = false;
        assert!(!orange_at(&scene, 1280 - 300) && orange_at(&scene, 300));
        let _ = frame.data_bytes().unwrap();
    }
}
