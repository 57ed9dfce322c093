//! Files and names from outside, and existing files in the place of outputs.

use std::path::Path;

use crate::Outcome;
use crate::tools::{Random, Range, files_below, fixtures, sample, words};

/// Pictures per batch of malformed ones.
const ONE_BATCH: usize = 60;
/// The largest number of malformed pictures.
const MOST: usize = 3000;

/// Flipped, truncated, stretched and spliced pictures: each must be a row among results or failures, none may panic, and the run must
/// end.
pub(crate) fn malformed(range: &Range, outcome: &mut Outcome) {
    let mut sources = fixtures();
    sources.push(("small-person.jpg".into(), sample("small-person.jpg")));
    let mut random = Random::new(range.seed);
    while range.goes_on() && outcome.tried < MOST {
        range.clear("intake");
        range.clear("out");
        for number in 0..ONE_BATCH {
            let (name, bytes) = &sources[random.below(sources.len())];
            let ending = name.rsplit('.').next().unwrap_or("jpg");
            range.write(&format!("intake/{number:03}.{ending}"), &mutated(bytes, &mut random, &sources));
        }
        // Named one by one: a folder leaves out files that do not look like pictures.
        let (intake, out) = (range.text("intake/*"), range.text("out"));
        let run = [
            "batch",
            &intake,
            "--out",
            &out,
            "--readings",
            "1",
            "--pictures",
            "--progress",
            "none",
            "--time-limit",
            "20",
        ];
        let ended = range.run(&run).map(|output| (output.status.code(), words(&output.stderr)));
        let rows =
            |name: &str| range.read(&format!("out/{name}")).map_or(0, |b| b.iter().filter(|&&b| b == b'\n').count());
        let failures = words(&range.read("out/failures.csv").unwrap_or_default());
        let refused = failures.lines().filter(|line| line.contains(",refused,")).count();
        // A refused photo is in both.
        let found = rows("results.jsonl") + failures.lines().count().saturating_sub(1) - refused;
        let panics = failures.matches(",panic,").count();
        for number in 0..ONE_BATCH {
            let broken = match &ended {
                _ if number > 0 => None,
                None => Some("the batch hangs".into()),
                Some((Some(0 | 1), _)) if found == ONE_BATCH => None,
                Some((code, said)) => Some(format!("code {code:?}, {found} of {ONE_BATCH} rows: {said}")),
            };
            outcome.count(broken);
        }
        outcome.broken.extend((0..panics).map(|_| "a panic in a decoder".to_owned()));
    }
}

fn mutated(bytes: &[u8], random: &mut Random, others: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(3) {
        let length = bytes.len().max(1);
        match random.below(6) {
            0 => (0..=random.below(12)).for_each(|_| {
                let at = random.below(length);
                bytes[at] ^= 1 << random.below(8);
            }),
            1 => bytes.truncate(random.below(length).max(1)),
            // Headers declare the size of a picture.
            2 => {
                let at = random.below(length.min(200));
                bytes[at] = [0, 0xff, 0x7f, 0x80][random.below(4)];
            }
            3 => {
                let (at, more) = (random.below(length), random.below(400));
                let piece: Vec<u8> = (0..more).map(|_| random.below(256) as u8).collect();
                bytes.splice(at..at, piece);
            }
            4 => {
                let other = &others[random.below(others.len())].1;
                bytes.truncate(random.below(length).max(1));
                bytes.extend(&other[random.below(other.len())..]);
            }
            _ => {
                let (from, count) = (random.below(length), random.below(64));
                let end = (from + count).min(bytes.len());
                bytes.drain(from..end);
            }
        }
        if bytes.is_empty() {
            bytes.push(0xff);
        }
    }
    bytes
}

/// Names that would control a terminal, run as a spreadsheet formula, lead to other folders or be too long.
pub(crate) fn names(range: &Range, outcome: &mut Outcome) {
    let long = ["王".repeat(83), "a".repeat(251), "é".repeat(125), "a\u{301}".repeat(80)];
    let short = [
        "\u{1b}[2J",
        "\u{1b}]0;owned\u{7}",
        "a\nb",
        "a\rb",
        "\u{9b}31m",
        "\u{202e}gpj",
        "=1+1",
        "@x",
        "-rf",
        "--force",
        "' or 1",
        "a,b\"c",
        "<script>",
        "%s%n",
        "..",
        "...",
        " ",
        "CON",
        "\u{feff}x",
        "\u{2028}x",
    ];
    let photo = sample("small-person.jpg");
    for name in long.iter().map(String::as_str).chain(short) {
        if !range.goes_on() {
            return;
        }
        range.clear("intake");
        range.clear("out");
        range.clear("single");
        let path = range.write(&format!("intake/{name}.jpg"), &photo);
        let (intake, out, single) = (range.text("intake"), range.text("out"), range.text("single"));
        let batch =
            ["batch", &intake, "--out", &out, "--pictures", "--report", "--readings", "1", "--progress", "plain"];
        for arguments in [
            &batch[..],
            &["analyze", &path, "--readings", "1", "--out", &single, "--fhir"],
            &["batch", &intake, "--dry-run"],
            &["analyze", &format!("{path}.none")],
        ] {
            let Some(output) = range.run(arguments) else {
                outcome.count(Some(format!("{name:?} hangs")));
                continue;
            };
            let said = format!("{}{}", words(&output.stdout), words(&output.stderr));
            let steers = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
            // Files whose name begins with a dot are hidden, and skipped in a folder.
            let right = match arguments[0] {
                _ if arguments[1].ends_with(".none") => 1,
                "batch" if name.starts_with('.') => 3,
                _ => 0,
            };
            outcome.count(match output.status.code() {
                Some(code) if code != right => Some(format!("{name:?} {}: code {code}: {said}", arguments[0])),
                None => Some(format!("{name:?} {}: killed", arguments[0])),
                _ if said.contains(steers) => Some(format!("{name:?} reaches the terminal: {said:?}")),
                _ => None,
            });
        }
    }
}

