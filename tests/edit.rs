//! The edit page in a real browser.

use std::path::Path;
use std::time::Duration;

use crate::browser::Page;
use crate::support::editing::Editing;
use crate::support::{repository, sagittal_plane};
use orthostat::core::body::skeleton::{Joint, Side};
use orthostat::core::geometry::Point;
use orthostat::core::record::Record;
use orthostat::core::record::states::{PlacedBy, PointsBy};
use orthostat::core::uncertainty::side;
use orthostat::report::scene::figure::Figure;
use serde_json::Value;

/// Opens the page and waits until it has its record and picture.
fn opened(editing: &Editing) -> Page {
    let mut page = Page::start();
    page.size(1280, 860, 1.0);
    page.go(&editing.url);
    page.wait_until("document.body.dataset.ready || !document.getElementById('problem').hidden");
    assert_eq!(page.eval("document.getElementById('problem').textContent"), "");
    page
}

fn text(page: &mut Page, expression: &str) -> String {
    page.eval(expression).as_str().expect("text").to_owned()
}

/// x and y of a point by its label, in pixels of the photo.
fn place(page: &mut Page, name: &str) -> (f64, f64) {
    let label = text(page, &format!("document.querySelector('[data-name={name}]').getAttribute('aria-label')"));
    let number = |axis: &str| {
        let rest = label.split(&format!(", {axis} ")).nth(1).expect("an axis");
        rest.split(',').next().and_then(|number| number.parse::<f64>().ok()).expect("a number")
    };
    (number("x"), number("y"))
}

/// A value in the table of the page.
fn shown(page: &mut Page, measure: &str) -> f64 {
    let cell = text(page, &format!("document.querySelector('[data-measure={measure}] td').textContent"));
    cell.trim_end_matches(['°', '%', ' ']).parse().expect("a number")
}

/// Waits until the last edit has been measured.
fn settled(page: &mut Page) {
    page.wait_until("document.body.dataset.measured === JSON.stringify(Object.fromEntries(hand))");
}

fn tilt((lx, ly): (f64, f64), (rx, ry): (f64, f64)) -> f64 {
    (ry - ly).atan2((lx - rx).abs()).to_degrees()
}

/// The tilt of a line of the picture in the body's own plane: levelled, and corrected for the turn by the formula for a level line of a
/// turned body, tan(seen) = -v / f tan(turn), with v its height above the horizon.
fn straightened(record: &Record, left: (f64, f64), right: (f64, f64)) -> f64 {
    let camera = record.levelling();
    let level = |(x, y): (f64, f64)| camera.level(Point::new(x, y));
    let (left, right) = (level(left), level(right));
    let seen = (right.y - left.y) / (left.x - right.x).abs();
    let hip = |name: &str| level((record.landmarks[name].x, record.landmarks[name].y));
    let body = left.midpoint(right).midpoint(hip("left_hip").midpoint(hip("right_hip")));
    let beside = ((body.x - camera.principal.x) / camera.focal_px).atan();
    let turn = record.subject.yaw_deg.expect("told").to_radians() - beside;
    let above = (camera.principal.y - left.midpoint(right).y) / camera.focal_px;
    ((seen + above * turn.tan()) * turn.cos()).atan().to_degrees()
}

/// The folder for screenshots, for manual inspection.
fn screenshot(page: &mut Page, name: &str) {
    if let Some(folder) = std::env::var_os("ORTHOSTAT_SCREENSHOTS") {
        page.screenshot(&Path::new(&folder).join(name));
    }
}

