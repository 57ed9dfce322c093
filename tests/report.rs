//! The report page: in a real browser, on paper, by keyboard alone, and without a network.

use std::path::Path;

use crate::browser::{A4, LETTER, Page};
use crate::support::{orthostat, repository, text};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::RgbImage;
use orthostat::core::compare::visit::Visit;
use orthostat::core::compare::visit::day;
use orthostat::core::geometry::Point;
use orthostat::core::photo_hash::PhotoHash;
use orthostat::core::record::states::{PlacedBy, PointsBy};
use orthostat::core::record::{Landmark, MeasureRecord, Record};
use orthostat::report::html::{self, Options, Picture, Sheet};
use orthostat::report::mask::COVER;
use orthostat::report::scene::framing::{Attitude, Framing};
use tempfile::TempDir;

fn record(path: &str) -> Record {
    Record::open(&repository(path)).expect("a record")
}

fn level() -> Record {
    record("samples/expected/anterior-level.json")
}

fn tilted() -> Record {
    record("tests/fixtures/records/anterior-tilted.json")
}

fn refused() -> Record {
    record("tests/fixtures/records/cropped-at-the-knees.json")
}

/// The page of a record with its own sample photo.
fn page_of(record: &Record, options: &Options<'_>) -> String {
    let photo = image::open(repository("samples").join(&record.source.file)).expect("a sample").into_rgb8();
    let picture = Picture::of(&photo, record, Attitude::Upright).expect("encoded");
    html::page(&[Sheet { record, picture, date: None }], options).expect("a page")
}

fn opened(html: &str) -> (TempDir, Page) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("page.html");
    std::fs::write(&path, html).expect("written");
    let page = Page::open_file(&path);
    (folder, page)
}

#[test]
fn nothing_outside_the_page_is_asked_for_and_no_script_runs() {
    let mut hostile = tilted();
    hostile.source.file = "<img src=http://example.org/a.png onerror=alert(1)>.jpg".into();
    hostile.warnings = vec!["<script>window.ran = true</script>".into()];
    if let Some(found) = hostile.measures.values_mut().next() {
        found.words = Some("</svg><script>window.ran = true</script>".into());
    }
    let photo = RgbImage::new(hostile.source.width, hostile.source.height);
    let picture = Picture::of(&photo, &hostile, Attitude::Upright).expect("encoded");
    let subject = "<script>window.ran = true</script>";
    let options = Options { subject: Some(subject), reference_bands: true, ..Options::default() };
    let html = html::page(&[Sheet { record: &hostile, picture, date: None }], &options).expect("a page");
    let (_folder, mut page) = opened(&html);
    let requests = page.requests();
    assert!(requests.len() >= 2, "the page and its picture: {requests:?}");
    for request in requests {
        assert!(request.url.starts_with("file://") || request.url.starts_with("data:image/jpeg"), "{request:?}");
        assert_eq!(request.failed, None, "{request:?}");
    }
    assert_eq!(page.messages(), [""; 0]);
    assert_eq!(page.eval("window.ran === undefined && document.scripts.length"), 0);
    assert_eq!(page.eval("document.querySelector('header dd').textContent"), subject);
    assert_eq!(page.eval("document.querySelectorAll('[src], link, iframe, object').length"), 0);
}

#[test]
fn the_pages_own_policy_stops_what_somebody_might_put_into_it() {
    let html = page_of(&tilted(), &Options::default())
        .replace("</body>", "<img src=\"http://127.0.0.1:9/a.png\"><script>window.ran = true</script></body>");
    let (_folder, mut page) = opened(&html);
    let outward = page.requests().into_iter().find(|request| request.url.contains("127.0.0.1"));
    assert!(outward.as_ref().is_none_or(|request| request.failed.as_deref() == Some("csp")), "{outward:?}");
    assert_eq!(page.eval("window.ran === undefined"), true);
    let messages = page.messages().join("\n");
    assert!(messages.contains("violates the following Content Security Policy"), "{messages}");
}