/// Links at every name that a run opens; their targets must be unchanged.
#[cfg(unix)]
pub(crate) fn links(range: &Range, outcome: &mut Outcome) {
    use std::os::unix::fs::symlink;
    range.write("intake/anna.jpg", &sample("small-person.jpg"));
    range.write("victim", b"mine");
    let names = [
        ".journal.jsonl",
        ".in-work.jsonl",
        ".orthostat-files",
        ".results.jsonl.part",
        ".results.csv.part",
        ".summary.html.part",
        "results.jsonl",
        "results.csv",
        "results_long.csv",
        "failures.csv",
        "summary.html",
        "pictures",
        "reports",
        "pictures/anna.jpg",
        "pictures/.anna.jpg.part",
        "reports/anna.html",
    ];
    for name in names {
        for hard in [false, true] {
            for force in [&[][..], &["--force"]] {
                if !range.goes_on() || (hard && matches!(name, "pictures" | "reports")) {
                    continue;
                }
                range.clear("out");
                range.clear("elsewhere");
                std::fs::create_dir_all(range.at("elsewhere")).expect("made");
                let link = range.at("out").join(name);
                std::fs::create_dir_all(link.parent().expect("a folder")).expect("made");
                let to =
                    if matches!(name, "pictures" | "reports") { range.at("elsewhere") } else { range.at("victim") };
                let planted = if hard { std::fs::hard_link(&to, &link) } else { symlink(&to, &link) };
                planted.expect("a link");
                let (intake, out) = (range.text("intake"), range.text("out"));
                let run = [
                    "batch",
                    &intake,
                    "--out",
                    &out,
                    "--pictures",
                    "--report",
                    "--readings",
                    "1",
                    "--progress",
                    "none",
                ];
                let ended = range.ends_with(&[&run[..], force].concat(), &[0, 2, 5]);
                let whole = range.read("victim").is_some_and(|bytes| bytes == b"mine");
                let stranger = files_below(&range.at("elsewhere")).len();
                range.write("victim", b"mine");
                let lost = format!("{name}, hard {hard}, {force:?}: the victim changed, {stranger} files elsewhere");
                outcome.count(ended.or((!whole || stranger > 0).then_some(lost)));
            }
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn links(_: &Range, _: &mut Outcome) {}

/// A user's file under every name that a run would write; and unfinished files of other programs.
pub(crate) fn strangers(range: &Range, outcome: &mut Outcome) {
    range.write("intake/anna.jpg", &sample("small-person.jpg"));
    let page = range.text("page.html");
    for name in [
        "results.jsonl",
        "results.csv",
        "results_long.csv",
        "failures.csv",
        "summary.html",
        "pictures/anna.jpg",
        "reports/anna.html",
        ".mine.part",
        ".anna.jpg.part",
        "pictures/.mine.part",
        "notes.txt",
        ".journal.jsonl",
        ".in-work.jsonl",
    ] {
        if !range.goes_on() {
            return;
        }
        range.clear("out");
        range.write(&format!("out/{name}"), b"mine");
        let (intake, out) = (range.text("intake"), range.text("out"));
        let run = ["batch", &intake, "--out", &out, "--pictures", "--report", "--readings", "1", "--progress", "none"];
        let ended = range.ends_with(&run, &[0, 2]);
        let kept = range.read(&format!("out/{name}")).is_some_and(|bytes| bytes == b"mine");
        outcome.count(ended.or((!kept).then(|| format!("{name} is lost"))));
    }
    for name in ["anna.json", "anna.annotated.jpg", "anna.fhir.json"] {
        range.clear("out");
        range.write(&format!("out/{name}"), b"mine");
        let (photo, out) = (range.text("intake/anna.jpg"), range.text("out"));
        let ended = range.ends_with(&["analyze", &photo, "--out", &out, "--fhir", "--readings", "1"], &[2]);
        let kept = range.read(&format!("out/{name}")).is_some_and(|bytes| bytes == b"mine");
        outcome.count(ended.or((!kept).then(|| format!("analyze: {name} is lost"))));
    }
    range.write("page.html", b"mine");
    let photo = range.text("intake/anna.jpg");
    let _ = range.run(&["analyze", &photo, "--report", &page, "--readings", "1"]);
    outcome.count((range.read("page.html").as_deref() != Some(b"mine")).then(|| "a page of one's own is lost".into()));
}

/// Outputs that are named as inputs.
pub(crate) fn inputs(range: &Range, outcome: &mut Outcome) {
    let photo = range.write("anna.jpg", &sample("small-person.jpg"));
    let record = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/expected/anterior-tilted.json");
    let record = range.write("anna.json", &std::fs::read(record).expect("there"));
    let db = range.text("history.sqlite");
    let _ = range.run(&["history", "add", "Anna", &record, "--db", &db]);
    let here = range.text("");
    for arguments in [
        vec!["analyze", &photo, "--readings", "1", "--report", &photo],
        vec!["analyze", &photo, "--readings", "1", "--save", "Anna", "--db", &db, "--report", &db],
        vec!["history", "export", "Anna", "--db", &db, "--out", &db],
        vec!["history", "show", "Anna", "--db", &db, "--report", &db],
        vec!["recompute", &record, "--out", &here],
        vec!["edit", &record, "--photo", &photo, "--out", &record],
    ] {
        for force in [false, true] {
            let before = ["anna.jpg", "anna.json", "history.sqlite"].map(|name| range.read(name));
            let mut all = arguments.clone();
            if force && all[0] != "edit" {
                all.push("--force");
            }
            let _ = range.run(&all);
            let after = ["anna.jpg", "anna.json", "history.sqlite"].map(|name| range.read(name));
            outcome.count((before != after).then(|| format!("{:?} changes an input", &all[..1])));
        }
    }
}

/// Original photos in the output folder.
pub(crate) fn below(range: &Range, outcome: &mut Outcome) {
    let photo = sample("small-person.jpg");
    for place in ["out/pictures/anna.jpg", "out/anna.jpg", "out/deep/pictures/anna.jpg"] {
        for force in [&[][..], &["--force"]] {
            range.clear("out");
            range.clear("intake");
            range.write(place, &photo);
            range.write("intake/anna.jpg", &sample("anterior-level.jpg"));
            let list = range.write("list.csv", format!("path\n{place}\n").as_bytes());
            let (intake, out) = (range.text("intake"), range.text("out"));
            let common = ["--out", &out, "--pictures", "--readings", "1", "--progress", "none"];
            for what in [&["batch", &out][..], &["batch", "--manifest", &list]] {
                let _ = range.run(&[what, &common, force].concat());
                let kept = range.read(place).is_some_and(|bytes| bytes == photo);
                outcome.count((!kept).then(|| format!("{place} is drawn over by {what:?} {force:?}")));
                range.write(place, &photo);
            }
            if force.is_empty() {
                let _ = range.run(&[&["batch", &intake], &common[..]].concat());
                let kept = range.read(place).is_some_and(|bytes| bytes == photo);
                outcome.count((!kept).then(|| format!("{place} is drawn over by a photo of the same name")));
            }
        }
    }
}

/// Two patients whose photos have the same name, one after the other into one folder.
pub(crate) fn same_name(range: &Range, outcome: &mut Outcome) {
    for (number, form) in ["jpg", "png", "svg"].into_iter().enumerate() {
        range.clear("out");
        let first = range.write(&format!("{number}/a/front.jpg"), &sample("anterior-tilted.jpg"));
        let second = range.write(&format!("{number}/b/front.jpg"), &sample("posterior-level.jpg"));
        let out = range.text("out");
        let common = ["--readings", "1", "--picture", form, "--out", &out];
        let _ = range.run(&[&["analyze", &first], &common[..]].concat());
        let before = files_below(&range.at("out"));
        let _ = range.run(&[&["analyze", &second], &common[..]].concat());
        let after = files_below(&range.at("out"));
        let kept = before
            .iter()
            .filter(|(name, _)| name.to_string_lossy().starts_with("front"))
            .all(|(name, b)| after.get(name) == Some(b));
        outcome.count((!kept).then(|| "the first patient's record is replaced".into()));
    }
    let record = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/expected/anterior-tilted.json"))
        .expect("there");
    let (a, b) = (range.write("x/r.json", &record), range.write("y/r.json", &record));
    let output = range.run(&["recompute", &a, &b, "--out", &range.text("o")]);
    let written =
        files_below(&range.at("o")).keys().filter(|name| name.extension().is_some_and(|e| e == "json")).count();
    let silent = output.is_some_and(|output| output.status.success());
    outcome.count((written < 2 && silent).then(|| "two records become one file".into()));
}