#[test]
fn points_are_dragged_and_moved_by_keys_and_values_follow_as_trigonometry_says() {
    let editing = Editing::of("anterior-tilted", &[]);
    let mut page = opened(&editing);
    screenshot(&mut page, "edit-opened.png");
    let before = editing.saved("anterior-tilted.json");
    let as_recorded = |measure: &str| before.measures[measure].value.expect("measured");
    assert!((shown(&mut page, "shoulder_tilt") - as_recorded("shoulder_tilt")).abs() < 0.06);

    // Both shoulders dragged: the left one up and out, the right one down.
    let zoom = page.eval("zoom").as_f64().expect("a number");
    let mut places = Vec::new();
    for (name, dx, dy) in [("left_shoulder", 6.0, -9.0), ("right_shoulder", -3.0, 5.0)] {
        let from = place(&mut page, name);
        let (x, y) = page.middle_of(&format!("[data-name={name}]"));
        page.drag(&[(x, y), (x + 0.5 * dx, y + 0.5 * dy), (x + dx, y + dy)]);
        settled(&mut page);
        let to = place(&mut page, name);
        assert!(
            (to.0 - from.0 - dx / zoom).abs() < 0.02 && (to.1 - from.1 - dy / zoom).abs() < 0.02,
            "{from:?} {to:?}"
        );
        places.push(to);
    }
    let after_dragging = shown(&mut page, "shoulder_tilt");
    let in_picture = tilt(places[0], places[1]);
    assert!(text(&mut page, "document.getElementById('changed').textContent").contains("shoulder tilt: "));
    screenshot(&mut page, "edit-dragged.png");

    // The left hip by keys: three tenths of a pixel up, one whole to the right.
    page.eval("document.querySelector('[data-name=left_hip]').focus()");
    let from = place(&mut page, "left_hip");
    for key in ["ArrowUp", "ArrowUp", "ArrowUp", "Shift+ArrowRight"] {
        page.press(key);
    }
    settled(&mut page);
    let to = place(&mut page, "left_hip");
    assert!((to.0 - from.0 - 1.0).abs() < 0.011 && (to.1 - from.1 + 0.3).abs() < 0.011, "{from:?} {to:?}");

    // Undone as one step, redone, and undone again: the hip is where the model had it.
    let moved = shown(&mut page, "pelvic_obliquity");
    page.press("Control+z");
    settled(&mut page);
    assert_eq!(place(&mut page, "left_hip"), from);
    assert_eq!(shown(&mut page, "shoulder_tilt"), after_dragging);
    page.press("Control+Shift+z");
    settled(&mut page);
    assert_eq!((place(&mut page, "left_hip"), shown(&mut page, "pelvic_obliquity")), (to, moved));

    // Saved beside the record, marked; the original is as it was.
    page.press("Control+s");
    page.wait_until("document.body.dataset.unsaved === 'false'");
    let saved = editing.saved("anterior-tilted.edited.json");
    let edited = saved.edited.as_ref().expect("marked");
    assert_eq!(edited.points, ["left_shoulder", "right_shoulder", "left_hip"]);
    let original = std::fs::read(repository("samples/expected/anterior-tilted.json")).expect("committed");
    assert_eq!(edited.from, blake3::hash(&original).to_hex().to_string());
    assert_eq!(std::fs::read(editing.folder.path().join("anterior-tilted.json")).expect("there"), original);
    let shoulders = &saved.measures["shoulder_tilt"];
    assert!((shoulders.raw.expect("measured") - in_picture).abs() < 0.011, "{shoulders:?} {in_picture}");
    assert!((shoulders.value.expect("measured") - after_dragging).abs() < 0.06);
    let expected = straightened(&saved, places[0], places[1]);
    assert!((after_dragging - expected).abs() < 0.15, "shown {after_dragging}, expected {expected}");
    assert_eq!(shoulders.by, Some(PointsBy::Hand));
    assert_eq!(saved.landmarks["left_shoulder"].by, Some(PlacedBy::Hand));
    assert!(saved.landmarks["nose"].by.is_none());

    // Everything undone: the values of the original record.
    for _ in 0..3 {
        page.press("Control+z");
    }
    settled(&mut page);
    assert!((shown(&mut page, "shoulder_tilt") - as_recorded("shoulder_tilt")).abs() < 0.06);
    assert_eq!(page.eval("document.getElementById('changed').textContent"), "Nothing yet.");
    assert_eq!(page.eval("document.getElementById('undo').disabled"), true);
    let messages = page.messages();
    assert!(messages.is_empty(), "{messages:?}");
    let own = format!("http://{}/", editing.host());
    assert!(
        page.requests().iter().all(|r| (r.url.starts_with(&own) || r.url.starts_with("blob:")) && r.failed.is_none())
    );

    // The saved record validates, and can be edited again.
    let schema = jsonschema::validator_for(&orthostat::core::record::schema::record()).expect("a schema");
    let json: Value = serde_json::to_value(&saved).expect("JSON");
    assert!(schema.is_valid(&json), "{:?}", schema.iter_errors(&json).next());
}

#[test]
fn bony_points_are_added_and_given_back_and_the_keyboard_alone_is_enough() {
    let editing = Editing::of("lateral-left", &["--out", "/nonexistent-folder/a.json"]);
    let mut page = opened(&editing);
    // From the first button by Tab to the first point.
    let mut steps = 0;
    while page.eval("document.activeElement.classList.contains('point')") != true {
        page.press("Tab");
        steps += 1;
        assert!(steps < 12, "no point is reached by Tab");
    }
    assert!(text(&mut page, "document.getElementById('point').textContent").contains("by the model"));
    page.eval("document.getElementById('add').value = 'c7'; document.getElementById('place').focus()");
    page.press("Enter");
    settled(&mut page);
    assert_eq!(page.eval("document.activeElement.dataset.name"), "c7");
    page.wait_until("document.querySelector('[data-measure=craniovertebral_angle]')");
    for _ in 0..4 {
        page.press("Shift+ArrowUp");
    }
    settled(&mut page);
    let c7 = place(&mut page, "c7");
    let record = editing.saved("lateral-left.json");
    // Where the ear was measured, turned back as far as the body is turned; levelled by the roll that was found.
    let ear = Figure::of(&record).joint(Joint::LeftEar).expect("seen");
    let plane = sagittal_plane(&record, Side::Left);
    let ear = plane.place(ear, side::fitted().turn.breadths.ears);
    let c7 = plane.place(Point::new(c7.0, c7.1), 0.0);
    let (c7, ear) = ((c7.x, c7.y), (ear.x, ear.y));
    let expected = (c7.1 - ear.1).atan2(c7.0 - ear.0).to_degrees() - record.camera.roll_deg;
    let found = shown(&mut page, "craniovertebral_angle");
    assert!((found - expected).abs() < 0.3, "shown {found}, expected {expected}");
    // The announcement for screen readers, once editing pauses.
    page.wait_until("document.getElementById('live').textContent.includes('changed')");
    screenshot(&mut page, "edit-c7.png");
    // A file that cannot be written is reported, and nothing is lost.
    page.press("Control+s");
    page.wait_until("!document.getElementById('problem').hidden");
    assert!(text(&mut page, "document.getElementById('problem').textContent").starts_with("Not saved: "));
    page.eval("document.querySelector('[data-name=c7]').focus()");
    page.press("Delete");
    page.wait_until("!document.querySelector('[data-measure=craniovertebral_angle]')");
    assert_eq!(page.eval("document.querySelector('[data-name=c7]')"), Value::Null);
}

