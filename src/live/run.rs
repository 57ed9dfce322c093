//! One run: processes frames, and drives the window, the log, the alerts, and the standing check.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use orthostat::app::cli::Live;
use orthostat::core::error::Result;
use orthostat::core::measure::Measurement;
use orthostat::core::record::{Provenance, Record};
use orthostat::core::watch::alert::{Event, LEAST_DEG, Watch};
use orthostat::core::watch::baseline::{Baseline, Progress, Taking};
use orthostat::core::watch::check::{Check, Step};
use orthostat::core::watch::period::Period;
use orthostat::core::watch::session::Row;
use orthostat::core::watch::{Glimpse, Signal, State, WATCHED};
use orthostat::report;
use orthostat::report::glance;
use orthostat::store::baselines;
use orthostat::vision::raster::frame::Frame;

use super::display::Display;
use super::feed::{Feed, Next, Stamp};
use super::follow::{Follower, Sight};
use super::log::{Line, SessionFile, event_words, period_short, period_words};
use super::notify::Notifier;
use super::sequence;
use super::source::pixels;
use super::standing::{Standing, free_id, save, source_of};
use super::terminal::{self, complain, say};
use super::timing::Timing;
use super::window::{Key, Window};

/// How long to wait for a frame before the keys are checked again.
const PATIENCE: Duration = Duration::from_millis(25);

/// Exit codes.
const DONE: u8 = 0;
const NOBODY: u8 = 3;

/// The state of a run.
pub struct Run<'a> {
    options: &'a Live,
    name: PathBuf,
    feed: Feed,
    follower: Follower,
    display: Display,
    notifier: Option<Notifier>,
    session: Option<SessionFile>,
    period: Period,
    /// The event for the session's next row.
    event: &'static str,
    watch: Option<Watch>,
    /// A baseline is to be taken as soon as a person is ready.
    wanted: bool,
    taking: Option<Taking>,
    check: Option<(Check, Standing)>,
    paused: bool,
    vanished: bool,
    measured: u64,
    looked: u64,
    last: u64,
    code: Option<u8>,
    timing: Timing,
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("name", &self.name).field("looked", &self.looked).finish_non_exhaustive()
    }
}

impl<'a> Run<'a> {
    /// Prepares a run; unwritable outputs are detected at this point.
    ///
    /// # Errors
    /// What the session's file or the baseline says.
    pub fn new(
        options: &'a Live,
        name: PathBuf,
        feed: Feed,
        follower: Follower,
        window: Option<Window>,
    ) -> Result<Self> {
        let session = options.session.as_deref().map(SessionFile::create).transpose()?;
        let kept = if options.watch && !options.new_baseline { baselines::open(&options.baseline)? } else { None };
        let wanted = options.watch && kept.is_none();
        if wanted {
            let why = if options.new_baseline { "as asked" } else { "there is none yet" };
            complain(&format!(
                "baseline \"{}\": taken now ({why}); ten seconds as you usually stand or sit, please",
                options.baseline
            ));
        }
        let mut run = Self {
            options,
            name,
            feed,
            follower,
            display: Display::new(window, !options.mirrored),
            notifier: None,
            session,
            period: Period::default(),
            event: "",
            watch: None,
            wanted,
            taking: None,
            check: options.check.then(Default::default),
            paused: false,
            vanished: false,
            measured: 0,
            looked: 0,
            last: 0,
            code: None,
            timing: Timing::default(),
        };
        if options.watch {
            run.follower.watch();
        }
        if let Some(kept) = kept {
            run.watch_against(kept);
        }
        Ok(run)
    }

