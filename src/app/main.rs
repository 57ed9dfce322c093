//! `orthostat`: parse, run, exit code.

mod commands;

use std::process::ExitCode;

use clap::Parser;
use orthostat::app::cli::{Cli, Command};

fn main() -> ExitCode {
    orthostat::core::isolation::quiet();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            // What was typed stands in the message: in our own lines, and harmless.
            commands::tell(&orthostat::core::names::shown_lines(&error.render().to_string()));
            return ExitCode::from(2);
        }
        Err(help) => {
            let _ = help.print();
            return ExitCode::SUCCESS;
        }
    };
    let code = match cli.command {
        Command::Analyze(options) => commands::analyze::run(&options),
        Command::Batch(options) => commands::batch::run(&options),
        Command::Compare(options) => commands::compare::run(&options),
        Command::History(options) => commands::history::run(&options),
        Command::Live { arguments } => commands::live::run(&arguments),
        Command::Recompute(options) => commands::recompute::run(&options),
        Command::Edit(options) => commands::edit::run(&options),
        Command::Models { files } => commands::models::run(&files),
        Command::Schema => commands::schema::run(),
        Command::Doctor => commands::doctor::run(),
    };
    ExitCode::from(code.unwrap_or_else(|error| {
        commands::complain(&error);
        error.exit_code()
    }))
}