#[test]
fn fingers_drag_on_a_narrow_screen_and_zooming_reaches_the_pixel() {
    let editing = Editing::of("anterior-level", &[]);
    let mut page = opened(&editing);
    page.size(390, 800, 2.0);
    page.eval("fit()");
    let from = place(&mut page, "left_shoulder");
    let zoom = page.eval("zoom").as_f64().expect("a number");
    let (x, y) = page.middle_of("[data-name=left_shoulder]");
    page.touch_drag(&[(x, y), (x + 4.0, y), (x + 10.0, y - 6.0)]);
    settled(&mut page);
    let to = place(&mut page, "left_shoulder");
    assert!((to.0 - from.0 - 10.0 / zoom).abs() < 0.02 && (to.1 - from.1 + 6.0 / zoom).abs() < 0.02, "{from:?} {to:?}");
    screenshot(&mut page, "edit-narrow.png");
    page.size(1280, 860, 1.0);
    page.eval("fit()");
    page.eval("document.querySelector('[data-name=left_shoulder]').focus()");
    for _ in 0..20 {
        page.press("+");
    }
    let near = page.eval("zoom").as_f64().expect("a number");
    assert!(near > 10.0, "{near}");
    // A pixel of the photo is now many on the screen: a drag on the screen is a fraction of it.
    let from = place(&mut page, "left_shoulder");
    let (x, y) = page.middle_of("[data-name=left_shoulder]");
    page.drag(&[(x, y), (x + 3.0, y), (x + 6.0, y)]);
    settled(&mut page);
    let to = place(&mut page, "left_shoulder");
    assert!((to.0 - from.0 - 6.0 / near).abs() < 0.011, "{from:?} {to:?} {near}");
    screenshot(&mut page, "edit-zoomed.png");
    page.media("screen", &[("prefers-color-scheme", "dark")]);
    screenshot(&mut page, "edit-dark.png");
}

#[test]
fn an_address_opens_one_page_which_may_be_loaded_again() {
    let mut editing = Editing::of("anterior-level", &[]);
    let mut page = opened(&editing);
    page.reload();
    page.wait_until("document.body && document.body.dataset.ready");
    let mut second = Page::open(&editing.url);
    second.wait_until("!document.getElementById('problem').hidden");
    assert!(text(&mut second, "document.getElementById('problem').textContent").contains("was opened before"));
    drop(second);
    // The page is left: the program ends.
    page.go("about:blank");
    let (code, message) = editing.end(Duration::from_secs(30));
    assert_eq!((code, message.as_str()), (Some(0), ""));
}

#[test]
fn one_switch_exchanges_all_sides() {
    let editing = Editing::of("anterior-tilted", &[]);
    let mut page = opened(&editing);
    assert_eq!(text(&mut page, "document.getElementById('shows').textContent"), "Measured as seen from the front.");
    let before = shown(&mut page, "shoulder_tilt");
    page.eval("document.getElementById('exchanged').click()");
    page.wait_until("document.body.dataset.exchanged === 'true'");
    assert_eq!(text(&mut page, "document.getElementById('shows').textContent"), "Measured as seen from behind.");
    let after = shown(&mut page, "shoulder_tilt");
    assert!(before * after < 0.0 && (before + after).abs() < 1.0, "{before} and {after}");
    screenshot(&mut page, "exchanged.png");
    page.eval("document.getElementById('save').click()");
    page.wait_until("document.body.dataset.unsaved === 'false'");
    let saved = editing.saved("anterior-tilted.edited.json");
    assert_eq!((saved.view.kind.name(), saved.view.from.name()), ("posterior", "user"));
    assert!(saved.edited.is_some_and(|edited| edited.points.is_empty()));
}
