//! From the arguments of the process to what is asked for: a command that is left out, defaults from configuration files, and
//! the texts that are made from the command line itself.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::{CommandFactory, Parser};
use clap_complete::Shell;

use super::shell::ShellChoice;
use super::{Cli, config};
use crate::core::error::{Error, Result};
use crate::vision::photo::names_picture;

/// What came of the arguments.
#[derive(Debug)]
pub enum Start {
    /// A command to carry out.
    Run(Box<Cli>),
    /// A text that was asked for: help or the version.
    Text(clap::Error),
    /// What was typed is no command; its message.
    Wrong(String),
}

/// Reads the arguments, with the defaults of configuration files.
///
/// # Errors
/// [`Error::Unreadable`], [`Error::Usage`] for a configuration file that cannot be used.
pub fn start(arguments: Vec<OsString>) -> Result<Start> {
    let typed = with_command(arguments);
    let (full, files) = config::with_defaults(typed.clone(), &Cli::command())?;
    let error = match Cli::try_parse_from(full) {
        Ok(cli) => return Ok(Start::Run(Box::new(cli))),
        Err(error) if !error.use_stderr() => return Ok(Start::Text(error)),
        Err(error) => error,
    };
    // What was typed is sound by itself: then the file is not.
    if let (false, Ok(_)) = (files.is_empty(), Cli::try_parse_from(&typed)) {
        let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        let text = error.to_string();
        let reason = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        return Err(Error::Usage { reason: format!("{}: {reason}", files.join(", ")) });
    }
    Ok(Start::Wrong(error.render().to_string()))
}

/// `orthostat photo.jpg` is `orthostat analyze photo.jpg`.
fn with_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let Some(first) = arguments.get(1) else { return arguments };
    let command = Cli::command();
    let is_command = command.get_subcommands().any(|known| OsStr::new(known.get_name()) == first) || first == "help";
    let is_global = ["-h", "--help", "-V", "--version"].iter().any(|flag| first == flag);
    let path = Path::new(first);
    let is_photo = names_picture(path) || path.is_file();
    let is_option = first.to_string_lossy().starts_with("--");
    if !is_command && !is_global && (is_photo || is_option) {
        arguments.insert(1, "analyze".into());
    }
    arguments
}

/// The completions of a shell.
#[must_use]
pub fn completions(shell: ShellChoice) -> Vec<u8> {
    let shell = match shell {
        ShellChoice::Bash => Shell::Bash,
        ShellChoice::Zsh => Shell::Zsh,
        ShellChoice::Fish => Shell::Fish,
        ShellChoice::Elvish => Shell::Elvish,
        ShellChoice::Powershell => Shell::PowerShell,
    };
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "orthostat", &mut text);
    text
}

/// The manual pages, by name: one of the program and one of each command.
///
/// # Errors
/// What the writer says.
pub fn manual() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut command = Cli::command();
    command.build();
    let subcommands = command.get_subcommands().filter(|one| one.get_name() != "help").cloned();
    let all = std::iter::once(command.clone()).chain(subcommands);
    all.map(|one| {
        let name =
            if one.get_name() == "orthostat" { "orthostat".into() } else { format!("orthostat-{}", one.get_name()) };
        let mut page = Vec::new();
        clap_mangen::Man::new(one).title(name.clone()).render(&mut page)?;
        Ok((format!("{name}.1"), page))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(arguments: &[&str]) -> Vec<String> {
        let arguments = ["orthostat"].iter().chain(arguments).map(OsString::from).collect();
        with_command(arguments).into_iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_photo_alone_is_analyzed_and_a_misspelt_command_is_not() {
        assert_eq!(words(&["a.jpg", "b.jpg"]), ["analyze", "a.jpg", "b.jpg"]);
        assert_eq!(words(&["--open", "a.jpg"]), ["analyze", "--open", "a.jpg"]);
        assert_eq!(words(&["analyse"]), ["analyse"]);
        for kept in [&["--help"][..], &["-V"], &["batch", "a.jpg"], &["help", "batch"], &[]] {
            assert_eq!(words(kept), kept);
        }
    }

    #[test]
    fn every_command_has_a_page_and_every_shell_its_completions() {
        let pages = manual().expect("made");
        let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.contains(&"orthostat.1") && names.contains(&"orthostat-batch.1"), "{names:?}");
        assert!(pages.iter().all(|(_, page)| page.starts_with(b".ie")));
        for shell in <ShellChoice as clap::ValueEnum>::value_variants() {
            let text = String::from_utf8(completions(*shell)).expect("text");
            assert!(text.contains("recompute"), "{shell:?}");
        }
    }
}
