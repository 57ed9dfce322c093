//! Killed runs, damaged journals, malformed lists, and blocked messages.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rusqlite::Connection;

use crate::Outcome;
use crate::tools::{Random, Range, ended, files_below, sample, words};

const PHOTOS: usize = 8;

fn intake(range: &Range) {
    for number in 0..PHOTOS {
        let mut bytes = sample(["anterior-tilted.jpg", "small-person.jpg"][number % 2]);
        bytes.extend(format!("copy {number}").bytes());
        range.write(&format!("intake/photo-{number}.jpg"), &bytes);
    }
}

fn arguments<'a>(intake: &'a str, out: &'a str) -> Vec<&'a str> {
    vec!["batch", intake, "--out", out, "--pictures", "--readings", "1", "--progress", "none", "--jobs", "2"]
}

/// The files of an undisturbed run.
fn undisturbed(range: &Range) -> BTreeMap<PathBuf, Vec<u8>> {
    intake(range);
    let (from, out) = (range.text("intake"), range.text("undisturbed"));
    let output = range.run(&arguments(&from, &out)).expect("it ends");
    assert!(output.status.success(), "{}", words(&output.stderr));
    files_below(&range.at("undisturbed"))
}

fn differing(a: &BTreeMap<PathBuf, Vec<u8>>, b: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<PathBuf> {
    let names = a.keys().chain(b.keys()).collect::<std::collections::BTreeSet<_>>();
    names.into_iter().filter(|name| a.get(*name) != b.get(*name)).cloned().collect()
}

/// Killed at any moment, some several times, and resumed: the result must be that of an undisturbed run.
pub(crate) fn kills(range: &Range, outcome: &mut Outcome) {
    let whole = undisturbed(range);
    let mut random = Random::new(range.seed);
    while range.goes_on() && outcome.tried < 150 {
        range.clear("out");
        let (from, out) = (range.text("intake"), range.text("out"));
        for _ in 0..=random.below(3) {
            let mut again = arguments(&from, &out);
            if range.at("out").join(".journal.jsonl").exists() {
                again.push("--resume");
            }
            let mut child = range.command(&again).spawn().expect("started");
            std::thread::sleep(Duration::from_millis(random.below(1500) as u64));
            let _ = child.kill();
            let _ = child.wait();
        }
        let broken = range.ends_with(&[&arguments(&from, &out)[..], &["--resume"]].concat(), &[0]);
        let differ = differing(&whole, &files_below(&range.at("out")));
        outcome.count(broken.or((!differ.is_empty()).then(|| format!("after a kill {differ:?} differ"))));
    }
}

/// One flipped bit anywhere in the journal, without the results: a resumed run must end with the right ones.
pub(crate) fn flips(range: &Range, outcome: &mut Outcome) {
    let whole = undisturbed(range);
    let journal = whole[std::path::Path::new(".journal.jsonl")].clone();
    let mut random = Random::new(range.seed);
    while range.goes_on() && outcome.tried < 50 {
        let mut bytes = journal.clone();
        let at = random.below(bytes.len());
        bytes[at] ^= 1 << random.below(8);
        range.write("undisturbed/.journal.jsonl", &bytes);
        let (from, out) = (range.text("intake"), range.text("undisturbed"));
        let broken = range.ends_with(&[&arguments(&from, &out)[..], &["--resume"]].concat(), &[0]);
        let differ = differing(&whole, &files_below(&range.at("undisturbed")));
        outcome.count(broken.or((!differ.is_empty()).then(|| format!("byte {at}: {differ:?} differ"))));
        for (name, bytes) in &whole {
            range.write(&format!("undisturbed/{}", name.display()), bytes);
        }
    }
}

/// A list of 20 rows with a quote in one of them that is never closed, or closed in a later row.
pub(crate) fn quotes(range: &Range, outcome: &mut Outcome) {
    let photo = sample("small-person.jpg");
    for number in 0..20 {
        range.write(&format!("{number}.jpg"), &photo);
    }
    for opened in 0..20 {
        for closed in [None, Some(opened + 3)] {
            let mut list = "path,notes\n".to_owned();
            for number in 0..20 {
                let note = if number == opened {
                    "\"hurt"
                } else if Some(number) == closed {
                    "left\" knee\""
                } else {
                    "none"
                };
                list.push_str(&format!("{number}.jpg,{note}\n"));
            }
            let path = range.write("list.csv", list.as_bytes());
            let broken = match range.run(&["batch", "--manifest", &path, "--dry-run"]) {
                None => Some("the list hangs".into()),
                Some(output) => {
                    let rows = words(&output.stdout).matches(".jpg").count();
                    let silent = output.status.success() && rows < 20;
                    silent.then(|| format!("{rows} of 20 rows, and not a word"))
                }
            };
            outcome.count(broken);
        }
    }
}

/// Standard error that is full, closed, or not read.
#[cfg(unix)]
pub(crate) fn messages(range: &Range, outcome: &mut Outcome) {
    range.write("intake/a.jpg", &sample("small-person.jpg"));
    range.write("intake/b.jpg", b"no picture");
    let (intake, none) = (range.text("intake"), range.text("none.jpg"));
    for progress in ["plain", "json", "auto"] {
        for closed in [false, true] {
            range.clear("out");
            let out = range.text("out");
            let batch = ["batch", &intake, "--out", &out, "--readings", "1", "--progress", progress];
            for (arguments, right) in
                [(&batch[..], 1), (&["analyze", &none], 1), (&["analyze"], 2), (&["batch", &none, "--dry-run"], 2)]
            {
                let mut command = range.command(arguments);
                if closed {
                    let (reader, writer) = std::io::pipe().expect("a pipe");
                    drop(reader);
                    command.stderr(Stdio::from(writer));
                } else {
                    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux");
                    command.stderr(Stdio::from(full));
                }
                let code = ended(command.spawn().expect("started")).and_then(|output| output.status.code());
                outcome.count((code != Some(right)).then(|| format!("{} ends with {code:?}", arguments[0])));
            }
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn messages(_: &Range, _: &mut Outcome) {}

/// Unreadable rows: the others are listed, and these can be removed.
pub(crate) fn history(range: &Range, outcome: &mut Outcome) {
    let record = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/expected/anterior-tilted.json");
    let record = record.display().to_string();
    for (number, damage) in [
        "UPDATE record SET json = '{' WHERE subject = 'Berta'",
        "UPDATE record SET visited = 'soon' WHERE subject = 'Berta'",
        "UPDATE record SET subject = 'Ber' || char(10) || 'ta' WHERE subject = 'Berta'",
        "UPDATE record SET subject = char(27) || '[2J' WHERE subject = 'Berta'",
        "UPDATE record SET subject = '' WHERE subject = 'Berta'",
        "UPDATE record SET json = CAST(x'ff00ff' AS TEXT) WHERE subject = 'Berta'",
        "UPDATE record SET subject = ' Berta ' WHERE subject = 'Berta'",
    ]
    .into_iter()
    .enumerate()
    {
        let db = range.text(&format!("{number}.sqlite"));
        for subject in ["Anna", "Berta"] {
            let _ = range.run(&["history", "add", subject, &record, "--db", &db]);
        }
        let connection = Connection::open(&db).expect("opens");
        connection.execute(damage, []).expect("damaged");
        let name: String = connection
            .query_row("SELECT subject FROM record WHERE subject <> 'Anna'", [], |row| row.get(0))
            .expect("there");
        drop(connection);
        let list =
            range.run(&["history", "list", "--db", &db]).map(|output| (output.status.code(), words(&output.stdout)));
        let listed = list.as_ref().is_some_and(|(code, said)| *code == Some(0) && said.contains("Anna: 1 record"));
        outcome.count((!listed).then(|| format!("list after {damage}: {list:?}")));
        let broken = range.ends_with(&["history", "purge", &name, "--yes", "--db", &db], &[0]);
        let left: i64 = Connection::open(&db)
            .expect("opens")
            .query_row("SELECT count(*) FROM record", [], |row| row.get(0))
            .expect("counted");
        outcome.count(broken.or((left != 1).then(|| format!("purge after {damage}: {left} rows are left"))));
    }
}
