//! The log of a session, one row per period, and the summary of a session.

use std::path::Path;

use super::period::Logged;
use super::{State, WATCHED};
use crate::core::error::{Error, Result};
use crate::core::measure::{Measure, Measurement};

/// The posture in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posture {
    /// No watched measure departs by more than its limit.
    Level,
    /// At least one does.
    Tilted,
    /// No person could be measured, none kept still, it may have been another person or a moving camera, or there is no baseline yet.
    Unknown,
}

impl Posture {
    const fn name(self) -> &'static str {
        match self {
            Posture::Level => "level",
            Posture::Tilted => "tilted",
            Posture::Unknown => "",
        }
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The start of the period, in seconds of the source's clock.
    pub start: f64,
    /// Its duration, in seconds.
    pub lasted: f64,
    /// The state of most of its frames.
    pub state: State,
    /// The number of frames, and of still frames.
    pub frames: [usize; 2],
    /// Level or tilted.
    pub posture: Posture,
    /// Median and spread of each watched measure, in degrees.
    pub values: [Option<[f64; 2]>; WATCHED.len()],
    /// `begin` or `end` of an episode in this period.
    pub event: &'static str,
}

impl Row {
    /// The row of a period. `departs` returns whether a measure's median departs by more than its limit, or `None` if it cannot be judged.
    #[must_use]
    pub fn of(logged: &Logged, event: &'static str, departs: impl Fn(Measure, &Measurement) -> Option<bool>) -> Self {
        let found = WATCHED.map(|measure| {
            let found = logged.analysis.as_ref()?.assessment.get(measure).as_ref().ok()?;
            Some((measure, found))
        });
        let values = found.map(|found| found.map(|(_, found)| [found.value, found.scatter]));
        let judge = || found.into_iter().flatten().filter_map(|(measure, found)| departs(measure, found));
        let posture = match logged.judged {
            true if judge().any(|departs| departs) => Posture::Tilted,
            true if judge().next().is_some() => Posture::Level,
            _ => Posture::Unknown,
        };
        let frames = [logged.frames, logged.still];
        Self { start: logged.start, lasted: logged.lasted, state: logged.state, frames, posture, values, event }
    }

    /// As a line of the file.
    #[must_use]
    pub fn line(&self) -> String {
        let mut fields = vec![
            format!("{:.3}", self.start),
            format!("{:.3}", self.lasted),
            self.state.name().to_owned(),
            self.posture.name().to_owned(),
            self.frames[0].to_string(),
            self.frames[1].to_string(),
        ];
        for value in self.values {
            fields.extend(value.map_or([String::new(), String::new()], |v| v.map(|number| format!("{number:.2}"))));
        }
        fields.push(self.event.to_owned());
        fields.join(",")
    }

    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split(',').collect();
        if fields.len() != 7 + 2 * WATCHED.len() {
            return None;
        }
        let number = |text: &str| text.parse::<f64>().ok().filter(|v| v.is_finite());
        let mut values = [None; WATCHED.len()];
        for (index, value) in values.iter_mut().enumerate() {
            let pair = [fields[6 + 2 * index], fields[7 + 2 * index]];
            if pair != ["", ""] {
                *value = Some([number(pair[0])?, number(pair[1])?]);
            }
        }
        let postures = [Posture::Level, Posture::Tilted, Posture::Unknown];
        Some(Self {
            start: number(fields[0])?,
            lasted: number(fields[1]).filter(|lasted| *lasted >= 0.0)?,
            state: State::ALL.into_iter().find(|state| state.name() == fields[2])?,
            posture: postures.into_iter().find(|posture| posture.name() == fields[3])?,
            frames: [fields[4].parse().ok()?, fields[5].parse().ok()?],
            values,
            event: ["", "begin", "end"].into_iter().find(|event| *event == fields[6 + 2 * WATCHED.len()])?,
        })
    }
}

/// The file's first line.
#[must_use]
pub fn heading() -> String {
    let mut fields: Vec<String> =
        ["time_s", "lasted_s", "state", "posture", "frames", "still_frames"].map(str::to_owned).to_vec();
    for measure in WATCHED {
        fields.push(format!("{}_deg", measure.name()));
        fields.push(format!("{}_spread_deg", measure.name()));
    }
    fields.push("event".into());
    fields.join(",")
}

/// Totals of a session, in seconds and events.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Summary {
    /// Time of all rows.
    pub total: f64,
    /// Time level.
    pub level: f64,
    /// Time tilted.
    pub tilted: f64,
    /// Time away.
    pub away: f64,
    /// Time in which nothing was judged though nobody was away: turned, too far, moving, paused, waiting for the source, no baseline yet, or
    /// another person or a moving camera.
    pub other: f64,
    /// Episodes that began.
    pub episodes: usize,
}

