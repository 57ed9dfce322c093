//! `orthostat live`: starts the live program.

use orthostat::core::error::{Error, Result};

/// Starts `orthostat-live`, which is installed beside this program: it links OpenCV, and this program does not.
pub(crate) fn run(arguments: &[std::ffi::OsString]) -> Result<u8> {
    let missing = |reason: String| Error::Usage { reason };
    let program = std::env::current_exe()
        .ok()
        .and_then(|program| Some(program.canonicalize().unwrap_or(program).parent()?.join("orthostat-live")))
        .filter(|path| path.is_file())
        .ok_or_else(|| missing("orthostat-live is not beside this program; build it with `make live`".into()))?;
    let status = std::process::Command::new(&program)
        .args(arguments)
        // A second safeguard in addition to `library::without_telemetry`.
        .env("ORT_DISABLE_TELEMETRY", "1")
        .status()
        .map_err(|error| missing(format!("{} does not start: {error}", program.display())))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
