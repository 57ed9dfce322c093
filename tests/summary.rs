//! The summary page of a batch, opened in a browser as in a clinic: from its file, without a network.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::browser::Page;
use indexmap::IndexMap;
use orthostat::core::body::view::View;
use orthostat::core::measure::Measure;
use orthostat::core::record::outcome::Tally;
use orthostat::report::output::Outputs;
use orthostat::report::summary;
use serde_json::Value;

/// Names that would do harm if they were not escaped.
const HOSTILE: [&str; 5] = [
    "<img src=x onerror=alert(1)>.jpg",
    "\"><script>alert(2)<!--.jpg",
    "=cmd('calc').jpg",
    "' onfocus='alert(3)' autofocus='.jpg",
    "\u{202e}gpj.exe & <!--.jpg",
];

/// Would end the data and begin markup.
const ENDS_SCRIPT: &str = "</script><!--<script>alert(5)</script><img src=x onerror=alert(6)>";

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)
}

/// Runs the program on a folder with good, bad and oddly named photos; returns the folder of the results.
fn batch(folder: &Path, further: &[&str]) -> PathBuf {
    let photos = folder.join("intake");
    std::fs::create_dir_all(photos.join("<").join("script>")).expect("made");
    for name in ["anterior-tilted.jpg", "posterior-tilted.jpg", "lateral-left.jpg", "cropped-at-the-knees.jpg"] {
        std::fs::copy(sample(name), photos.join(name)).expect("copied");
    }
    for (index, name) in HOSTILE.iter().enumerate() {
        let source = ["anterior-level.jpg", "small-person.jpg", "posterior-level.jpg"][index % 3];
        std::fs::copy(sample(source), photos.join(name)).expect("copied");
    }
    std::fs::copy(sample("small-person.jpg"), photos.join("<").join("script>/anterior-tilted.jpg")).expect("copied");
    let whole = std::fs::read(sample("anterior-tilted.jpg")).expect("read");
    std::fs::write(photos.join("broken.jpg"), &whole[..whole.len() / 2]).expect("written");
    std::fs::write(photos.join("<b>note<.jpg"), b"<script>alert(4)</script>").expect("written");
    let out = folder.join("results");
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_orthostat"))
        .args(["batch", "--readings", "1", "--pictures", "--progress", "none"])
        .args(further)
        .arg("--out")
        .arg(&out)
        .arg(&photos)
        .timeout(Duration::from_secs(300))
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    out
}

/// The folder for screenshots of the page, for manual inspection.
fn kept() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("ORTHOSTAT_SCREENSHOTS")?);
    std::fs::create_dir_all(&folder).expect("made");
    Some(folder)
}

/// Opens a page and records dialogs and violations of its policy.
fn open(path: &Path) -> Page {
    let mut page = Page::start();
    let script = "window.dialogs = []; window.alert = window.confirm = window.prompt = (t) => { dialogs.push(t); }; \
                  window.breaches = []; addEventListener('securitypolicyviolation', (e) => \
                  breaches.push(e.violatedDirective + ' ' + e.blockedURI), true);";
    page.call("Page.addScriptToEvaluateOnNewDocument", serde_json::json!({"source": script}));
    page.go(&url(path));
    page
}

fn url(path: &Path) -> String {
    format!("file://{}", path.canonicalize().expect("there").display())
}

/// The texts of a column, by the label of its button.
fn column(page: &mut Page, label: &str) -> Vec<String> {
    let label = Value::from(label);
    let found = page.eval(&format!(
        "(() => {{ const head = [...table.tHead.rows[0].cells]; const at = head.findIndex(th => \
         (th.querySelector('button') || th).textContent === {label}); \
         return [...table.tBodies[0].rows].map(row => (row.cells[at].querySelector('b, span, bdi') || row.cells[at]).textContent) }})()"
    ));
    found.as_array().expect("a column").iter().map(|text| text.as_str().expect("text").to_owned()).collect()
}