#[test]
fn lines_are_switched_by_keyboard_alone() {
    let (_folder, mut page) = opened(&page_of(&tilted(), &Options::default()));
    let shown = |page: &mut Page, layer: &str| {
        page.eval(&format!("getComputedStyle(document.querySelector('.{layer}')).display != 'none'"))
    };
    page.press("Tab");
    assert_eq!(page.eval("document.activeElement.id"), "photo-1");
    let mut order = vec!["photo-1".to_owned()];
    for _ in 0..8 {
        page.press("Tab");
        order.push(page.eval("document.activeElement.id").as_str().unwrap_or_default().to_owned());
    }
    let boxes = ["photo-1", "grid-1", "joints-1", "plumb-1", "spine-1", "head-1", "shoulders-1", "hips-1", "ankles-1"];
    assert_eq!(order, boxes);
    for _ in 0..2 {
        page.press("Shift+Tab");
    }
    assert_eq!(page.eval("document.activeElement.id"), "shoulders-1");
    // Keyboard focus is visible.
    let outline = page.eval("getComputedStyle(document.activeElement.parentElement).outlineStyle");
    assert_eq!(outline, "solid");
    assert_eq!(shown(&mut page, "shoulders-1"), true);
    page.press(" ");
    assert_eq!(page.eval("document.activeElement.checked"), false);
    assert_eq!((shown(&mut page, "shoulders-1"), shown(&mut page, "hips-1")), (false.into(), true.into()));
    page.press(" ");
    assert_eq!(shown(&mut page, "shoulders-1"), true);
    let (x, y) = page.middle_of("label:has(#photo-1)");
    page.click(x, y);
    assert_eq!(shown(&mut page, "photo-1"), false);
}

/// The contrast ratio of text and background, for the palest text in the page.
const PALEST: &str = "(() => {
    const channels = color => (color.match(/[\\d.]+/g) || []).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = e => {
        for (; e; e = e.parentElement) {
            const color = channels(getComputedStyle(e).backgroundColor);
            if (color.length == 3 || color[3] > 0) return color;
        }
        return [255, 255, 255];
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let worst = [99, ''], count = 0;
    while (walker.nextNode()) {
        const e = walker.currentNode.parentElement, said = walker.currentNode.textContent.trim();
        // Text on the photo has its own dark outline.
        if (!said || e.closest('.picture, style')) continue;
        const [a, b] = [light(channels(e.closest('svg') ? getComputedStyle(e).fill : getComputedStyle(e).color)), light(ground(e))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        count += 1;
        if (ratio < worst[0]) worst = [ratio, said];
    }
    return [worst[0], worst[1], count];
})()";

#[test]
fn the_page_can_be_read_by_anybody() {
    for (record, headings) in [(level(), 9), (tilted(), 9), (refused(), 9)] {
        let (_folder, mut page) = opened(&page_of(&record, &Options { reference_bands: true, ..Options::default() }));
        let palest = page.eval(PALEST);
        assert!(palest[0].as_f64() >= Some(4.5), "{palest}");
        assert!(palest[2].as_u64() > Some(60), "{palest}");
        assert_eq!(page.eval("document.documentElement.lang"), "en");
        assert!(page.eval("document.title").as_str().is_some_and(|title| title.starts_with("Left and right")));
        assert_eq!(page.eval("document.querySelectorAll('h1').length"), 1);
        let found = page.eval("document.querySelectorAll('h2, h3').length");
        assert!(found.as_u64() >= Some(headings), "{found}");
        // No heading skips a level, every picture has a description, every checkbox has a label.
        let levels = page.eval("[...document.querySelectorAll('h1, h2, h3')].map(h => +h.tagName[1])");
        let levels: Vec<i64> = levels.as_array().expect("a list").iter().filter_map(|level| level.as_i64()).collect();
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
        let silent = "[...document.querySelectorAll('svg')].filter(s => s.getAttribute('aria-hidden') != 'true' && \
            !(s.getAttribute('role') == 'img' && s.getAttribute('aria-label'))).length";
        assert_eq!(page.eval(silent), 0);
        assert_eq!(page.eval("[...document.querySelectorAll('input')].filter(i => !i.labels.length).length"), 0);
        assert_eq!(page.eval("[...document.querySelectorAll('th')].filter(t => !t.scope).length"), 0);
        let words = page.eval("document.body.innerText").as_str().unwrap_or_default().to_lowercase();
        for word in ["scoliosis", "abnormal", "risk", "screening", "score", "nan", "undefined"] {
            assert!(!words.split(|c: char| !c.is_alphabetic()).any(|found| found == word), "{word}");
        }
    }
}

