//! `orthostat doctor`.

use orthostat::app::doctor;
use orthostat::core::error::Result;

use super::say;

pub(crate) fn run() -> Result<u8> {
    let (lines, problem) = doctor::examine();
    say(&format!("{}\n", lines.join("\n")))?;
    problem.map_or(Ok(0), Err)
}
