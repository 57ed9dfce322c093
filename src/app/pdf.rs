//! Prints a page to PDF with an installed Chromium, without network access and with a temporary profile.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::core::error::{Error, Result};

/// Programs that can print pages, by name.
const PRINTERS: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];
/// The environment variable that names one.
const NAMED: &str = "ORTHOSTAT_CHROMIUM";
/// After this time the program counts as hanging.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program for printing.
///
/// # Errors
/// [`Error::Usage`] when there is none.
pub fn printer() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = match std::env::var_os(NAMED) {
        Some(named) => Some(PathBuf::from(named)).filter(|program| program.is_file()),
        None => std::env::split_paths(&path)
            .flat_map(|folder| PRINTERS.map(|name| folder.join(name)))
            .find(|program| program.is_file()),
    };
    found.ok_or_else(|| Error::Usage {
        reason: format!(
            "a PDF is printed by an installed Chromium (or the program that {NAMED} names), and none was found: install it, or name \
             the page .html and print it from a browser"
        ),
    })
}

/// The page as PDF; `meant_for` is only its name.
///
/// # Errors
/// [`printer`]'s; [`Error::Unwritable`] when nothing came of it.
pub fn print(html: &str, meant_for: &Path) -> Result<Vec<u8>> {
    let program = printer()?;
    let failed = |source: std::io::Error| Error::Unwritable { path: meant_for.into(), source };
    let folder = Passing::new().map_err(failed)?;
    let (page, pdf) = (folder.0.join("page.html"), folder.0.join("page.pdf"));
    crate::report::output::replace_own(&page, html.as_bytes())?;
    let mut command = Command::new(&program);
    command.args(["--headless", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-sync"]);
    command.args(["--disable-background-networking", "--disable-component-update", "--no-pdf-header-footer"]);
    command.arg("--host-resolver-rules=MAP * ~NOTFOUND");
    command.arg(format!("--user-data-dir={}", folder.0.join("profile").display()));
    command.arg(format!("--print-to-pdf={}", pdf.display()));
    // Chromium refuses to start as root with its sandbox; the page contains no script.
    if is_root() {
        command.arg("--no-sandbox");
    }
    command.arg(format!("file://{}", page.display()));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(failed)?;
    let start = Instant::now();
    while child.try_wait().map_err(failed)?.is_none() {
        if start.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return Err(failed(std::io::Error::other(format!("{} did not end", program.display()))));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    match std::fs::read(&pdf) {
        Ok(bytes) if bytes.starts_with(b"%PDF") => Ok(bytes),
        _ => Err(failed(std::io::Error::other(format!("{} made no PDF of the page", program.display())))),
    }
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// A folder with an unpredictable name, private to the user, removed when dropped.
struct Passing(PathBuf);

impl Passing {
    fn new() -> std::io::Result<Self> {
        let mut bytes = [0_u8; 8];
        getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
        let number: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = std::env::temp_dir().join(format!("orthostat-{number}"));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