/// The pages of a PDF file and the size of the first, in points.
fn sheets(path: &Path) -> (usize, String) {
    let pdf = text(&std::fs::read(path).expect("there"));
    let pages = pdf.matches("/Type /Page\n").count();
    let size = pdf.split("/MediaBox [").nth(1).and_then(|rest| rest.split(']').next()).unwrap_or_default();
    (pages, size.to_owned())
}

#[test]
fn a_view_prints_on_two_sheets_of_a4_or_letter_with_nothing_cut_off() {
    for record in [level(), tilted(), refused(), record("tests/fixtures/records/lateral-left.json")] {
        let (folder, mut page) = opened(&page_of(&record, &Options { subject: Some("A. B."), ..Options::default() }));
        for (paper, name, size) in [(A4, "a4.pdf", "0 0 595.91998 841.91998"), (LETTER, "letter.pdf", "0 0 612 792")] {
            let path = folder.path().join(name);
            page.pdf(&path, paper);
            assert_eq!(sheets(&path), (2, size.to_owned()), "{} {name}", record.id);
        }
        page.media("print", &[]);
        // A sheet's width minus its margins.
        for width in [688, 710] {
            page.size(width, 1000, 1.0);
            let wide = page.eval("document.documentElement.scrollWidth");
            assert!(wide.as_u64() <= Some(width.into()), "{wide} of {width}");
            assert_eq!(page.eval("getComputedStyle(document.querySelector('fieldset')).display"), "none");
        }
        page.media("screen", &[]);
        for width in [360, 768, 1400] {
            page.size(width, 800, 1.0);
            let wide = page.eval("document.documentElement.scrollWidth");
            assert!(wide.as_u64() <= Some(width.into()), "{} {wide} of {width}", record.id);
        }
    }
}

#[test]
fn the_page_says_what_was_found_and_what_was_not() {
    let page = |record: &Record, options: &Options<'_>| {
        let picture = Picture::Withheld("the photo is not at hand".into());
        html::page(&[Sheet { record, picture, date: None }], options).expect("a page")
    };
    let found = page(&tilted(), &Options::default());
    for part in [
        "<li class=\"sure\"><b>Shoulders:</b> left higher by 3.0° (sure; 0.6 to 5.5)</li>",
        "gravity sensor",
        "Ferreira 2011",
    ] {
        assert!(found.contains(part), "{part}");
    }
    assert!(found.contains("The photo is not at hand.") && !found.contains("reference range"));
    let missing = page(&refused(), &Options::default());
    assert!(missing.contains("Not seen: knees, feet; retake with the whole body in the picture, feet included."));
    assert!(missing.contains("<dt>spinal line, largest offset; ankle level; apparent leg length, left - right</dt>"));
    assert!(page(&level(), &Options::default()).contains("<b>Shoulders:</b> cannot tell (between "));
    // The advice comes first, and no summary follows it.
    let advice = missing.find("Take this photo again").expect("advice");
    assert!(
        advice < missing.find("In short").expect("the answer") && missing.contains("<section class=\"view again\"")
    );
    assert!(!found.contains("Take this photo again"));
    // Ranges only if requested, with their source.
    let bands = page(&tilted(), &Options { reference_bands: true, ..Options::default() });
    assert!(bands.contains("class=\"band\"") && bands.contains("PMC3560206") && !found.contains("class=\"band\""));
}

