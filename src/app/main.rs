//! `orthostat`: parse, run, exit code.

mod commands;

use std::process::ExitCode;

use orthostat::app::cli::Command;
use orthostat::app::cli::start::{Start, start};

fn main() -> ExitCode {
    orthostat::core::isolation::quiet();
    let cli = match start(std::env::args_os().collect()) {
        Ok(Start::Run(cli)) => cli,
        Ok(Start::Wrong(message)) => {
            // The message contains the typed arguments: escaped, with our own line feeds.
            commands::tell(&orthostat::core::names::shown_lines(&message));
            return ExitCode::from(2);
        }
        Ok(Start::Text(help)) => {
            let _ = help.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            commands::complain(&error);
            return ExitCode::from(error.exit_code());
        }
    };
    let code = match cli.command {
        Command::Analyze(options) => commands::analyze::run(&options),
        Command::Batch(options) => commands::batch::run(&options),
        Command::Compare(options) => commands::compare::run(&options),
        Command::History(options) => commands::history::run(&options),
        Command::Live { arguments } => commands::live::run(&arguments),
        Command::Recompute(options) => commands::recompute::run(&options),
        Command::Report(options) => commands::report::run(&options),
        Command::Edit(options) => commands::edit::run(&options),
        Command::Models { files } => commands::models::run(&files),
        Command::Schema => commands::schema::run(),
        Command::Completions { shell } => commands::texts::completions(shell),
        Command::Man { out } => commands::texts::manual(out.as_deref()),
        Command::Doctor => commands::doctor::run(),
    };
    ExitCode::from(code.unwrap_or_else(|error| {
        commands::complain(&error);
        error.exit_code()
    }))
}
