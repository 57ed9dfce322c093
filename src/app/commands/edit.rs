//! `orthostat edit`: a page for dragging a record's points.

use orthostat::app::cli::Edit;
use orthostat::app::edit::{Server, Session, Stopped};
use orthostat::core::error::Result;

use super::page::browse;
use super::{complain, say};

/// The exit code of interrupted programs.
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
    let kept = session.map_or(Ok(()), tell_kept);
    match stopped {
        Stopped::Closed => {}
        Stopped::Silent => complain(&"the page was not heard of any more and is taken for closed"),
        Stopped::Idle => complain(&"the page was left alone for too long and is closed"),
        Stopped::Interrupted => {}
    }
    kept.map(|()| if stopped == Stopped::Interrupted { INTERRUPTED } else { 0 })
}

/// Reports where unsaved points are; if they could not be written, prints them.
fn tell_kept(mut session: Session) -> Result<()> {
    let Some(unsaved) = session.unsaved().cloned() else { return session.keep_unsaved().map(|_| ()) };
    let saved = session.saved().clone();
    match (unsaved.exchanged, saved.exchanged) {
        (true, false) => complain(
            &"that left and right are exchanged was not saved; orthostat recompute RECORD --exchange-sides does the same",
        ),
        (false, true) => complain(&"that left and right are not exchanged any more was not saved"),
        _ => {}
    }
    match session.keep_unsaved() {
        Ok(Some(kept)) => complain(&format_args!(
            "points that were not saved are kept in {}; orthostat recompute RECORD --points takes them",
            kept.display()
        )),
        Ok(None) if unsaved.points != saved.points => complain(
            &"that all points by hand were taken back was not saved; orthostat recompute RECORD --no-points does the same",
        ),
        Ok(None) => {}
        Err(error) => {
            complain(&format_args!("points that were not saved: {}", unsaved.points.to_json()));
            return Err(error);
        }
    }
    Ok(())
}
