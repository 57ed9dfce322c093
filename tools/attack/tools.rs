//! Shared by all attacks: the program, a folder, random numbers, and the end of a run.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A run that takes longer than this counts as hanging.
const LONGEST: Duration = Duration::from_secs(120);

/// The environment of an attack.
pub(crate) struct Range {
    program: PathBuf,
    pub(crate) seed: u64,
    until: Instant,
    folder: tempfile::TempDir,
}

impl Range {
    pub(crate) fn new(program: &Path, seed: u64, until: Instant) -> Self {
        Self { program: program.into(), seed, until, folder: tempfile::tempdir().expect("a folder") }
    }

    /// Whether there is time for another attempt.
    pub(crate) fn goes_on(&self) -> bool {
        Instant::now() < self.until
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.at(name).display().to_string()
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.at(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, bytes).expect("written");
        self.text(name)
    }

    pub(crate) fn read(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.at(name)).ok()
    }

    pub(crate) fn clear(&self, name: &str) {
        let path = self.at(name);
        let _ = std::fs::remove_dir_all(&path);
        let _ = std::fs::remove_file(&path);
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("XDG_DATA_HOME", self.at("data"));
        command
    }

    /// Runs the program; `None` when it hangs.
    pub(crate) fn run(&self, arguments: &[&str]) -> Option<Output> {
        let child = self.command(arguments).spawn().expect("the program starts");
        ended(child)
    }

    /// Runs it; returns an error description when it ends with another exit code.
    pub(crate) fn ends_with(&self, arguments: &[&str], codes: &[i32]) -> Option<String> {
        match self.run(arguments) {
            None => Some(format!("{arguments:?} hangs")),
            Some(output) if output.status.code().is_some_and(|code| codes.contains(&code)) => None,
            Some(output) => Some(format!("{arguments:?}: {:?} {}", output.status, words(&output.stderr))),
        }
    }
}

pub(crate) fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Waits for a program and its output, up to a limit.
pub(crate) fn ended(mut child: Child) -> Option<Output> {
    let pipe = |mut from: Box<dyn Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = from.read_to_end(&mut bytes);
            bytes
        })
    };
    let out = child.stdout.take().map(|from| pipe(Box::new(from)));
    let err = child.stderr.take().map(|from| pipe(Box::new(from)));
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("asked") {
            break status;
        }
        if start.elapsed() > LONGEST {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let taken =
        |thread: Option<std::thread::JoinHandle<Vec<u8>>>| thread.map(|t| t.join().expect("read")).unwrap_or_default();
    Some(Output { status, stdout: taken(out), stderr: taken(err) })
}

pub(crate) fn sample(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)).expect("a sample")
}

pub(crate) fn fixtures() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/photo");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("fixtures")
        .flatten()
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).expect("readable")))
        .filter(|(name, bytes)| name.contains('.') && !name.ends_with(".md") && bytes.len() > 32)
        .collect();
    files.sort();
    files
}

/// Every file below a folder with its bytes.
pub(crate) fn files_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(at) = folders.pop() {
        for path in std::fs::read_dir(&at).into_iter().flatten().flatten().map(|entry| entry.path()) {
            match path.symlink_metadata() {
                Ok(about) if about.is_dir() => folders.push(path),
                Ok(about) if about.is_file() => {
                    let name = path.strip_prefix(folder).expect("below").to_path_buf();
                    all.insert(name, std::fs::read(&path).unwrap_or_default());
                }
                _ => {}
            }
        }
    }
    all
}

/// Xorshift: the same numbers in every run with one seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit.max(1)
    }
}
