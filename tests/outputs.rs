//! Which files outputs may replace: an input never, other programs' files only if forced; with the real program.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{orthostat, repository, text};
use rusqlite::Connection;
use serde_json::Value;

/// A folder of the user's.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn at(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn sample(&self, sample: &str, name: &str) -> String {
        let to = PathBuf::from(self.at(name));
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("made");
        std::fs::copy(repository("samples").join(sample), &to).expect("copied");
        self.at(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        let to = PathBuf::from(self.at(name));
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("made");
        std::fs::write(&to, bytes).expect("written");
        self.at(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.at(name)).expect("there")
    }
}

const QUICK: [&str; 2] = ["--readings", "1"];

fn refused(arguments: &[&str], says: &str) {
    let output = orthostat(arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(said.contains(says), "{arguments:?} does not say \"{says}\": {said}");
}

#[test]
fn originals_below_the_output_folder_are_left_out_and_left_alone() {
    let folder = Folder::new();
    folder.sample("anterior-tilted.jpg", "results/pictures/anna.jpg");
    let original = folder.read("results/pictures/anna.jpg");
    let all = ["batch", &folder.at("results"), "--out", &folder.at("results"), "--pictures", "--progress", "none"];
    let output = orthostat(&[&all[..], &QUICK].concat());
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("1 photo lies in the output folder and is left out"));
    // The annotated picture of a photo with the same name from elsewhere would replace it.
    folder.sample("posterior-level.jpg", "intake/anna.jpg");
    let (intake, results) = (folder.at("intake"), folder.at("results"));
    let another = ["batch", &intake, "--out", &results, "--pictures", "--readings", "1"];
    refused(&another, "this program did not write it as it is");
    let list = folder.write("results/list.csv", b"path\npictures/anna.jpg\n");
    let forced = ["batch", "--manifest", &list, "--out", &results, "--pictures", "--force"];
    refused(&forced, "lies in the output folder");
    assert_eq!(folder.read("results/pictures/anna.jpg"), original);
}

