//! Defaults of options from `orthostat.toml`: in the user's configuration folder, and in the folder of the results.
//!
//! ```toml
//! clinic = "Practice B."          # every command that has the option
//! logo = "logo.png"               # beside this file
//! [batch]
//! jobs = 4
//! ```
//!
//! What is typed goes before the folder's file, and that before the user's. What a run does (`--force`, `--out`, ...) is only ever
//! typed, and a folder's file, which others may have made, names no file but a logo in that folder.

use std::any::TypeId;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use clap::builder::ValueParser;
use clap::{Arg, Command};
use toml::{Table, Value};

use crate::core::error::{Error, Result};
use crate::core::folders::config_folder;

/// The file's name.
const NAME: &str = "orthostat.toml";
/// The variable that names another user's file; empty: none.
const NAMED: &str = "ORTHOSTAT_CONFIG";
/// Options that say what a run does: no file has them.
const TYPED: [&str; 16] = [
    "force", "out", "resume", "yes", "dry-run", "save", "open", "report", "subject", "date", "points", "all",
    "pictures", "manifest", "jsonl", "help",
];

/// A file, and whether it is the user's own.
struct Source {
    path: PathBuf,
    is_users: bool,
    table: Table,
}

/// The arguments with the files' defaults behind the command, and the files that gave any.
///
/// # Errors
/// [`Error::Unreadable`]; [`Error::Usage`] naming the file and the key.
pub(super) fn with_defaults(arguments: Vec<OsString>, program: &Command) -> Result<(Vec<OsString>, Vec<PathBuf>)> {
    let command =
        arguments.get(1).and_then(|name| program.get_subcommands().find(|known| OsStr::new(known.get_name()) == name));
    let Some(command) = command else { return Ok((arguments, Vec::new())) };
    let mut sources = Vec::new();
    for (path, is_users) in [(folder_file(&arguments), false), (user_file(), true)] {
        if let Some(path) = path.filter(|path| path.is_file()) {
            sources.push(Source { table: read(&path)?, path, is_users });
        }
    }
    let typed: Vec<String> = arguments.iter().skip(2).map_while(long_name).flatten().collect();
    let (mut added, mut files) = (Vec::new(), Vec::new());
    for source in &sources {
        for (key, value) in source.of(command, program)? {
            if typed.contains(&key) || added.iter().any(|(known, _)| *known == key) {
                continue;
            }
            let words = source.words(command, &key, value)?;
            added.push((key, words));
            if !files.contains(&source.path) {
                files.push(source.path.clone());
            }
        }
    }
    let mut full = arguments;
    let words = added.into_iter().flat_map(|(_, words)| words);
    full.splice(2..2, words);
    Ok((full, files))
}

/// The name of a long option; nothing for another word, and an end at `--`.
fn long_name(word: &OsString) -> Option<Option<String>> {
    let text = word.to_string_lossy();
    if text == "--" {
        return None;
    }
    Some(text.strip_prefix("--").map(|name| name.split('=').next().unwrap_or_default().to_owned()))
}

fn user_file() -> Option<PathBuf> {
    match std::env::var_os(NAMED) {
        Some(named) => Some(PathBuf::from(named)).filter(|path| !path.as_os_str().is_empty()),
        None => config_folder().map(|folder| folder.join(NAME)),
    }
}

/// The file beside the results: in the folder of `--out`.
fn folder_file(arguments: &[OsString]) -> Option<PathBuf> {
    let mut words = arguments.iter().skip(2);
    while let Some(word) = words.next() {
        let text = word.to_str()?;
        let out = match text.strip_prefix("--out") {
            Some("") => PathBuf::from(words.next()?),
            Some(rest) if rest.starts_with('=') => PathBuf::from(&rest[1..]),
            _ => continue,
        };
        let folder = if out.is_dir() { out } else { out.parent()?.to_path_buf() };
        return Some(folder.join(NAME));
    }
    None
}

fn read(path: &Path) -> Result<Table> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Unreadable { path: path.into(), source })?;
    text.parse::<Table>().map_err(|error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        let reason = format!("{}, line {line}: expected TOML: {}", path.display(), error.message());
        Error::Usage { reason }
    })
}

impl Source {
    fn wrong(&self, what: String) -> Error {
        Error::Usage { reason: format!("{}: {what}", self.path.display()) }
    }