/// A value in the table; `None` if there is none.
fn numbers(texts: &[String]) -> Vec<Option<f64>> {
    texts.iter().map(|text| text.replace('\u{2212}', "-").parse().ok()).collect()
}

fn is_sorted(values: &[Option<f64>], down: bool, size: fn(f64) -> f64) -> bool {
    let given: Vec<f64> = values.iter().flatten().map(|&value| size(value)).collect();
    let missing_last = values.iter().skip_while(|value| value.is_some()).all(Option::is_none);
    missing_last && given.windows(2).all(|pair| if down { pair[0] >= pair[1] } else { pair[0] <= pair[1] })
}

/// Presses Tab until an element has the focus.
fn tab_to(page: &mut Page, condition: &str) {
    for _ in 0..120 {
        page.press("Tab");
        if page.eval(&format!("(e => {condition})(document.activeElement)")) == true {
            return;
        }
    }
    panic!("Tab never comes to {condition}");
}

#[test]
#[allow(clippy::too_many_lines, reason = "one session on one page")]
fn a_batch_with_hostile_names_gives_a_page_to_read_sort_and_filter() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = batch(folder.path(), &[]);
    let path = out.join("summary.html");
    let mut page = open(&path);

    // Its content, compared with the tables.
    let lines = |name: &str| {
        let mut rows = csv::Reader::from_path(out.join(name)).expect("there");
        rows.records().map(|row| row.expect("a row")).collect::<Vec<_>>()
    };
    let (failures, records) = (lines("failures.csv"), lines("results.csv").len());
    let refused = failures.iter().filter(|row| &row[3] == "refused").count();
    let failed = failures.len() - refused;
    assert_eq!((records + failed, failed), (12, 2), "twelve photos, one cut short and one a text");
    let tiles = page.eval("[...document.querySelectorAll('.counts .number')].map(e => Number(e.textContent))");
    assert_eq!(tiles, serde_json::json!([12, records - refused, refused, failed]));
    assert_eq!(page.eval("table.tBodies[0].rows.length"), 12);
    assert_eq!(page.eval("document.title"), "Batch of 12 photos - Orthostat");
    assert_eq!(page.eval("document.documentElement.lang"), "en");
    let text = page.eval("document.body.innerText");
    let text = text.as_str().expect("text");
    assert!(text.contains("It does not diagnose and does not replace an examination by a professional."), "{text}");
    assert!(text.contains("no readable picture") && text.contains("left shoulder higher"), "{text}");
    assert!(text.contains("expected a whole JPEG picture, found one that is cut short"), "{text}");
    assert!(!text.contains("NaN") && !text.contains("undefined") && !text.contains("null"), "{text}");
    for word in ["scoliosis", "abnormal", "risk", "screening", "score"] {
        assert!(!text.to_lowercase().contains(word), "{word}");
    }
    // One heading of the first level, and no level skipped.
    let levels = page.eval("[...document.querySelectorAll('h1, h2, h3')].map(e => Number(e.tagName[1]))");
    let levels: Vec<u64> = levels.as_array().expect("levels").iter().filter_map(Value::as_u64).collect();
    assert_eq!((levels[0], levels.iter().filter(|level| **level == 1).count()), (1, 1));
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");

    // Hostile names are shown literally, and had no effect.
    let ids = column(&mut page, "Photo");
    for name in HOSTILE {
        // Except characters that change the direction of text.
        let id = name.strip_suffix(".jpg").expect("an ending").replace('\u{202e}', "_");
        assert!(ids.contains(&id), "{id} is not among {ids:?}");
    }
    assert!(ids.iter().any(|id| id == "<-script>-anterior-tilted"), "{ids:?}");
    assert_eq!(page.eval("document.querySelectorAll('img[src=x], b b, main script, [onfocus]').length"), 0);

    // Thumbnails are embedded in the page and link to pictures that open.
    let images = page.eval("[...document.querySelectorAll('img')].map(i => i.complete && i.naturalWidth > 10)");
    assert!(images.as_array().expect("images").len() >= records, "{images}");
    assert!(images.as_array().expect("images").iter().all(|loaded| *loaded == true), "{images}");
    let links = page.eval("[...document.querySelectorAll('a.thumbnail')].map(a => a.href)");
    for link in links.as_array().expect("links") {
        let link = link.as_str().expect("an address");
        let to = page.eval(&format!("decodeURIComponent(new URL({}).pathname)", Value::from(link)));
        assert!(Path::new(to.as_str().expect("a path")).is_file(), "{link}");
    }

    // By keyboard alone: the skip link, then a measure's button, twice.
    page.press("Tab");
    assert_eq!(page.eval("document.activeElement.className"), "skip");
    tab_to(&mut page, "e.textContent === 'head tilt' && e.tagName === 'BUTTON'");
    assert_eq!(page.eval("getComputedStyle(document.activeElement).outlineStyle"), "solid", "focus is seen");
    page.press("Enter");
    let sort = "table.querySelector('th[data-key=head_tilt]').getAttribute('aria-sort')";
    assert_eq!(page.eval(sort), "descending");
    let values = numbers(&column(&mut page, "head tilt"));
    assert!(values.iter().flatten().count() >= 5 && is_sorted(&values, true, |v| v), "{values:?}");
    page.press(" ");
    assert_eq!(page.eval(sort), "ascending");
    let values = numbers(&column(&mut page, "head tilt"));
    assert!(is_sorted(&values, false, |v| v), "{values:?}");
    assert!(values.iter().flatten().any(|v| *v < 0.0), "a test with both signs: {values:?}");
    // By absolute value.
    page.eval("absolute.focus()");
    page.press(" ");
    let values = numbers(&column(&mut page, "head tilt"));
    assert!(is_sorted(&values, false, f64::abs) && !is_sorted(&values, false, |v| v), "{values:?}");

    // By text, by state, by note.
    page.eval("query.focus()");
    for letter in "onerror".chars() {
        page.press(&letter.to_string());
    }
    page.wait_until("table.tBodies[0].rows.length === 1");
    assert_eq!(column(&mut page, "Photo"), ["<img src=x onerror=alert(1)>"]);
    assert_eq!(page.eval("found.textContent"), "1 of 12 photos");
    page.eval("clear.focus()");
    page.press("Enter");
    assert_eq!(page.eval("table.tBodies[0].rows.length + ' ' + document.activeElement.id"), "12 query");
    page.eval("kind.value = 'failed'; kind.dispatchEvent(new Event('change'))");
    let mut broken = column(&mut page, "Photo");
    broken.sort();
    assert_eq!(broken, ["<b>note<", "broken"]);
    page.eval("clear.click()");
    page.eval("document.querySelector('.causes button[data-flag=small]').focus()");
    page.press("Enter");
    let small = column(&mut page, "Photo");
    assert!(!small.is_empty() && small.len() < 12, "{small:?}");
    assert_eq!(page.eval("flag.value + ' ' + document.activeElement.id"), "small photos");
    // Another measure selected; then none that was used for sorting.
    page.eval("clear.click()");
    page.eval("document.querySelector('input[value=knee_level]').click()");
    assert!(numbers(&column(&mut page, "knee level")).iter().flatten().count() > 3);
    page.eval("document.querySelector('input[value=head_tilt]').click()");
    assert_eq!(page.eval("table.querySelector('[aria-sort]').dataset.key"), "number");

    if let Some(folder) = kept() {
        page.go(&url(&path));
        page.size(1200, 1400, 1.0);
        page.screenshot(&folder.join("light.png"));
        page.media("screen", &[("prefers-color-scheme", "dark")]);
        page.screenshot(&folder.join("dark.png"));
        page.media("", &[("prefers-color-scheme", "dark")]);
        page.pdf(&folder.join("dark-print.pdf"), crate::browser::A4);
        page.media("screen", &[("prefers-color-scheme", "light")]);
        page.size(400, 800, 2.0);
        page.screenshot(&folder.join("narrow.png"));
        page.size(1000, 1400, 1.0);
    }
    // On paper: dark text on white whatever the scheme, no controls, all rows.
    page.media("print", &[("prefers-color-scheme", "dark")]);
    let paper = "getComputedStyle(document.documentElement).backgroundColor + getComputedStyle(document.body).color";
    assert_eq!(page.eval(paper), "rgb(255, 255, 255)rgb(27, 39, 48)");
    let controls =
        "[...document.querySelectorAll('.controls, details, nav')].reduce((sum, e) => sum + e.offsetHeight, 0)";
    assert_eq!(page.eval(controls), 0);
    assert_eq!(page.eval("getComputedStyle(sheet).maxHeight"), "none");
    let label = "getComputedStyle(table.querySelector('th[data-key=shoulder_tilt]'), '::before').content";
    assert_eq!(page.eval(label), "\"shoulder tilt\"", "buttons are not printed again on the next sheet, text is");
    page.media("screen", &[]);
    page.size(400, 800, 1.0);
    let overflow = page.eval("document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert_eq!(overflow, 0, "nothing but the table's own window scrolls sideways");

    // No dialog, no request except the page, no violation.
    assert_eq!(page.eval("dialogs.length + breaches.length"), 0, "nothing ran");
    let wanted = |url: &str| url.starts_with("data:image/jpeg;base64,") || url.ends_with("/summary.html");
    let requests = page.requests();
    assert!(requests.iter().all(|request| wanted(&request.url)), "{requests:?}");
    assert!(requests.iter().all(|request| request.failed.is_none()), "{requests:?}");
    assert_eq!(page.messages(), [""; 0]);
}

