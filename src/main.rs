//! `orthostat`: parse, run, exit code.

mod commands;

use std::process::ExitCode;

use clap::Parser;
use orthostat::cli::{Cli, Command};

fn main() -> ExitCode {
    orthostat::isolation::quiet();
    let code = match Cli::parse().command {
        Command::Analyze(options) => commands::analyze::run(&options),
        Command::Batch(options) => commands::batch::run(&options),
        Command::Compare(options) => commands::compare::run(&options),
        Command::History(options) => commands::history::run(&options),
        Command::Live { arguments } => commands::live::run(&arguments),
        Command::Recompute(options) => commands::recompute::run(&options),
        Command::Edit(options) => commands::edit::run(&options),
        Command::Schema => commands::schema::run(),
        Command::Doctor => commands::doctor::run(),
    };
    ExitCode::from(code.unwrap_or_else(|error| {
        commands::complain(&error);
        error.exit_code()
    }))
}