impl Summary {
    /// Sums rows.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Self {
        let mut summary = Self::default();
        for row in rows {
            summary.total += row.lasted;
            let share = match (row.posture, row.state) {
                (_, State::Away) => &mut summary.away,
                (Posture::Level, _) => &mut summary.level,
                (Posture::Tilted, _) => &mut summary.tilted,
                (Posture::Unknown, _) => &mut summary.other,
            };
            *share += row.lasted;
            summary.episodes += usize::from(row.event == "begin");
        }
        summary
    }

    /// As a table.
    #[must_use]
    pub fn table(&self) -> String {
        let line = |name: &str, seconds: f64| {
            let share = if self.total > 0.0 { 100.0 * seconds / self.total } else { 0.0 };
            format!("  {name:<14} {:>9}  {share:>3.0} %", clock(seconds))
        };
        [
            format!("session of {}", clock(self.total)),
            line("level", self.level),
            line("tilted", self.tilted),
            line("away", self.away),
            line("not judged", self.other),
            format!("  episodes       {:>9}", self.episodes),
        ]
        .join("\n")
    }
}

/// Hours, minutes and seconds.
fn clock(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    format!("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
}

/// Reads a session's rows.
///
/// # Errors
/// [`Error::Unreadable`], [`Error::NotARecord`] with the line that is not one. A last line without its end (the program was
/// killed in the middle of it) is left out.
pub fn read(path: &Path) -> Result<Vec<Row>> {
    let bytes = std::fs::read(path).map_err(|source| Error::Unreadable { path: path.into(), source })?;
    parse(&String::from_utf8_lossy(&bytes), path)
}

fn parse(text: &str, path: &Path) -> Result<Vec<Row>> {
    let wrong = |number: usize, found: &str| Error::NotARecord {
        path: path.into(),
        reason: format!(
            "line {number}: expected {} of a session (live --session), found {found}",
            if number == 1 { "the heading" } else { "a row" }
        ),
        source: None,
    };
    let shown = |line: &str| match line.trim() {
        "" => "nothing".to_owned(),
        line => format!("\"{}\"", line.chars().take(60).collect::<String>()),
    };
    let mut lines = text.split_inclusive('\n').enumerate();
    match lines.next() {
        Some((_, first)) if first.trim_end() == heading() => {}
        first => return Err(wrong(1, &shown(first.map_or("", |(_, line)| line)))),
    }
    let mut rows = Vec::new();
    for (index, line) in lines {
        match Row::parse(line.trim_end()) {
            Some(row) => rows.push(row),
            None if !line.ends_with('\n') => break,
            None => return Err(wrong(index + 1, &shown(line))),
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::pipeline::measure;
    use crate::core::watch::period::Period;

    fn row(state: State, posture: Posture, lasted: f64, event: &'static str) -> Row {
        let values = [Some([1.25, 0.5]), None, None, Some([-3.0, 0.25])];
        Row { start: 12.5, lasted, state, frames: [10, 8], posture, values, event }
    }

    #[test]
    fn rows_are_read_as_they_were_written() {
        let rows = [row(State::Ready, Posture::Tilted, 1.0, "begin"), row(State::Away, Posture::Unknown, 2.5, "")];
        let text = format!("{}\n{}\n{}\n", heading(), rows[0].line(), rows[1].line());
        assert_eq!(parse(&text, "a.csv".as_ref()).expect("sound"), rows);
        let cut = &text[..text.len() - 9];
        assert_eq!(parse(cut, "a.csv".as_ref()).expect("only the last line is cut"), rows[..1]);
    }

    #[test]
    fn what_is_no_session_is_said() {
        let error = |text: &str| parse(text, "a.csv".as_ref()).expect_err("no session").to_string();
        assert!(error("").contains("a.csv: line 1: expected the heading of a session (live --session), found nothing"));
        assert!(error("x,y\n1,2\n").contains("found \"x,y\""));
        let text = format!("{}\n1,2,3\n", heading());
        assert!(error(&text).contains("line 2: expected a row"), "{}", error(&text));
    }

    #[test]
    fn a_period_with_another_person_or_a_moving_camera_has_no_posture() {
        let record = crate::core::record::Record::open("tests/fixtures/records/anterior-tilted.json".as_ref())
            .expect("a record");
        let analysis =
            measure(record.frame(), record.observation.clone().expect("kept"), &record.options()).expect("measured");
        let row = |states: [State; 3]| {
            let mut period = Period::default();
            for (seconds, state) in [0.0, 0.1, 0.2].into_iter().zip(states) {
                period.measured(seconds, state, true, &analysis);
            }
            Row::of(&period.close(1.0).expect("frames"), "", |_, found| Some(found.value.abs() > 1.0)).posture
        };
        let ready = State::Ready;
        assert_eq!(row([ready; 3]), Posture::Tilted);
        for state in [State::OthersNearer, State::SomebodyElse, State::CameraMoved] {
            assert_eq!(row([ready, ready, state]), Posture::Unknown, "{state:?}");
        }
        assert_eq!(row([ready, ready, State::Turned]), Posture::Tilted);
        assert_eq!(row([ready, State::Turned, State::Turned]), Posture::Unknown);
    }

    #[test]
    fn a_session_adds_up() {
        let rows = [
            row(State::Ready, Posture::Level, 60.0, ""),
            row(State::Ready, Posture::Tilted, 20.0, "begin"),
            row(State::Away, Posture::Unknown, 15.0, "end"),
            row(State::Turned, Posture::Unknown, 5.0, ""),
        ];
        let summary = Summary::of(&rows);
        assert_eq!(summary, Summary { total: 100.0, level: 60.0, tilted: 20.0, away: 15.0, other: 5.0, episodes: 1 });
        assert!(summary.table().contains("tilted           0:00:20   20 %"), "{}", summary.table());
    }
}