#[test]
fn colours_are_told_apart_in_both_schemes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = synthetic(folder.path(), 60);
    let mut page = open(&path);
    let script = include_str!("summary/contrast.js");
    for scheme in ["light", "dark"] {
        page.media("screen", &[("prefers-color-scheme", scheme)]);
        let found = page.eval(script);
        assert!(found["seen"].as_u64() > Some(200), "{found}");
        assert_eq!(found["low"], serde_json::json!([]), "{scheme}");
    }
}

#[test]
fn a_page_that_names_nobody_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("own.key");
    let out = batch(folder.path(), &["--deidentify", "--key", key.to_str().expect("text")]);
    let bytes = std::fs::read_to_string(out.join("summary.html")).expect("text");
    for name in HOSTILE.map(|name| name.trim_end_matches(".jpg")).iter().chain(&["tilted", "broken", "note<", "intake"])
    {
        assert!(!bytes.contains(name), "{name}");
    }
    let mut page = open(&out.join("summary.html"));
    let told = page.eval("document.querySelector('.told').innerText");
    assert!(told.as_str().is_some_and(|told| told.starts_with("De-identified.")), "{told}");
    let ids = column(&mut page, "Photo");
    assert!(ids.len() == 12 && ids.iter().all(|id| id.len() == 16), "{ids:?}");
}