#[test]
fn the_answer_is_four_lines_at_most_and_rounded_as_in_table_and_diagram() {
    for record in [level(), tilted(), refused()] {
        let html = page_of(&record, &Options::default());
        let (_folder, mut page) = opened(&html);
        let lines = page.eval("document.querySelectorAll('.short li').length").as_u64().expect("a number");
        assert!((3..=4).contains(&lines), "{}: {lines}", record.id);
    }
    // -1.45 is rounded to -1.5 everywhere, though a record's own words may have been rounded from more digits.
    let mut record = tilted();
    let found = record.measures.get_mut("pelvic_obliquity").expect("measured");
    (found.value, found.interval95, found.resolved) = (Some(-1.45), Some([-2.45, -0.45]), Some(true));
    found.words = Some("right hip higher by 1.4 deg (95 % interval 0.4 to 2.4)".into());
    let html = page_of(&record, &Options::default());
    assert!(html.contains("right higher by 1.5° (sure; 0.5 to 2.5)"), "in short");
    assert!(html.contains("<b>\u{2212}1.5°</b> <span>± 1.0</span>"), "table");
    assert!(html.matches("\u{2212}1.5°").count() >= 2 && !html.contains("1.4°"), "diagram");
}

#[test]
fn every_section_has_its_day_and_what_was_placed_by_hand_is_said() {
    let mut by_hand = tilted();
    let shoulders = by_hand.measures["shoulder_tilt"].clone();
    by_hand
        .measures
        .insert("acromial_tilt".into(), MeasureRecord { by: Some(PointsBy::Hand), words: None, ..shoulders });
    let placed = Landmark { x: 500.0, y: 480.0, visibility: 1.0, sd_px: Some(2.0), by: Some(PlacedBy::Hand) };
    by_hand.landmarks.insert("left_acromion".into(), placed);
    let other = level();
    let withheld = || Picture::Withheld("the photo is not at hand".into());
    let sheets = [
        Sheet { record: &by_hand, picture: withheld(), date: day("2026-03-01").ok() },
        Sheet { record: &other, picture: withheld(), date: day("2026-01-05").ok() },
    ];
    let html = html::page(&sheets, &Options::default()).expect("a page");
    assert!(html.contains("<dd>2026-01-05 to 2026-03-01</dd>"));
    for day in ["2026-03-01", "2026-01-05"] {
        assert!(html.contains(&format!("<small>{day}</small></h2>")), "{day}");
    }
    assert!(html.contains("acromial tilt") && html.contains("points placed by hand"));
    assert!(html.contains("Placed by hand: left acromion"), "the list of points");
}

#[test]
fn the_page_is_dark_where_the_reader_is_and_paper_is_numbered_and_named() {
    let options = Options {
        subject: Some("Anna \"B\" </style>"),
        look: html::Look { clinic: Some("Practice <B>"), notes: Some(""), ..html::Look::default() },
        ..Options::default()
    };
    let html = page_of(&tilted(), &options);
    assert!(html.contains("Practice &lt;B&gt;") && html.contains("<div class=\"field\"></div>"));
    assert_eq!(html.matches("</style>").count(), 1, "a name ends no style");
    let (_folder, mut page) = opened(&html);
    let paper = "getComputedStyle(document.documentElement).backgroundColor";
    assert_eq!(page.eval(paper), "rgb(255, 255, 255)");
    page.media("screen", &[("prefers-color-scheme", "dark")]);
    assert_ne!(page.eval(paper), "rgb(255, 255, 255)");
    assert!(page.eval(PALEST)[0].as_f64() >= Some(4.5), "{}", page.eval(PALEST));
    // Paper stays white, whatever the screen's scheme, and each sheet has its number and the exact name.
    page.media("print", &[("prefers-color-scheme", "dark")]);
    assert_eq!(page.eval(paper), "rgb(255, 255, 255)");
    for part in ["@bottom-left { content: \"\\000041\\00006e\\00006e\\000061", "counter(page) \" of \" counter(pages)"]
    {
        assert!(html.contains(part), "{part}");
    }
}