#[test]
fn pictures_of_an_earlier_run_are_no_photos_of_the_next() {
    let folder = Folder::new();
    folder.sample("anterior-tilted.jpg", "intake/anna.jpg");
    let intake = folder.at("intake");
    let run = |out: &str, more: &[&str]| {
        let out = folder.at(out);
        let arguments = ["batch", &intake, "--out", &out, "--progress", "none", "--pictures", "--readings", "1"];
        let output = orthostat(&[&arguments[..], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stderr)
    };
    assert_eq!(run("intake/first", &[]), "");
    let said = run("intake/second", &[]);
    assert!(said.contains("1 picture was written by this program and is left out"), "{said}");
    let lines = text(&folder.read("intake/second/results.jsonl"));
    assert_eq!(lines.lines().count(), 1, "{lines}");
    // Again into the same folder: its own files are replaced.
    run("intake/second", &["--force"]);
    run("intake/second", &["--resume"]);
}

const NO_PAGE: &str = "expected a name that ends in .html or .pdf for a page";

#[test]
fn an_input_is_never_an_output() {
    let folder = Folder::new();
    let photo = folder.sample("anterior-tilted.jpg", "anna.jpg");
    let original = folder.read("anna.jpg");
    for force in [&[][..], &["--force"]] {
        // A page must not have another ending, so a photo or a history cannot be named.
        refused(&[&["analyze", &photo, "--report", &photo], force, &QUICK].concat(), NO_PAGE);
        #[cfg(unix)]
        {
            let alias = folder.at("alias.html");
            let _ = std::os::unix::fs::symlink(&photo, &alias);
            refused(&[&["analyze", &photo, "--report", &alias], force, &QUICK].concat(), "is an input");
        }
    }
    assert_eq!(folder.read("anna.jpg"), original);
    // A history that would be overwritten by an export from it.
    let db = folder.at("history.sqlite");
    let record = repository("samples/expected/anterior-tilted.json").display().to_string();
    assert!(orthostat(&["history", "add", "Anna", &record, "--db", &db]).status.success());
    let before = folder.read("history.sqlite");
    for force in [&[][..], &["--force"]] {
        let export = [&["history", "export", "Anna", "--db", &db, "--out", &db], force].concat();
        refused(&export, "is an input");
        let show = [&["history", "show", "Anna", "--db", &db, "--report", &db], force].concat();
        refused(&show, NO_PAGE);
        refused(&[&["analyze", &photo, "--save", "Anna", "--db", &db, "--report", &db], force].concat(), NO_PAGE);
    }
    assert_eq!(folder.read("history.sqlite"), before);
}

#[test]
fn one_patients_record_is_not_replaced_by_anothers() {
    let folder = Folder::new();
    let first = folder.sample("anterior-tilted.jpg", "p1/front.jpg");
    let second = folder.sample("posterior-level.jpg", "p2/front.jpg");
    let out = folder.at("r");
    let run = |photo: &str, more: &[&str]| {
        let output = orthostat(&[&["analyze", photo, "--out", &out, "--readings", "1"], more].concat());
        (output.status.code(), text(&output.stderr))
    };
    assert_eq!(run(&first, &[]).0, Some(0));
    let kept = [folder.read("r/front.json"), folder.read("r/front.annotated.jpg")];
    let (code, said) = run(&second, &[]);
    assert!(code == Some(2) && said.contains("was made from another photo"), "{code:?} {said}");
    assert_eq!([folder.read("r/front.json"), folder.read("r/front.annotated.jpg")], kept);
    // The same photo again is not another photo, and --force is the user's decision.
    assert_eq!(run(&first, &[]).0, Some(0));
    assert_eq!(run(&second, &["--force"]).0, Some(0));
    // Neither of two records with one name is lost.
    let (a, b) = (folder.write("a/x.json", &kept[0]), folder.write("b/x.json", &folder.read("r/front.json")));
    refused(&["recompute", &a, &b, "--out", &folder.at("o")], "would both become");
    assert!(!Path::new(&folder.at("o/x.json")).exists());
}

#[test]
fn a_users_own_files_in_the_output_folder_stay() {
    let folder = Folder::new();
    let photo = folder.sample("anterior-tilted.jpg", "anna.jpg");
    let out = folder.at("r");
    for (name, switches) in [
        ("summary.html", &[][..]),
        ("results.csv", &[]),
        ("pictures/anna.jpg", &["--pictures"]),
        ("reports/anna.html", &["--report"]),
    ] {
        folder.write(&format!("r/{name}"), b"mine");
        folder.write("r/.mine.part", b"mine");
        let run = [&["batch", &photo, "--out", &out, "--progress", "none"], switches, &QUICK].concat();
        refused(&run, "did not write it as it is");
        assert_eq!(folder.read(&format!("r/{name}")), b"mine", "{name}");
        std::fs::remove_file(folder.at(&format!("r/{name}"))).expect("there");
    }
    let output = orthostat(&["batch", &photo, "--out", &out, "--progress", "none", "--readings", "1"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(folder.read("r/.mine.part"), b"mine");
    // A result that the user has edited since.
    let mut notes = folder.read("r/results.csv");
    notes.extend(b"and my notes\n");
    folder.write("r/results.csv", &notes);
    refused(&["batch", &photo, "--out", &out, "--resume", "--readings", "1"], "did not write it as it is");
    assert_eq!(folder.read("r/results.csv"), notes);
    // A user's page, and a page of this program.
    let page = folder.write("page.html", b"mine");
    refused(&["analyze", &photo, "--report", &page, "--readings", "1"], "did not write it as it is");
    std::fs::remove_file(&page).expect("there");
    for _ in 0..2 {
        let output = orthostat(&["analyze", &photo, "--report", &page, "--readings", "1"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
}

#[cfg(unix)]
#[test]
fn planted_links_lead_nowhere() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new();
    let photo = folder.sample("anterior-tilted.jpg", "anna.jpg");
    let victim = folder.write("victim", b"mine");
    for (link, to) in [
        (".journal.jsonl", &victim),
        (".in-work.jsonl", &victim),
        (".results.jsonl.part", &victim),
        (".summary.html.part", &victim),
        ("results.csv", &victim),
        ("summary.html", &victim),
        (".orthostat-files", &victim),
        ("pictures", &folder.at("elsewhere")),
        ("reports", &folder.at("elsewhere")),
    ] {
        std::fs::create_dir_all(folder.at("elsewhere")).expect("made");
        for force in [&[][..], &["--force"]] {
            let out = folder.at("r");
            let _ = std::fs::remove_dir_all(&out);
            std::fs::create_dir(&out).expect("made");
            symlink(to, Path::new(&out).join(link)).expect("a link");
            let run =
                ["batch", &photo, "--out", &out, "--pictures", "--report", "--progress", "none", "--readings", "1"];
            let output = orthostat(&[&run[..], force].concat());
            assert!(matches!(output.status.code(), Some(0 | 2 | 5)), "{link}: {}", text(&output.stderr));
            assert_eq!(folder.read("victim"), b"mine", "{link} {force:?}");
            assert_eq!(std::fs::read_dir(folder.at("elsewhere")).expect("there").count(), 0, "{link} {force:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn looking_into_a_strangers_file_changes_nothing_of_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let text_file = folder.write("notes.txt", b"my notes, and more of them\n");
    let empty = folder.write("empty", b"");
    let bookmarks = folder.at("bookmarks.sqlite");
    let ahead = folder.at("ahead.sqlite");
    for (path, mode) in [(&bookmarks, "delete"), (&ahead, "wal")] {
        let connection = Connection::open(path).expect("made");
        connection.query_row(&format!("PRAGMA journal_mode = {mode}"), [], |_| Ok(())).expect("set");
        connection.execute_batch("CREATE TABLE bookmarks (x)").expect("filled");
    }
    for path in [&text_file, &empty, &bookmarks, &ahead] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).expect("set");
        let before = std::fs::read(path).expect("there");
        let names = || std::fs::read_dir(folder.0.path()).expect("there").count();
        let count = names();
        for command in [&["history", "list"][..], &["history", "show", "Anna"], &["compare", "--subject", "Anna"]] {
            let output = orthostat(&[command, &["--db", path]].concat());
            assert_eq!(output.status.code(), Some(5), "{path} {command:?}: {}", text(&output.stderr));
        }
        let record = repository("samples/expected/anterior-tilted.json").display().to_string();
        assert_eq!(orthostat(&["history", "add", "Anna", &record, "--db", path]).status.code(), Some(5), "{path}");
        assert_eq!(std::fs::read(path).expect("there"), before, "{path}");
        assert_eq!(std::fs::metadata(path).expect("there").permissions().mode() & 0o777, 0o644, "{path}");
        assert_eq!(names(), count, "nothing appears beside {path}");
    }
}

#[test]
fn names_of_any_length_and_kind_end_no_batch() {
    let folder = Folder::new();
    let photo = std::fs::read(repository("samples/small-person.jpg")).expect("there");
    let long = "王".repeat(83);
    for name in [format!("{long}.jpg"), format!("{}.jpg", "a".repeat(251)), "esc\u{1b}[2J\nline.jpg".into()] {
        folder.write(&format!("intake/{name}"), &photo);
    }
    let (intake, out) = (folder.at("intake"), folder.at("r"));
    let run = ["batch", &intake, "--out", &out, "--pictures", "--report", "--readings", "1"];
    let output = orthostat(&run);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(!output.stderr.contains(&0x1b), "{}", text(&output.stderr));
    assert_eq!(text(&folder.read("r/results.jsonl")).lines().count(), 3);
    assert_eq!(std::fs::read_dir(folder.at("r/pictures")).expect("there").count(), 3);
    let long = folder.at(&format!("intake/{long}.jpg"));
    let output = orthostat(&["analyze", &long, "--out", &folder.at("o"), "--fhir", "--readings", "1"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(std::fs::read_dir(folder.at("o")).expect("there").count(), 4);
}

#[test]
fn nothing_from_outside_steers_the_terminal() {
    let folder = Folder::new();
    let evil = "a\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}b";
    let photo = folder.sample("small-person.jpg", &format!("{evil}.jpg"));
    let record = repository("samples/expected/anterior-tilted.json");
    let mut json: Value = serde_json::from_slice(&std::fs::read(record).expect("there")).expect("JSON");
    for (key, value) in [("id", evil), ("warnings", "")] {
        json[key] = if value.is_empty() { serde_json::json!([evil]) } else { value.into() };
    }
    json["source"]["file"] = evil.into();
    json["quality"]["flags"] = serde_json::json!([{"code": "dark", "text": evil}]);
    let record = folder.write("record.json", json.to_string().as_bytes());
    let list = folder.write("list.csv", format!("path,id\n{evil}.jpg,=1+1\n").as_bytes());
    let db = folder.at("history.sqlite");
    assert!(orthostat(&["history", "add", "Anna", &record, "--db", &db]).status.success());
    Connection::open(&db).expect("opens").execute("UPDATE record SET subject = ?1", [evil]).expect("changed");
    for arguments in [
        vec!["analyze", &photo, "--readings", "1"],
        vec!["analyze", &photo, "--readings", "1", "--json"],
        vec!["analyze", &format!("{photo}.none")],
        vec!["analyze", &photo, &format!("--{evil}")],
        vec!["analyze", &photo, "--save", evil],
        vec!["recompute", &record],
        vec!["batch", &photo, "--dry-run"],
        vec!["batch", "--manifest", &list, "--dry-run"],
        vec!["history", "list", "--db", &db],
        vec!["history", "list", "--json", "--db", &db],
        vec!["history", "show", evil, "--db", &db],
        vec!["history", "export", evil, "--db", &db],
        vec!["compare", &record, &photo, "--readings", "1"],
        vec!["history", "purge", "nobody\u{1b}[1m", "--yes", "--db", &db],
    ] {
        let output = orthostat(&arguments);
        for said in [text(&output.stdout), text(&output.stderr)] {
            let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!said.contains(steers), "{arguments:?}: {said:?}");
        }
    }
    let plan = text(&orthostat(&["batch", "--manifest", &list, "--dry-run"]).stdout);
    assert!(plan.contains("'=1+1") && plan.lines().count() == 2, "a formula stays text, a row is a line: {plan}");
}

#[cfg(unix)]
#[test]
fn messages_that_cannot_be_written_end_nothing() {
    let folder = Folder::new();
    folder.sample("small-person.jpg", "intake/a.jpg");
    folder.write("intake/b.jpg", b"no picture");
    let run = |redirect: &str, arguments: &[&str]| {
        let command = format!("exec \"$0\" \"$@\" {redirect}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &command, env!("CARGO_BIN_EXE_orthostat")]).args(arguments);
        shell.stdin(Stdio::null()).output().expect("started").status.code()
    };
    for (number, redirect) in ["2>/dev/full", "2>&-", "2>&1 >/dev/null | true"].iter().enumerate() {
        for progress in ["json", "plain"] {
            let out = folder.at(&format!("r{number}{progress}"));
            let arguments = ["batch", &folder.at("intake"), "--out", &out, "--progress", progress, "--readings", "1"];
            let code = run(redirect, &arguments);
            if !redirect.contains('|') {
                assert_eq!(code, Some(1), "{redirect} {progress}");
            }
            let start = std::time::Instant::now();
            while !Path::new(&out).join("results.jsonl").exists() {
                assert!(start.elapsed().as_secs() < 120, "{redirect} {progress}: no results");
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
        if !redirect.contains('|') {
            assert_eq!(run(redirect, &["analyze", &folder.at("intake/b.jpg")]), Some(1), "{redirect}");
            assert_eq!(run(redirect, &["analyze", "--no-such-switch"]), Some(2), "{redirect}");
        }
    }
}

#[test]
fn a_folder_that_names_nobody_keeps_nothing_of_a_run_that_named() {
    let folder = Folder::new();
    let photo = folder.sample("anterior-level.jpg", "in/Anna Smithson.jpg");
    let (input, out, key) = (folder.at("in"), folder.at("out"), folder.at("key"));
    let run = |more: &[&str]| {
        let base = ["batch", &input, "--out", &out, "--readings", "1", "--pictures", "--report", "--progress", "none"];
        orthostat(&[&base[..], more].concat())
    };
    assert_eq!(run(&[]).status.code(), Some(0), "{photo}");
    let names = || {
        let all = ["pictures", "reports"].map(|inner| std::fs::read_dir(Path::new(&out).join(inner)).expect("there"));
        let names =
            all.into_iter().flatten().map(|entry| entry.expect("read").file_name().into_string().expect("UTF-8"));
        names.collect::<Vec<_>>()
    };
    assert!(names().iter().any(|name| name.contains("Smithson")), "{:?}", names());
    let nameless = ["--deidentify", "--key", &key, "--force"];
    let output = run(&nameless);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(!names().is_empty() && !names().iter().any(|name| name.contains("Smithson")), "{:?}", names());
    // A file placed there by another user is kept, and named in the message.
    std::fs::write(Path::new(&out).join("pictures/Berta Smithson.jpg"), b"hers").expect("written");
    let output = run(&nameless);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("Berta Smithson.jpg: lies in a folder that is to name nobody"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(std::fs::read(Path::new(&out).join("pictures/Berta Smithson.jpg")).expect("still there"), b"hers");
}

#[test]
fn a_picture_that_is_withheld_leaves_no_uncovered_one_of_before() {
    let folder = Folder::new();
    let out = folder.at("out");
    // No head is visible: its picture cannot be covered.
    let whole = image::open(repository("samples/anterior-level.jpg")).expect("a picture");
    let photo = folder.at("front.png");
    whole.crop_imm(0, 420, whole.width(), whole.height() - 420).save(&photo).expect("written");
    for form in ["jpg", "png"] {
        let output = orthostat(&["analyze", &photo, "--readings", "1", "--picture", form, "--out", &out]);
        assert!(Path::new(&out).join(format!("front.annotated.{form}")).exists(), "{}", text(&output.stderr));
    }
    let output = orthostat(&["analyze", &photo, "--readings", "1", "--mask-face", "--out", &out]);
    assert!(text(&output.stderr).contains("no picture is given"), "{}", text(&output.stderr));
    for form in ["jpg", "png"] {
        assert!(!Path::new(&out).join(format!("front.annotated.{form}")).exists(), "{form}");
    }
}
