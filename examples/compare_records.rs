//! Compares two records of one person, as `orthostat analyze --out` writes them: what changed by more than the measurement error?
//!
//! `cargo run --example compare_records -- BEFORE.json AFTER.json`

#![allow(clippy::print_stdout, reason = "a program prints its results")]

use std::path::Path;

use orthostat::Record;
use orthostat::core::compare::change::{Verdict, compare};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args_os().skip(1);
    let (Some(before), Some(after)) = (args.next(), args.next()) else {
        return Err("expected two record files: BEFORE.json AFTER.json".into());
    };
    let comparison = compare(&Record::open(Path::new(&before))?, &Record::open(Path::new(&after))?)?;
    for change in &comparison.changes {
        let mark = if change.verdict == Verdict::Changed { "*" } else { " " };
        println!("{mark} {:<26} {}", change.measure, change.words);
    }
    for note in &comparison.notes {
        println!("note: {note}");
    }
    Ok(())
}