    /// Runs to the end; returns the exit code.
    ///
    /// # Errors
    /// What ends the run before its time.
    pub fn go(mut self) -> Result<u8> {
        let step = Duration::from_secs_f64(1.0 / self.options.rate);
        let mut due = Instant::now();
        while self.code.is_none() && self.options.frames.is_none_or(|most| self.looked < most) {
            if self.keys()?.is_break() {
                break;
            }
            let early = due.saturating_duration_since(Instant::now());
            if self.feed.is_live() && !early.is_zero() {
                std::thread::sleep(early.min(PATIENCE));
                continue;
            }
            match self.feed.next(PATIENCE)? {
                Next::Nothing if self.paused => {
                    if self.rest()?.is_break() {
                        break;
                    }
                }
                Next::Frame(stamp) => {
                    due = (due + step).max(Instant::now());
                    let start = Instant::now();
                    // The window displays its picture when its keys are polled.
                    if self.frame(stamp)?.is_break() || self.keys()?.is_break() {
                        break;
                    }
                    self.timing.count(start.elapsed());
                }
                Next::Nothing => {}
                Next::Vanished(reason) => {
                    if self.away(&reason)?.is_break() {
                        break;
                    }
                }
                Next::End => break,
            }
        }
        let now = self.feed.now();
        let _ = self.close_period(now)?;
        terminal::end_line();
        if self.options.timing {
            complain(&self.timing.words());
        }
        if self.options.check && self.code.is_none() {
            complain(&"the check did not come to its end");
        }
        Ok(self.code.unwrap_or(if self.measured == 0 || self.options.check { NOBODY } else { DONE }))
    }

    /// Processes one frame.
    fn frame(&mut self, stamp: Stamp) -> Result<ControlFlow<()>> {
        let Some(frame) = pixels(self.feed.frame()) else { return Ok(ControlFlow::Continue(())) };
        let seconds = stamp.seconds;
        if std::mem::take(&mut self.vanished) {
            complain(&format!("{} is back", self.name.display()));
            self.display.clear_note();
        }
        self.looked += 1;
        let sight = if self.paused {
            Sight { glimpse: Glimpse::empty(seconds, State::Paused), person: None, shown: None }
        } else {
            self.follower.see(&frame, seconds)?
        };
        let ended = Self::check(&mut self.check, &mut self.follower, &frame, &sight)?;
        let glimpse = sight.glimpse;
        if self.period_is_over(seconds) && self.close_period(seconds)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        self.last = stamp.number;
        match &sight.person {
            Some((_, analysis)) => {
                self.measured += 1;
                // If every frame is logged, still or not.
                let still = glimpse.still || self.options.every == 0.0;
                self.period.measured(seconds, glimpse.state, still, analysis);
            }
            None => self.period.count(seconds, glimpse.state),
        }
        self.take_baseline(&glimpse)?;
        if self.look_out(&glimpse)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        self.check_ended(ended, &glimpse)?;
        self.display.strip.push(seconds, glimpse.values);
        self.show(Some(&sight), glimpse.state)?;
        Ok(ControlFlow::Continue(()))
    }

    /// The source gives no frames.
    fn away(&mut self, reason: &str) -> Result<ControlFlow<()>> {
        let now = self.feed.now();
        if !std::mem::replace(&mut self.vanished, true) {
            complain(&format!("{} went away ({reason}); waiting for it", self.name.display()));
            self.follower.forget();
        }
        if self.period_is_over(now) && self.close_period(now)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        self.period.count(now, State::Waiting);
        let flow = self.look_out(&Glimpse::empty(now, State::Waiting))?;
        self.show(None, State::Waiting)?;
        Ok(flow)
    }

    /// The user has paused, and the camera is released.
    fn rest(&mut self) -> Result<ControlFlow<()>> {
        let now = self.feed.now();
        if self.period_is_over(now) && self.close_period(now)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        self.period.count(now, State::Paused);
        let flow = self.look_out(&Glimpse::empty(now, State::Paused))?;
        self.show(None, State::Paused)?;
        Ok(flow)
    }

    fn keys(&mut self) -> Result<ControlFlow<()>> {
        match self.display.key()? {
            Some(key) => self.press(key),
            None => Ok(ControlFlow::Continue(())),
        }
    }

