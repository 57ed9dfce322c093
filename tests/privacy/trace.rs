//! A program's system calls, traced by `strace`: sockets, and files it creates or changes.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Calls that access the network, or create or change files.
const CALLS: &str = "trace=%network,open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,rename,renameat,renameat2,link,linkat,\
                     symlink,symlinkat,truncate";

/// A program under `strace`, with its own folders for everything that it may write to.
pub(crate) struct Watch {
    folder: tempfile::TempDir,
}

impl Watch {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["home", "data", "tmp", "out", "in"] {
            std::fs::create_dir(folder.path().join(name)).expect("made");
        }
        Self { folder }
    }

    /// `in` for inputs; `out`, `data` and `tmp`, which may be written to; `home`, which may not.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A sample, copied as an input.
    pub(crate) fn sample(&self, name: &str) -> PathBuf {
        let to = self.path("in").join(name);
        std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name), &to).expect("copied");
        to
    }

    /// The program under `strace`, in an environment with its folders and without a screen or message bus.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-y", "-s", "4096", "-e", CALLS, "-o"]).arg(self.path("trace")).arg(program);
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME"] {
            command.env_remove(name);
        }
        command
            .env("HOME", self.path("home"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("TMPDIR", self.path("tmp"))
            .current_dir(self.path("in"));
        command
    }

    /// The traced actions of the program.
    pub(crate) fn seen(&self) -> Seen {
        let text = std::fs::read(self.path("trace")).expect("strace is installed (`make setup-test`) and may trace");
        let seen = Seen::of(&String::from_utf8_lossy(&text));
        assert!(seen.calls > 20, "nothing was traced");
        seen
    }

    /// Checks that the program wrote only to allowed folders.
    pub(crate) fn check_files(&self, seen: &Seen) {
        let allowed = ["out", "data", "tmp"].map(|name| self.path(name));
        let strange: Vec<_> = seen
            .written
            .iter()
            .filter(|path| !allowed.iter().any(|folder| path.starts_with(folder)) && *path != Path::new("/dev/null"))
            .collect();
        assert!(strange.is_empty(), "written outside the output, data and temporary folders: {strange:?}");
        assert_eq!(std::fs::read_dir(self.path("home")).expect("there").count(), 0, "something is in the home folder");
        assert_eq!(std::fs::read_dir(self.path("tmp")).expect("there").count(), 0, "something is left in TMPDIR");
    }
}

/// The content of a trace.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) calls: usize,
    /// Whole lines of calls that access the network.
    pub(crate) network: Vec<String>,
    /// Files that were opened for writing, created, or renamed.
    pub(crate) written: Vec<PathBuf>,
}

impl Seen {
    pub(crate) fn of(trace: &str) -> Self {
        let mut seen = Self::default();
        for line in trace.lines() {
            // "PID call(arguments) = result"; "<... call resumed>" continues an earlier line.
            let Some((call, arguments)) = line.split_once(' ').and_then(|(_, rest)| rest.trim_start().split_once('('))
            else {
                continue;
            };
            if call.starts_with('<') {
                continue;
            }
            seen.calls += 1;
            match call {
                "open" | "openat" | "openat2" | "creat" => {
                    let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TMPFILE", "O_TRUNC"];
                    // A missing file that is not created is not written.
                    let failed = arguments.contains("= -1 ") && !arguments.contains("O_CREAT");
                    if !failed && (call == "creat" || writes.iter().any(|flag| arguments.contains(flag))) {
                        seen.written.extend(paths(arguments).into_iter().next());
                    }
                }
                "mkdir" | "mkdirat" | "mknod" | "mknodat" | "rename" | "renameat" | "renameat2" | "link" | "linkat"
                | "symlink" | "symlinkat" | "truncate" => {
                    // Creating an existing folder changes nothing.
                    if !arguments.contains("EEXIST") {
                        seen.written.extend(paths(arguments));
                    }
                }
                // Between the program's own threads.
                "socketpair" => {}
                _ => seen.network.push(line.to_owned()),
            }
        }
        seen
    }
}

/// The paths of a call, relative ones below the folder before them (`AT_FDCWD</folder>`).
fn paths(arguments: &str) -> Vec<PathBuf> {
    let mut folder = PathBuf::new();
    let mut paths = Vec::new();
    let mut rest = arguments;
    while let Some(at) = rest.find(['<', '"']) {
        let open = rest.as_bytes()[at];
        let close = if open == b'<' { '>' } else { '"' };
        rest = &rest[at + 1..];
        let Some(end) = rest.find(close) else { break };
        if open == b'<' {
            folder = PathBuf::from(&rest[..end]);
        } else {
            paths.push(folder.join(&rest[..end]));
        }
        rest = &rest[end + 1..];
    }
    // The result of the call (`= 3</a/file>`) contains no path in quotes.
    paths
}

#[test]
fn a_trace_tells_who_writes_and_who_calls() {
    let seen = Seen::of(concat!(
        "7 openat(AT_FDCWD</a>, \"lib.so\", O_RDONLY|O_CLOEXEC) = 3</a/lib.so>\n",
        "7 openat(AT_FDCWD</a>, \"b/c\", O_WRONLY|O_CREAT|O_TRUNC, 0600) = 3</a/b/c>\n",
        "7 openat(AT_FDCWD</a>, \"/home/u/.cache/x\", O_RDWR <unfinished ...>\n",
        "7 <... openat resumed>) = 3</home/u/.cache/x>\n",
        "7 openat(AT_FDCWD</a>, \"/gone\", O_RDWR) = -1 ENOENT (No such file or directory)\n",
        "8 rename(\"/a/.x.part\", \"/a/x\") = 0\n",
        "8 mkdir(\"/home/u/.cache\", 0777) = -1 EEXIST (File exists)\n",
        "8 socketpair(AF_UNIX, SOCK_STREAM, 0, [3<socket:[1]>, 4<socket:[2]>]) = 0\n",
        "8 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 5<socket:[3]>\n",
        "8 connect(5<socket:[3]>, {sa_family=AF_INET, sin_port=htons(443)}, 16 <unfinished ...>\n",
    ));
    let files = ["/a/b/c", "/home/u/.cache/x", "/a/.x.part", "/a/x"].map(PathBuf::from);
    assert_eq!((seen.calls, seen.written), (9, files.to_vec()));
    assert_eq!(seen.network.len(), 2, "{:?}", seen.network);
}