    /// The keys that a command takes: its own table's, then those that stand outside of tables.
    fn of(&self, command: &Command, program: &Command) -> Result<Vec<(String, &Value)>> {
        let mut found = Vec::new();
        for (key, value) in &self.table {
            let Value::Table(table) = value else {
                if !program.get_subcommands().any(|any| option(any, key).is_some()) {
                    return Err(self.wrong(format!("no command has an option \"{key}\"")));
                }
                continue;
            };
            if !program.get_subcommands().any(|any| any.get_name() == key) {
                return Err(self.wrong(format!("there is no command \"{key}\"")));
            }
            if key == command.get_name() {
                for (key, value) in table {
                    if option(command, key).is_none() {
                        return Err(self.wrong(format!("{} has no option \"{key}\"", command.get_name())));
                    }
                    found.push((key.clone(), value));
                }
            }
        }
        for (key, value) in self.table.iter().filter(|(_, value)| !value.is_table()) {
            if option(command, key).is_some() && !found.iter().any(|(known, _)| known == key) {
                found.push((key.clone(), value));
            }
        }
        match found.iter().find(|(key, _)| TYPED.contains(&key.as_str())) {
            Some((key, _)) => {
                Err(self.wrong(format!("\"{key}\" says what a run does, and is only taken from the command line")))
            }
            None => Ok(found),
        }
    }

    /// An option as it would be typed.
    fn words(&self, command: &Command, key: &str, value: &Value) -> Result<Vec<OsString>> {
        let is_path = option(command, key).is_some_and(|arg| is_path(arg.get_value_parser()));
        let one = |value: &Value| -> Result<Option<OsString>> {
            let mut word = OsString::from(format!("--{key}"));
            let text = match value {
                Value::Boolean(true) => return Ok(Some(word)),
                Value::Boolean(false) => return Ok(None),
                Value::String(text) => text.clone(),
                Value::Integer(number) => number.to_string(),
                Value::Float(number) => number.to_string(),
                Value::Datetime(day) => day.to_string(),
                Value::Array(_) | Value::Table(_) => {
                    return Err(self.wrong(format!("{key}: expected a text, a number, true or false")));
                }
            };
            word.push("=");
            match is_path {
                true => word.push(self.place(key, &text)?),
                false => word.push(text),
            }
            Ok(Some(word))
        };
        match value {
            Value::Array(values) => values.iter().filter_map(|value| one(value).transpose()).collect(),
            single => Ok(one(single)?.into_iter().collect()),
        }
    }

    /// A file that is named: relative to this one.
    fn place(&self, key: &str, text: &str) -> Result<PathBuf> {
        let inside = Path::new(text).components().all(|part| matches!(part, Component::Normal(_)));
        let allowed = self.is_users || (key == "logo" && inside);
        if !allowed {
            return Err(self.wrong(format!(
                "{key}: a file beside the results names no file but a logo in its folder; say it in the user's own {NAME}"
            )));
        }
        Ok(self.path.parent().unwrap_or(Path::new("")).join(text))
    }
}

fn option<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|arg| arg.get_long() == Some(name))
}

fn is_path(parser: &ValueParser) -> bool {
    parser.type_id() == TypeId::of::<PathBuf>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::cli::Cli;
    use clap::CommandFactory;

    fn source(text: &str, is_users: bool) -> Source {
        Source { path: "/home/a/orthostat.toml".into(), is_users, table: text.parse().expect("TOML") }
    }

    fn words(text: &str, name: &str, is_users: bool) -> Result<Vec<String>> {
        let program = Cli::command();
        let command = program.find_subcommand(name).expect("a command");
        let source = source(text, is_users);
        let mut words = Vec::new();
        for (key, value) in source.of(command, &program)? {
            words.extend(source.words(command, &key, value)?);
        }
        Ok(words.into_iter().map(|word| word.to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn keys_are_options_and_a_commands_own_go_first() {
        let text = "quality = \"best\"\nclinic = \"Practice B.\"\nlogo = \"l.png\"\n[batch]\nquality = \"fast\"\nbom = true\njobs = 2\n";
        assert_eq!(
            words(text, "analyze", true).expect("read"),
            ["--clinic=Practice B.", "--logo=/home/a/l.png", "--quality=best"]
        );
        let batch = words(text, "batch", true).expect("read");
        for word in ["--quality=fast", "--bom", "--jobs=2"] {
            assert!(batch.iter().any(|found| found == word), "{word}: {batch:?}");
        }
        assert!(!batch.contains(&"--quality=best".to_owned()));
    }

    #[test]
    fn what_a_file_may_not_say_is_named() {
        let error = |text: &str, is_users| words(text, "analyze", is_users).expect_err("refused").to_string();
        assert!(error("colour = \"red\"", true).ends_with("orthostat.toml: no command has an option \"colour\""));
        assert!(error("force = true", true).contains("only taken from the command line"));
        assert!(error("[analyse]\nquality = \"best\"", true).contains("there is no command \"analyse\""));
        assert!(error("model = \"evil.onnx\"\ndb = \"/x\"", false).contains("names no file but a logo"));
        assert!(error("logo = \"../x.png\"", false).contains("names no file but a logo"));
        assert!(words("logo = \"x.png\"", "analyze", false).is_ok());
    }
}
