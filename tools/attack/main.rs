//! Attacks on the release build: malformed files, kills, planted links, hostile names, existing files, edit sessions.
//!
//! `make attack`, or `cargo run --release --example attack -- [--program FILE] [--seconds N] [--seed N] [NAME...]`
//!
//! Everything happens in a temporary folder and on 127.0.0.1. Each attack ends after its share of the time at the latest and reports the
//! number of attempts and of those that the program survived; the exit code is 1 when it did not survive one. The same seed gives the
//! same attacks.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a program for developers"
)]

mod edit;
mod files;
mod runs;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tools::Range;

/// The outcome of an attack.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The number of attempts.
    pub(crate) tried: usize,
    /// The first few attempts that failed, with a description.
    pub(crate) broken: Vec<String>,
}

impl Outcome {
    /// Counts one attempt; `broken` describes a failure.
    pub(crate) fn count(&mut self, broken: Option<String>) {
        self.tried += 1;
        self.broken.extend(broken);
    }
}

type Attack = fn(&Range, &mut Outcome);

/// Name, share of the time, attack.
const ATTACKS: [(&str, f64, Attack); 16] = [
    ("malformed pictures in a batch", 4.0, files::malformed),
    ("names that steer, run or are too long", 4.0, files::names),
    ("links planted in the output folder", 3.0, files::links),
    ("files of others in the output folder", 1.0, files::strangers),
    ("an input named as an output", 1.0, files::inputs),
    ("photos below the output folder", 1.0, files::below),
    ("one name, two patients", 1.0, files::same_name),
    ("kills, then --resume", 5.0, runs::kills),
    ("flipped bits in the journal", 2.0, runs::flips),
    ("quotes never closed in a list", 1.0, runs::quotes),
    ("messages nobody takes", 1.0, runs::messages),
    ("damaged rows in the history", 1.0, runs::history),
    ("edit: signals", 1.0, edit::signals),
    ("edit: something stands at --out", 1.0, edit::taken),
    ("edit: two sessions, one record", 1.0, edit::two),
    ("edit: half-open connections", 1.0, edit::half_open),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (mut program, mut seconds, mut seed, mut only) = (None, 480.0, 12_u64, Vec::new());
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("a value");
        match argument.as_str() {
            "--program" => program = Some(PathBuf::from(value())),
            "--seconds" => seconds = value().parse().expect("a number of seconds"),
            "--seed" => seed = value().parse().expect("a number"),
            name => only.push(name.to_owned()),
        }
    }
    let beside = || {
        let own = std::env::current_exe().expect("a path");
        own.ancestors().nth(2).expect("a folder").join("orthostat")
    };
    let program = program.unwrap_or_else(beside);
    assert!(program.is_file(), "{} is not there: build it first", program.display());
    let chosen: Vec<_> =
        ATTACKS.iter().filter(|(name, ..)| only.is_empty() || only.iter().any(|part| name.contains(part))).collect();
    let all: f64 = chosen.iter().map(|(_, weight, _)| weight).sum();
    println!("{:<42} {:>6} {:>9} {:>7}", "attack", "tried", "survived", "s");
    let mut all_survived = true;
    for (name, weight, attack) in chosen {
        let start = Instant::now();
        let share = Duration::from_secs_f64(seconds * weight / all);
        let range = Range::new(&program, seed, start + share);
        let mut outcome = Outcome::default();
        attack(&range, &mut outcome);
        let survived = outcome.tried.saturating_sub(outcome.broken.len());
        println!("{name:<42} {:>6} {survived:>9} {:>7.0}", outcome.tried, start.elapsed().as_secs_f64());
        for broken in outcome.broken.iter().take(4) {
            println!("    {}", orthostat::core::names::shown(broken));
        }
        all_survived &= outcome.broken.is_empty() && outcome.tried > 0;
    }
    ExitCode::from(u8::from(!all_survived))
}
