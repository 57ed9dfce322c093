//! `orthostat doctor`.

use orthostat::doctor;
use orthostat::error::Result;

use super::say;

pub(crate) fn run() -> Result<u8> {
    let (lines, problem) = doctor::examine();
    say(&format!("{}\n", lines.join("\n")))?;
    problem.map_or(Ok(0), Err)
}
