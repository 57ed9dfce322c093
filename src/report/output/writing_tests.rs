use std::io::Write;
use std::path::Path;

use super::*;
use crate::core::error::Result;

fn says(result: Result<()>, what: &str) {
    let error = result.expect_err("refused");
    assert!(error.to_string().contains(what), "{error}");
    assert_eq!(error.exit_code(), 2, "{error}");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_whole_private_and_alone_and_replaced_by_a_later_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("record.json");
    for text in ["one", "two"] {
        let outputs = Outputs::into_folder(folder.path(), false).expect("opened");
        outputs.write(&path, text.as_bytes(), None).expect("written");
    }
    assert_eq!(std::fs::read(&path).expect("there"), b"two");
    assert_eq!(names(folder.path()), [LIST, "record.json"]);
    #[cfg(unix)]
    for name in names(folder.path()) {
        use std::os::unix::fs::PermissionsExt;
        let about = std::fs::metadata(folder.path().join(&name)).expect("there");
        assert_eq!(about.permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[test]
fn what_others_wrote_or_changed_is_refused_unless_forced_and_an_input_always() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("summary.html"), "mine").expect("written");
    let outputs = Outputs::into_folder(folder.path(), false).expect("opened");
    says(outputs.write(&at("summary.html"), b"x", None), "this program did not write it as it is");
    outputs.write(&at("results.csv"), b"a,b", None).expect("written");
    std::fs::write(at("results.csv"), "a,b and my notes").expect("changed");
    says(outputs.write(&at("results.csv"), b"a,c", None), "this program did not write it as it is");
    let forced = Outputs::into_folder(folder.path(), true).expect("opened").protecting([at("summary.html")]);
    forced.write(&at("results.csv"), b"a,c", None).expect("forced");
    says(forced.write(&at("summary.html"), b"x", None), "is an input");
    says(forced.write(folder.path(), b"x", None), "expected a file or nothing");
    assert_eq!(std::fs::read(at("summary.html")).expect("there"), b"mine");
    assert_eq!(names(folder.path()), [LIST, "results.csv", "summary.html"]);
}

#[test]
fn a_record_of_another_photo_is_not_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("front.json");
    let outputs = Outputs::into_folder(folder.path(), false).expect("opened");
    outputs.write(&path, b"first", Some("aa")).expect("written");
    outputs.write(&path, b"again", Some("aa")).expect("written again");
    says(outputs.write(&path, b"other", Some("bb")), "was made from another photo");
    outputs.tidy().expect("tidied");
    let outputs = Outputs::into_folder(folder.path(), false).expect("opened");
    says(outputs.write(&path, b"other", Some("bb")), "was made from another photo");
    assert_eq!(std::fs::read(&path).expect("there"), b"again");
}

#[test]
fn a_page_is_known_again_by_its_seal_until_somebody_changes_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("page.html");
    let outputs = Outputs::files(false);
    outputs.write_page(&path, "<p>one</p>\n").expect("written");
    outputs.write_page(&path, "<p>two</p>\n").expect("written again");
    let text = std::fs::read_to_string(&path).expect("there");
    std::fs::write(&path, text.replace("two", "mine")).expect("changed");
    says(outputs.write_page(&path, "<p>three</p>\n"), "this program did not write it as it is");
    assert_eq!(names(folder.path()), ["page.html"]);
}

#[cfg(unix)]
#[test]
fn planted_links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().expect("a folder");
    let victim = folder.path().join("victim");
    std::fs::write(&victim, "mine").expect("written");
    let out = folder.path().join("out");
    std::fs::create_dir(&out).expect("made");
    symlink(&victim, out.join("results.csv")).expect("a link");
    symlink(folder.path(), out.join("pictures")).expect("a link");
    let outputs = Outputs::into_folder(&out, false).expect("opened");
    says(outputs.write(&out.join("results.csv"), b"x", None), "did not write it");
    says(outputs.make_folder(&out.join("pictures")), "expected a folder, found something else");
    let forced = Outputs::into_folder(&out, true).expect("opened");
    forced.write(&out.join("results.csv"), b"x", None).expect("the link itself is replaced");
    assert_eq!(std::fs::read(&victim).expect("there"), b"mine");
    std::fs::remove_file(out.join(LIST)).expect("removed");
    symlink(&victim, out.join(LIST)).expect("a link");
    assert!(Outputs::into_folder(&out, false).is_err());
    assert_eq!(std::fs::read(&victim).expect("there"), b"mine");
}

#[test]
fn only_parts_of_our_own_are_removed_and_none_that_is_being_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at(".mine.part"), "mine").expect("written");
    std::fs::write(at(".orthostat-0123456789abcdef.part"), "not on the list").expect("written");
    let outputs = Outputs::into_folder(folder.path(), false).expect("opened");
    let mut killed = outputs.draft(&at("killed.csv"), None).expect("begun");
    killed.write_all(b"half").expect("written");
    std::mem::forget(killed);
    let other = Outputs::into_folder(folder.path(), false).expect("opened");
    other.remove_parts();
    assert_eq!(names(folder.path()).len(), 4, "the lock of a living program holds it");
    // Planted names that point outside the folder.
    let outside = tempfile::tempdir().expect("a folder");
    let victim = outside.path().join(".orthostat-aa.part");
    std::fs::write(&victim, "mine").expect("written");
    let list = at(LIST);
    let mut text = std::fs::read_to_string(&list).expect("there");
    let line = |name: &str| format!("{}\n", serde_json::json!({ "part": name }));
    text.push_str(&line(&victim.to_string_lossy()));
    text.push_str(&line(".mine.part"));
    std::fs::write(&list, text).expect("written");
    let part = names(folder.path())
        .into_iter()
        .find(|name| name.starts_with(".orthostat-") && name.len() == 32 && !name.contains("0123456789abcdef"));
    let part = at(&part.expect("a part"));
    // As if the program had been killed: another file without a lock under its name.
    std::fs::remove_file(&part).expect("removed");
    std::fs::write(&part, "half").expect("written");
    Outputs::into_folder(folder.path(), false).expect("opened").remove_parts();
    assert_eq!(
        names(folder.path()),
        [LIST, ".mine.part", ".orthostat-0123456789abcdef.part"]
            .map(str::to_owned)
            .into_iter()
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
    assert!(victim.exists());
}

#[test]
fn what_stands_after_a_kill_between_listing_and_placing_is_still_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.json");
    let outputs = Outputs::into_folder(folder.path(), false).expect("opened");
    outputs.write(&path, b"old", None).expect("written");
    outputs.list().expect("a list").add(&path, blake3::hash(b"new"), None).expect("listed, not placed");
    let other = Outputs::into_folder(folder.path(), false).expect("opened");
    assert!(other.list().expect("a list").wrote(&path));
    other.tidy().expect("tidied");
    let last = Outputs::into_folder(folder.path(), false).expect("opened");
    last.write(&path, b"newer", None).expect("ours");
}

#[test]
fn a_file_is_removed_only_if_it_is_ours() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let outputs = Outputs::into_folder(folder.path(), false).expect("opened");
    outputs.write(&at("a.jpg"), b"a", None).expect("written");
    std::fs::write(at("b.jpg"), "mine").expect("written");
    assert!(outputs.remove(&at("a.jpg")).expect("removed") && !outputs.remove(&at("b.jpg")).expect("left"));
    assert!(!at("a.jpg").exists() && at("b.jpg").exists());
}