#[test]
fn the_trend_says_what_has_changed() {
    let visit = |text: &str, shoulders: f64| {
        let mut record = tilted();
        record.source.blake3 = PhotoHash::new(text);
        let found = record.measures.get_mut("shoulder_tilt").expect("measured");
        (found.value, found.interval95) = (Some(shoulders), Some([shoulders - 2.4, shoulders + 2.4]));
        Visit { visited: day(text).expect("a day"), record }
    };
    let visits = [visit("2026-01-05", 0.0), visit("2026-02-05", 2.0), visit("2026-03-05", 6.0)];
    let html = page_of(&visits[2].record, &Options { visits: &visits, ..Options::default() });
    let (_folder, mut page) = opened(&html);
    let changed = page.eval("[...document.querySelectorAll('.changed')].map(p => p.textContent).join('; ')");
    assert_eq!(changed, "Since 2026-01-05: changed by 6.0° (at least 2.6), towards \"left shoulder higher\"");
    // All changes, above everything else.
    let news = page.eval("document.querySelector('.news li').textContent");
    assert_eq!(
        news,
        "Shoulder tilt: Since 2026-01-05: changed by 6.0° (at least 2.6), towards \"left shoulder higher\""
    );
    assert_eq!(page.eval("document.querySelector('.panels p').className"), "changed", "and first among the charts");
    let still =
        page.eval("[...document.querySelectorAll('.panels p')].length - document.querySelectorAll('.changed').length");
    assert!(still.as_u64() >= Some(5), "{still}");
    assert!(page.eval(PALEST)[0].as_f64() >= Some(4.5));
}

/// The JPEG files embedded in a page.
fn pictures(html: &str) -> Vec<Vec<u8>> {
    html.split("data:image/jpeg;base64,")
        .skip(1)
        .map(|rest| STANDARD.decode(rest.split('"').next().unwrap_or_default()).expect("base64"))
        .collect()
}

#[test]
fn the_program_writes_one_page_for_two_views_without_the_files_metadata() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("new/page.html");
    let (page_name, front, behind) = (
        page.display().to_string(),
        repository("samples/anterior-tilted.jpg").display().to_string(),
        repository("samples/posterior-tilted.jpg").display().to_string(),
    );
    let photo = std::fs::read(&front).expect("there");
    assert!(photo.windows(4).any(|four| four == b"Exif"), "the sample has metadata");
    let output = orthostat(&["analyze", &front, &behind, "--report", &page_name]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let html = std::fs::read_to_string(&page).expect("written");
    assert_eq!(html.matches("<section class=\"view\"").count(), 2);
    let pictures = pictures(&html);
    assert_eq!(pictures.len(), 2);
    for picture in pictures {
        assert!(image::load_from_memory(&picture).is_ok());
        assert!(!picture.windows(4).any(|four| four == b"Exif"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&page).expect("there").permissions().mode() & 0o777, 0o600);
    }
}

/// The slope of the first line of a group of an SVG, in degrees, positive when its right end is higher.
fn slope(svg: &str, group: &str) -> f64 {
    let group = svg.split(&format!("<g id=\"{group}\">")).nth(1).expect("the group");
    let points = group.split("points=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a line");
    let ends: Vec<Vec<f64>> =
        points.split(' ').map(|p| p.split(',').map(|n| n.parse().expect("a number")).collect()).collect();
    let (from, to) = (&ends[0], &ends[ends.len() - 1]);
    let side = (to[0] - from[0]).signum();
    (side * (from[1] - to[1])).atan2(side * (to[0] - from[0])).to_degrees()
}

/// A rolled camera: in the photo the shoulder line rises to the opposite side from in the room.
#[test]
fn lines_in_the_picture_are_tilted_as_their_numbers_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let photo = repository("samples/anterior-tilted-no-metadata.jpg").display().to_string();
    let draw = |out: &str, more: &[&str]| {
        let out = folder.path().join(out);
        let mut args = vec!["analyze", &photo, "--picture", "svg", "--out"];
        let place = out.display().to_string();
        args.push(&place);
        args.extend(more);
        let output = orthostat(&args);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let svg = std::fs::read_to_string(out.join("anterior-tilted-no-metadata.annotated.svg")).expect("written");
        (svg, Record::open(&out.join("anterior-tilted-no-metadata.json")).expect("a record"))
    };
    let (upright, record) = draw("upright", &[]);
    let (as_taken, _) = draw("as-taken", &["--as-taken"]);
    assert!(as_taken.contains("viewBox=\"0 0 1080 1440\"") && !upright.contains("viewBox=\"0 0 1080 1440\""));
    assert!(record.camera.roll_deg < -3.0, "the sample is askew");
    for (group, measure) in [("head", "head_tilt"), ("shoulders", "shoulder_tilt"), ("hips", "pelvic_obliquity")] {
        let value = record.measures[measure].value.expect("measured");
        let drawn = slope(&upright, group);
        assert!((drawn - value).abs() < 0.1, "{group}: drawn {drawn}, said {value}");
        assert!((slope(&as_taken, group) + record.camera.roll_deg - value).abs() < 0.1);
    }
}