    fn press(&mut self, key: Key) -> Result<ControlFlow<()>> {
        let now = self.feed.now();
        match key {
            Key::Quit => return Ok(ControlFlow::Break(())),
            Key::Pause => {
                self.paused = !self.paused;
                self.feed.rest(self.paused);
                self.follower.forget();
            }
            Key::Mirror => self.display.flipped = !self.display.flipped,
            Key::Help => self.display.help = !self.display.help,
            Key::Baseline => {
                self.taking = None;
                self.wanted = true;
                self.follower.watch();
            }
            Key::Check => {
                self.display.clear_result();
                self.check = Some(Default::default());
            }
            Key::Snooze => {
                let minutes = self.options.snooze / 60.0;
                let text = match &mut self.watch {
                    Some(watch) => {
                        watch.snooze(now + self.options.snooze);
                        format!("alerts are silent for {minutes:.0} minutes")
                    }
                    None => "nothing is watched; b takes a baseline".into(),
                };
                self.display.remark(text);
            }
            Key::Snapshot => self.snapshot()?,
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The key `s`: saves this picture, and its record as of a photo.
    fn snapshot(&mut self) -> Result<()> {
        let Some(frame) = pixels(self.feed.frame()) else { return Ok(()) };
        let text = sequence::snapshot(&frame, &self.name, self.options)?;
        self.display.remark(text);
        Ok(())
    }

    /// Advances the standing check by a frame; returns its outcome when it has ended.
    fn check(
        check: &mut Option<(Check, Standing)>,
        follower: &mut Follower,
        frame: &Frame<'_>,
        sight: &Sight,
    ) -> Result<Option<Step>> {
        let Some((course, standing)) = check else { return Ok(None) };
        let glimpse = &sight.glimpse;
        let ready = glimpse.state == State::Ready && glimpse.whole;
        let step = course.next(glimpse.seconds, ready, glimpse.still);
        match (&step, &sight.person) {
            (Step::Hold(_), Some((followed, _))) if ready && glimpse.still => {
                standing.take(follower, frame, glimpse.seconds, followed)?;
            }
            (Step::Again(_), _) => *standing = Standing::default(),
            _ => {}
        }
        Ok(Some(step))
    }

    /// Reports the state of the standing check, and completes it.
    fn check_ended(&mut self, step: Option<Step>, glimpse: &Glimpse) -> Result<()> {
        let Some(step) = step else { return Ok(()) };
        let large = match &step {
            Step::Waiting if glimpse.state == State::Ready => "step back: feet included".into(),
            Step::Waiting if glimpse.state == State::TooFar => "come nearer".into(),
            Step::Waiting => "stand in the picture".into(),
            Step::Countdown(left) => left.to_string(),
            Step::Hold(_) => "hold still".into(),
            Step::Done | Step::Again(_) | Step::Failed(_) => String::new(),
        };
        if !self.display.is_open() && !large.is_empty() && self.display.large.as_ref() != Some(&large) {
            complain(&large);
        }
        self.display.large = (!large.is_empty()).then_some(large);
        match step {
            Step::Done => {
                let Some((_, standing)) = self.check.take() else { return Ok(()) };
                let size = pixels(self.feed.frame()).map_or((0.0, 0.0), |frame| frame.size());
                let id = free_id(&self.options.out, "check");
                let record = standing.record(&self.follower, &self.name, &id, size)?;
                let path = save(&self.options.out, &record)?;
                if self.options.jsonl {
                    let _ = say(&record.to_line()?)?;
                } else {
                    let _ = say(&report::text::table(&record))?;
                    let _ = say(report::CAUTION)?;
                }
                complain(&format!("saved {}", path.display()));
                self.display.remark(format!("saved {}", path.display()));
                self.display.announce(glance::lines(&record).iter().map(ToString::to_string).collect());
                if self.options.check {
                    self.code = Some(DONE);
                }
            }
            Step::Again(reason) => {
                complain(&format!("{reason}; once more"));
                self.display.remark(format!("{reason}; once more"));
            }
            Step::Failed(reason) => {
                complain(&format!("the check is given up: {reason}"));
                self.display.remark(format!("the check is given up: {reason}"));
                self.check = None;
                if self.options.check {
                    self.code = Some(NOBODY);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn watch_against(&mut self, baseline: Baseline) {
        let watch = Watch::new(baseline, self.options.sensitivity.into());
        self.display.strip.usual =
            WATCHED.map(Signal::Tilt).map(|tilt| Some((watch.baseline().usual(tilt)?.median, watch.limit(tilt)?)));
        if !self.options.quiet && self.notifier.is_none() {
            self.notifier = Some(Notifier::start());
        }
        self.watch = Some(watch);
        self.display.alert = None;
    }

    /// Takes a baseline if one is wanted, starting when a person is ready.
    fn take_baseline(&mut self, glimpse: &Glimpse) -> Result<()> {
        if self.wanted && glimpse.state == State::Ready {
            self.wanted = false;
            self.taking = Some(Taking::new(&self.options.baseline));
        }
        let Some(taking) = &mut self.taking else { return Ok(()) };
        match taking.next(glimpse) {
            Progress::Running { left } => {
                self.display.remark(format!("baseline: {left:.0} seconds more, please keep still"));
            }
            Progress::Taken(baseline) => {
                self.taking = None;
                baselines::save(&baseline)?;
                let usual: Vec<String> = WATCHED
                    .into_iter()
                    .filter_map(|measure| Some((measure, baseline.usual(Signal::Tilt(measure))?)))
                    .map(|(measure, usual)| format!("{} {:+.1} (MAD {:.1})", measure.label(), usual.median, usual.mad))
                    .collect();
                complain(&format!("baseline \"{}\" taken: {} degrees", baseline.name, usual.join(", ")));
                self.display.remark(format!("baseline \"{}\" taken", baseline.name));
                self.watch_against(baseline);
            }
            Progress::Refused(reason) => {
                self.taking = None;
                complain(&format!("no baseline was taken: {reason}"));
                self.display.remark(format!("no baseline was taken: {reason}"));
                // Watch mode needs a baseline.
                self.wanted = self.options.watch && self.watch.is_none();
            }
        }
        Ok(())
    }

    /// Evaluates a frame in watch mode.
    fn look_out(&mut self, glimpse: &Glimpse) -> Result<ControlFlow<()>> {
        if self.taking.is_some() {
            return Ok(ControlFlow::Continue(()));
        }
        let Some(event) = self.watch.as_mut().and_then(|watch| watch.next(glimpse)) else {
            return Ok(ControlFlow::Continue(()));
        };
        let words = event_words(&event);
        match &event {
            Event::Begin { .. } => {
                self.event = "begin";
                self.display.alert = Some(words.clone());
                if let Some(notifier) = &self.notifier {
                    notifier.tell(words.clone());
                }
            }
            Event::End { .. } => {
                self.event = "end";
                self.display.alert = None;
                self.display.remark(words.clone());
            }
        }
        if self.options.jsonl {
            say(&Line::of_event(&event, self.last).text()?)
        } else if !self.display.is_open() {
            say(&format!("{:.1} s: {words}", glimpse.seconds))
        } else {
            Ok(ControlFlow::Continue(()))
        }
    }

    fn period_is_over(&self, seconds: f64) -> bool {
        self.period.start().is_some_and(|start| seconds - start >= self.options.every || seconds < start)
    }

    /// Logs the period and starts the next.
    fn close_period(&mut self, seconds: f64) -> Result<ControlFlow<()>> {
        let Some(logged) = self.period.close(seconds) else { return Ok(ControlFlow::Continue(())) };
        if let Some(session) = &mut self.session {
            let watch = self.watch.as_ref();
            let departs = |measure, found: &Measurement| match watch {
                Some(watch) => {
                    let (usual, limit) =
                        watch.baseline().usual(Signal::Tilt(measure)).zip(watch.limit(Signal::Tilt(measure)))?;
                    Some((found.value - usual.median).abs() > limit)
                }
                // In watch mode, nothing is judged before the baseline is taken.
                None if self.options.watch => None,
                // Else departures are from level; one that lies within its own error cannot be judged.
                None if found.value.abs() > LEAST_DEG => (found.value.abs() > 1.96 * found.sd).then_some(true),
                None => Some(false),
            };
            session.write(&Row::of(&logged, std::mem::take(&mut self.event), departs))?;
        }
        if self.options.check || (!self.options.jsonl && self.display.is_open()) {
            return Ok(ControlFlow::Continue(()));
        }
        let record = logged.analysis.as_ref().map(|analysis| {
            let size = pixels(self.feed.frame()).map_or((0.0, 0.0), |frame| frame.size());
            let stem = self.name.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let id = format!("{stem}-{:06}", self.last);
            Record::of(Provenance::new(&id, source_of(&self.name, size)), analysis)
        });
        if self.options.jsonl {
            return say(&Line::of_period(&logged, record.as_ref(), self.last).text()?);
        }
        match terminal::width() {
            Some(width) => terminal::rewrite(&period_short(&logged, record.as_ref()), width),
            None => say(&period_words(&logged, record.as_ref())),
        }
    }

    fn show(&mut self, sight: Option<&Sight>, state: State) -> Result<()> {
        let waiting = (state == State::Waiting).then(|| format!("{} went away; waiting for it", self.name.display()));
        self.display.show(self.feed.frame(), sight, state, waiting)
    }
}
