//! Errors, as sentences that name the file, what was expected and what was found.

use std::path::PathBuf;

/// Detector scores from this value on count as a person.
pub const PERSON_FROM: f64 = 0.5;

/// The result of all fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed. `Display` is one sentence for the user; [`std::error::Error::source`] keeps the cause.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The file is not there, is a folder, or cannot be opened or read.
    Unreadable {
        /// The file as the user named it.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The bytes are not a picture that can be read: empty, a text file, an unsupported or damaged format.
    NotAPicture {
        /// The file as the user named it.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
        /// The decoder's error, if there is one.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The header declares more pixels than the limit; nothing was decoded.
    TooLarge {
        /// The file as the user named it.
        path: PathBuf,
        /// Width in pixels that the header declares.
        width: u32,
        /// Height in pixels that the header declares.
        height: u32,
        /// The limit in millions of pixels.
        limit_megapixels: f64,
    },
    /// The file has more bytes than the limit; it was not read.
    TooManyBytes {
        /// The file as the user named it.
        path: PathBuf,
        /// The file's length in bytes.
        bytes: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Decoding the picture would take more memory than is allowed; it was not decoded.
    TooMuchMemory {
        /// The file as the user named it.
        path: PathBuf,
        /// The memory needed, in bytes.
        bytes: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A defect of the program: processing this file panicked. Other files are not affected.
    Defect {
        /// The file as the user named it.
        path: PathBuf,
        /// The panic's message.
        words: String,
    },
    /// The file is not a record that this version can read.
    NotARecord {
        /// The file as the user named it.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
        /// The parser's error, if there is one.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The picture was read, and no person was found in it.
    NoPerson {
        /// The file as the user named it.
        path: PathBuf,
        /// The best detector score, 0 to 1.
        best_score: f64,
    },
    /// `--person N` selects a person who does not exist.
    NoSuchPerson {
        /// The file as the user named it.
        path: PathBuf,
        /// The requested number, counted from 1.
        asked: usize,
        /// The number of people found.
        found: usize,
    },
    /// ONNX Runtime's shared library is missing or does not load.
    Runtime {
        /// The places that were tried, and what was found there.
        reason: String,
    },
    /// A model is missing, damaged, or not of the shape required by its family.
    Model {
        /// The model's name or file.
        model: String,
        /// What was expected and what was found.
        reason: String,
        /// ONNX Runtime's error.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// An output file or folder cannot be written.
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file is not written, because an existing file must not be lost.
    Occupied {
        /// The file.
        path: PathBuf,
        /// What was found, and what to do.
        reason: String,
    },
    /// The history is another kind of file, of a newer version, damaged or locked.
    History {
        /// The database.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
        /// SQLite's error, if there is one.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The history contains nothing about this subject.
    NoSuchSubject {
        /// The database.
        path: PathBuf,
        /// The requested subject.
        subject: String,
    },
    /// The records are not comparable.
    Incomparable {
        /// The sentence for the user.
        reason: String,
    },
    /// The server of the edit page cannot listen or answer.
    Server {
        /// The system's error.
        source: std::io::Error,
    },
    /// An option's value is not usable.
    Usage {
        /// The sentence for the user.
        reason: String,
    },
}

impl Error {
    /// A file or stream that cannot be read, for a reason defined by this program.
    #[must_use]
    pub fn unreadable(path: std::path::PathBuf, kind: std::io::ErrorKind, reason: &str) -> Self {
        Self::Unreadable { path, source: std::io::Error::new(kind, reason) }
    }

    /// The program's exit code for this error (see `--help`).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Unreadable { .. }
            | Error::NotAPicture { .. }
            | Error::NotARecord { .. }
            | Error::TooLarge { .. }
            | Error::TooManyBytes { .. }
            | Error::TooMuchMemory { .. }
            | Error::Defect { .. }
            | Error::Incomparable { .. } => 1,
            Error::Usage { .. } | Error::Occupied { .. } => 2,
            Error::NoPerson { .. } | Error::NoSuchPerson { .. } | Error::NoSuchSubject { .. } => 3,
            Error::Runtime { .. } | Error::Model { .. } => 4,
            Error::Unwritable { .. } | Error::History { .. } | Error::Server { .. } => 5,
        }
    }
}

impl Error {
    /// A fixed name for the kind of error, for tables and programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Error::Unreadable { .. } => "unreadable",
            Error::NotAPicture { .. } => "not_a_picture",
            Error::TooLarge { .. } => "too_large",
            Error::TooManyBytes { .. } => "too_many_bytes",
            Error::TooMuchMemory { .. } => "too_much_memory",
            Error::Defect { .. } => "panic",
            Error::NotARecord { .. } => "not_a_record",
            Error::NoPerson { .. } => "no_person",
            Error::NoSuchPerson { .. } => "no_such_person",
            Error::Runtime { .. } => "runtime",
            Error::Model { .. } => "model",
            Error::Unwritable { .. } => "unwritable",
            Error::Occupied { .. } => "occupied",
            Error::Usage { .. } => "usage",
            Error::History { .. } => "history",
            Error::NoSuchSubject { .. } => "no_such_subject",
            Error::Incomparable { .. } => "incomparable",
            Error::Server { .. } => "server",
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Unreadable { path, source } => {
                write!(f, "{}: cannot be read: {}", path.display(), plain_cause(source))
            }
            Error::NotAPicture { path, reason, source }
            | Error::NotARecord { path, reason, source }
            | Error::History { path, reason, source } => {
                write!(f, "{}: {reason}", path.display())?;
                source.as_ref().map_or(Ok(()), |cause| write!(f, " ({cause})"))
            }
            Error::TooLarge { path, width, height, limit_megapixels } => write!(
                f,
                "{}: the picture is {width} x {height} pixels ({:.0} megapixels), more than the limit of {limit_megapixels} \
                 megapixels; raise it with --max-megapixels",
                path.display(),
                f64::from(*width) * f64::from(*height) / 1e6,
            ),
            Error::TooManyBytes { path, bytes, limit } => write!(
                f,
                "{}: the file has {bytes} bytes, more than the limit of {limit} bytes for a picture",
                path.display()
            ),
            Error::TooMuchMemory { path, bytes, limit } => write!(
                f,
                "{}: decoding the picture would take {} MB of memory, more than the limit of {} MB; export it as a smaller \
                 picture or as a baseline JPEG, or raise the limit with --max-megapixels",
                path.display(),
                bytes / 1_000_000,
                limit / 1_000_000,
            ),
            Error::Defect { path, words } => {
                write!(f, "{}: a defect of this program, and not necessarily of the file: {words}", path.display())
            }
            Error::NoPerson { path, best_score } if *best_score < PERSON_FROM => write!(
                f,
                "{}: no person found (best match {best_score:.2}, at least {PERSON_FROM:.2} needed); is the whole body in the \
                 picture, upright and large enough?",
                path.display()
            ),
            Error::NoPerson { path, best_score } => write!(
                f,
                "{}: something like a person was found (match {best_score:.2}), but no body whose joints show; is the whole \
                 body in the picture, upright and large enough?",
                path.display()
            ),
            Error::NoSuchPerson { path, asked, found } => write!(
                f,
                "{}: --person {asked} was asked for, and {found} {} found",
                path.display(),
                if *found == 1 { "person was" } else { "people were" }
            ),
            Error::Runtime { reason } => write!(f, "ONNX Runtime: {reason}"),
            Error::Model { model, reason, source } => {
                write!(f, "model {model}: {reason}")?;
                source.as_ref().map_or(Ok(()), |cause| write!(f, " ({cause})"))
            }
            Error::Unwritable { path, source } => {
                write!(f, "{}: cannot be written: {}", path.display(), plain_cause(source))
            }
            Error::Occupied { path, reason } => write!(f, "{}: {reason}", path.display()),
            Error::NoSuchSubject { path, subject } => {
                write!(
                    f,
                    "{}: no records of the subject \"{subject}\"; `orthostat history list` names those there are",
                    path.display()
                )
            }
            Error::Incomparable { reason } => write!(f, "not comparable: {reason}"),
            Error::Server { source } => write!(f, "the edit page cannot be served: {}", plain_cause(source)),
            Error::Usage { reason } => f.write_str(reason),
        }
    }
}

/// The system's message without its number: "No such file or directory", not "... (os error 2)".
pub(crate) fn plain_cause(error: &std::io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = words.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Unreadable { source, .. } | Error::Unwritable { source, .. } | Error::Server { source } => {
                Some(source)
            }
            Error::NotAPicture { source, .. }
            | Error::NotARecord { source, .. }
            | Error::History { source, .. }
            | Error::Model { source, .. } => {
                source.as_ref().map(|cause| &**cause as &(dyn std::error::Error + 'static))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sufficient_match_is_not_called_insufficient() {
        let said = |best_score| Error::NoPerson { path: "a.jpg".into(), best_score }.to_string();
        assert!(said(0.38).starts_with("a.jpg: no person found (best match 0.38, at least 0.50 needed)"));
        assert!(said(0.87).contains("match 0.87") && !said(0.87).contains("needed"));
    }
}