/// A page of this many synthetic photos, each measured except every seventh.
fn synthetic(folder: &Path, number: usize) -> PathBuf {
    let path = folder.join("summary.html");
    let mut page =
        summary::Page::new(Outputs::files(true).draft(&path, None).expect("begun"), number, false).expect("begun");
    let mut tally = Tally::default();
    // Xorshift: the same numbers in every run.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    for index in 1..=number {
        let state = match index % 14 {
            0 => "failed",
            7 => "refused",
            _ => "measured",
        };
        let mut measures = IndexMap::new();
        if state == "measured" {
            for measure in Measure::ALL.into_iter().filter(|measure| measure.is_frontal()) {
                let value = (600.0 * (random() + random() + random() - 1.5)).round() / 100.0;
                measures.insert(measure.name().to_owned(), (value, value - 1.5, value + 1.5, value.abs() > 1.5));
            }
            tally.measured += 1;
        } else if state == "refused" {
            tally.refused += 1;
        } else {
            tally.failed += 1;
        }
        let flags: Vec<_> = match (state, index % 5) {
            ("failed", _) => vec![("no_person", "no person found (best match 0.12, at least 0.50 needed)")],
            ("refused", _) => {
                vec![("turned", "the body is turned 31 degrees to its left: retake facing the camera squarely")]
            }
            (_, 0) => vec![("small", "the body is only 310 pixels high: retake nearer or with a finer camera")],
            (_, 1) => vec![("not_levelled", "little tells how the camera was held, so its tilt is part of every tilt")],
            _ => vec![],
        };
        let row = summary::Row {
            number: index,
            // An intake list may contain any id, also one with a slash, which no file name has.
            id: if index == 3 { ENDS_SCRIPT.into() } else { format!("IMG_{index:05}") },
            subject: Some(format!("subject {}", index / 3)),
            visit: Some(format!("2026-11-{:02}", index % 28 + 1)),
            view: (state != "failed").then(|| [View::Anterior, View::Posterior][index % 2]),
            state,
            measures,
            flags: flags.into_iter().map(|(code, text)| (code.to_owned(), text.to_owned())).collect(),
            picture: None,
            thumbnail: None,
            report: None,
        };
        page.row(&row).expect("written");
    }
    page.finish(tally).expect("ended").finish().expect("placed");
    path
}

