//! `orthostat edit`: a page on which a record's points are dragged.

use std::process::{Command, Stdio};

use orthostat::cli::Edit;
use orthostat::edit::{Server, Session, Stopped};
use orthostat::error::Result;

use super::{complain, say};

/// What a program ends with that was interrupted.
const INTERRUPTED: u8 = 130;

pub(crate) fn run(options: &Edit) -> Result<u8> {
    let session = Session::open(&options.record, options.photo.as_deref(), options.out.as_deref())?;
    let server = Server::bind(session, options.idle())?;
    let url = server.url();
    say(&format!("{url}\n"))?;
    if options.open {
        browse(&url);
    }
    let (stopped, session) = server.run()?;
    if let (Some(session), Stopped::Idle | Stopped::Interrupted) = (&session, stopped)
        && let Some(kept) = session.keep_unsaved()?
    {
        complain(&format!(
            "points that were not saved are kept in {}; orthostat recompute RECORD --points takes them",
            kept.display()
        ));
    }
    match stopped {
        Stopped::Closed => Ok(0),
        Stopped::Idle => {
            complain(&"the page was left alone for too long and is closed");
            Ok(0)
        }
        Stopped::Interrupted => Ok(INTERRUPTED),
    }
}

fn browse(url: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let quiet = Stdio::null;
    if Command::new(opener).arg(url).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn().is_err() {
        complain(&format!("no browser could be started with {opener}: open the address above"));
    }
}