#[test]
fn a_covered_face_is_in_no_picture_and_an_unfound_head_gives_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let whole = repository("samples/anterior-level.jpg").display().to_string();
    let output = orthostat(&[
        "analyze",
        &whole,
        "--report",
        &at("a.html"),
        "--out",
        &at("out"),
        "--mask-face",
        "--picture",
        "png",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let record = Record::open(at("out/anterior-level.json").as_ref()).expect("a record");
    let nose = &record.landmarks["nose"];
    let covered = image::open(at("out/anterior-level.annotated.png")).expect("a picture").into_rgb8();
    // Lines are drawn over it.
    let shown = Framing::of(&record, Attitude::Upright).place(Point::new(nose.x, nose.y));
    let (x, y) = (shown.x as u32, shown.y as u32);
    let face = (x - 20..x + 20).flat_map(|x| (y - 20..y + 20).map(move |y| (x, y)));
    let plain = face.filter(|&(x, y)| *covered.get_pixel(x, y) == COVER).count();
    assert!(plain > 900, "{plain} of 1600 pixels");
    let html = std::fs::read_to_string(at("a.html")).expect("written");
    let cut = image::load_from_memory(&pictures(&html)[0]).expect("a picture").into_rgb8();
    let grey = cut.pixels().filter(|pixel| pixel.0.iter().all(|c| c.abs_diff(COVER.0[0]) < 6)).count();
    let disc = orthostat::report::mask::disc(&record).expect("a head");
    let window: f64 = html
        .split("viewBox=\"")
        .find(|rest| rest.contains("class=\"photo-1\""))
        .and_then(|rest| rest.split('"').next()?.split(' ').nth(3)?.parse().ok())
        .expect("a window");
    let area = std::f64::consts::PI * (disc.radius * f64::from(cut.height()) / window).powi(2);
    assert!(grey as f64 > 0.95 * area, "{grey} of {area}");

    // The same person with the head cut off.
    let mut photo = image::open(&whole).expect("a sample").into_rgb8();
    let below = record.landmarks["nose"].y as u32 + 40;
    let (width, height) = photo.dimensions();
    let headless = image::imageops::crop(&mut photo, 0, below, width, height - below).to_image();
    headless.save(at("headless.png")).expect("written");
    let output =
        orthostat(&["analyze", &at("headless.png"), "--report", &at("b.html"), "--out", &at("out"), "--mask-face"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let sentence = "the face cannot be covered, so no picture is given: the head was not found";
    assert!(text(&output.stderr).contains(sentence), "{}", text(&output.stderr));
    assert!(!Path::new(&at("out/headless.annotated.jpg")).exists());
    let html = std::fs::read_to_string(at("b.html")).expect("written");
    assert!(pictures(&html).is_empty() && html.contains("The face cannot be covered"));
}

#[test]
fn the_picture_as_svg_is_shown_by_a_browser() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let photo = repository("samples/lateral-left.jpg").display().to_string();
    let output = orthostat(&["analyze", &photo, "--out", &out.display().to_string(), "--picture", "svg"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let mut page = Page::open_file(&out.join("lateral-left.annotated.svg"));
    assert_eq!(page.eval("document.documentElement.tagName"), "svg");
    let groups = page.eval("[...document.querySelectorAll('g')].map(g => g.id).join(' ')");
    assert_eq!(groups, "grid joints plumb leg offset trunk ear neck leaders labels");
    assert!(page.requests().iter().all(|request| !request.url.starts_with("http")));
    assert_eq!(page.messages(), [""; 0]);
}

#[test]
fn a_page_that_cannot_be_written_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("file"), "").expect("written");
    let page = folder.path().join("file/page.html").display().to_string();
    let output =
        orthostat(&["analyze", &repository("samples/small-person.jpg").display().to_string(), "--report", &page]);
    assert_eq!(output.status.code(), Some(5));
    assert!(text(&output.stderr).contains("cannot be written") && text(&output.stdout).is_empty());
}