#[test]
fn ten_thousand_photos_open_and_sort_within_seconds() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = synthetic(folder.path(), 10_000);
    let once = std::fs::read(&path).expect("there");
    synthetic(folder.path(), 10_000);
    assert_eq!(once, std::fs::read(&path).expect("there"), "the same rows give the same bytes");
    let mut page = open(&path);
    let start = Instant::now();
    page.go(&url(&path));
    page.wait_until("table.tBodies[0].rows.length > 0");
    let opened = start.elapsed();
    assert_eq!(column(&mut page, "Photo")[2], ENDS_SCRIPT);
    assert_eq!(page.eval("dialogs.length + breaches.length + document.querySelectorAll('img').length"), 0);
    assert!(opened < Duration::from_secs(8), "{opened:?}");
    assert_eq!(page.eval("found.textContent"), "10,000 photos, 1 to 100 shown");
    let elements = page.eval("document.getElementsByTagName('*').length").as_u64().expect("a number");
    assert!(elements < 8000, "{elements} elements");
    let start = Instant::now();
    page.eval("table.querySelector('th[data-key=shoulder_tilt] button').click()");
    let sorted = start.elapsed();
    assert!(sorted < Duration::from_secs(2), "{sorted:?}");
    let first = numbers(&column(&mut page, "shoulder tilt"));
    assert!(first.len() == 100 && is_sorted(&first, true, |v| v) && first[0] > Some(7.0), "{first:?}");
    page.eval("after.click()");
    let second = numbers(&column(&mut page, "shoulder tilt"));
    assert!(second[0] <= first[99] && second.len() == 100, "{second:?}");
    assert_eq!(page.eval("place.textContent"), "Page 2 of 100");
    page.eval("dispatchEvent(new Event('beforeprint'))");
    assert_eq!(page.eval("table.tBodies[0].rows.length"), 1000);
    page.eval("dispatchEvent(new Event('afterprint'))");
    assert_eq!(page.eval("table.tBodies[0].rows.length + ' ' + place.textContent"), "100 Page 2 of 100");
    // The photos to take again: 25 of each kind, more on request, all on paper.
    assert_eq!(page.eval("document.querySelectorAll('.again li').length"), 50);
    page.eval("document.querySelector('#again-nothing .more').click()");
    assert_eq!(page.eval("document.querySelectorAll('#again-nothing li').length"), 75);
    assert_eq!(page.eval("document.activeElement === document.querySelectorAll('#again-nothing li')[25]"), true);
    assert_eq!(
        page.eval("document.querySelector('#again-nothing h3').textContent"),
        "Nothing could be measured: 1,428"
    );
    page.eval("query.value = 'IMG_09999'; query.dispatchEvent(new Event('input'))");
    page.wait_until("table.tBodies[0].rows.length === 1");
    if let Some(folder) = kept() {
        page.eval("clear.click()");
        page.size(1200, 1400, 1.0);
        page.screenshot(&folder.join("many.png"));
    }
}
