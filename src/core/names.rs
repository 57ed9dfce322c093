//! Names and other text from outside: which names are accepted, how they become file names, and how they are shown on a terminal.

use std::borrow::Cow;
use std::collections::HashSet;

/// The largest number of letters in a name.
const LONGEST_NAME: usize = 200;
/// The largest number of bytes in a file name on common file systems.
pub const LONGEST_FILE_NAME: usize = 255;
/// The largest number of bytes in an id: with every ending of an output it is still a valid file name.
pub const LONGEST_ID: usize = 200;
/// Hexadecimal digits of the hash that a shortened name ends with.
const DIGITS: usize = 16;

/// The only rule for names of subjects, and for ids from a list: one line of 1 to 200 letters without characters that control a terminal
/// or change the direction of text. Surrounding spaces are removed.
///
/// # Errors
/// One sentence for the user.
pub fn checked(text: &str) -> Result<String, String> {
    let name = text.trim();
    match () {
        () if name.is_empty() => Err("expected a name, found none".into()),
        () if name.chars().any(steers) => {
            Err(format!("expected a name in one line without control characters, found \"{}\"", shown(name)))
        }
        () if name.chars().count() > LONGEST_NAME => {
            let count = name.chars().count();
            Err(format!("expected a name of at most {LONGEST_NAME} letters, found {count} letters"))
        }
        () => Ok(name.to_owned()),
    }
}

/// Whether a character controls a terminal or the surrounding text instead of being printed.
fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Text from outside for one line of a terminal: control characters are escaped (`\n`, `\u001b`), as in JSON.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    escaped(text, steers)
}

/// The same for text of several lines, whose line feeds come from this program.
#[must_use]
pub fn shown_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |letter| letter != '\n' && steers(letter))
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '\n' if is_escaped(letter) => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            _ if is_escaped(letter) => safe.push_str(&format!("\\u{:04x}", u32::from(letter))),
            _ => safe.push(letter),
        }
    }
    Cow::Owned(safe)
}

/// A file's name without its ending, as an id: control characters become `_`, and a long name is shortened.
#[must_use]
pub fn of_file(path: &std::path::Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    shortened(&without_control(&stem), LONGEST_ID).into_owned()
}

/// An id for each name, none of which is among `given`: the name, or the name with a number. A name such as `front#1` is that of a view
/// of `front` if another photo has this id.
#[must_use]
pub fn distinct(names: &[String], given: &HashSet<String>) -> Vec<String> {
    let ids = |is_photo: &dyn Fn(&str) -> bool| {
        let mut taken = given.clone();
        let free = names.iter().map(|name| {
            let id = free(name, &taken, is_photo);
            taken.insert(id.clone());
            id
        });
        free.collect::<Vec<_>>()
    };
    let photos: HashSet<String> = ids(&|_| false).into_iter().chain(given.iter().cloned()).collect();
    ids(&|name| photos.contains(name))
}

/// An id that is not taken yet, and not that of a view of another photo.
fn free(name: &str, taken: &HashSet<String>, is_photo: &dyn Fn(&str) -> bool) -> String {
    let is_view = |id: &str| photo_of_view(id).is_some_and(is_photo);
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut ids = std::iter::once(name.to_owned()).chain(numbered);
    ids.find(|id| !taken.contains(id) && !is_view(id)).unwrap_or_default()
}

/// The id of one of several views in a photo, counted from 1; for a single view, the photo's own.
#[must_use]
pub fn of_view(id: &str, number: usize, views: usize) -> String {
    if views > 1 { format!("{id}#{number}") } else { id.to_owned() }
}

/// The photo's id in the id of one of its views; `None` for an id that has not the form of one.
///
/// ```
/// use orthostat::core::names::{of_view, photo_of_view};
/// assert_eq!(photo_of_view(&of_view("a#b", 2, 3)), Some("a#b"));
/// assert_eq!(photo_of_view("a#b"), None);
/// ```
#[must_use]
pub fn photo_of_view(id: &str) -> Option<&str> {
    let (photo, number) = id.rsplit_once('#')?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(photo)
}

/// Text with control characters replaced by `_`.
#[must_use]
pub fn without_control(text: &str) -> String {
    text.chars().map(|letter| if steers(letter) { '_' } else { letter }).collect()
}

/// A name of at most this many bytes: a longer one is cut between letters and ends with a hash of the whole name, so that names with the
/// same beginning stay different.
#[must_use]
pub fn shortened(name: &str, longest: usize) -> Cow<'_, str> {
    if name.len() <= longest {
        return Cow::Borrowed(name);
    }
    let hash = &blake3::hash(name.as_bytes()).to_hex()[..DIGITS];
    let kept = longest.saturating_sub(DIGITS + 1);
    let cut = (0..=kept).rev().find(|&at| name.is_char_boundary(at)).unwrap_or(0);
    Cow::Owned(format!("{}-{hash}", &name[..cut]))
}

/// A file name from a name and an ending (`.annotated.jpg`), within the limit of file systems.
#[must_use]
pub fn file_name(name: &str, ending: &str) -> String {
    format!("{}{ending}", shortened(name, LONGEST_FILE_NAME.saturating_sub(ending.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_neither_given_nor_those_of_another_photos_view() {
        let of = |names: &[&str], given: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            distinct(&names, &given.iter().map(|name| (*name).to_owned()).collect())
        };
        assert_eq!(of(&["a", "b", "a", "a"], &["a-2"]), ["a", "b", "a-3", "a-4"]);
        assert_eq!(
            of(&["front#1", "front", "side#1", "#1", "front#x"], &[]),
            ["front#1-2", "front", "side#1", "#1", "front#x"]
        );
        assert_eq!(of(&["a#1"], &["a"]), ["a#1-2"]);
        // The second "a" becomes "a-2", of which the first name would be a view.
        assert_eq!(of(&["a-2#1", "a", "a"], &[]), ["a-2#1-2", "a", "a-2"]);
    }

    #[test]
    fn names_are_one_line_and_not_too_long() {
        assert_eq!(checked("  Anna B. ").expect("a name"), "Anna B.");
        for wrong in ["", " ", "a\nb", "a\u{1b}[31mb", "a\u{202e}b", "a\u{9b}b", &"x".repeat(201)] {
            let reason = checked(wrong).expect_err("refused");
            assert!(!reason.contains(['\n', '\u{1b}', '\u{202e}', '\u{9b}']), "{reason}");
        }
        assert!(checked(&"王".repeat(200)).is_ok() && checked("Zoë \u{200d}").is_ok());
    }

    #[test]
    fn what_steers_a_terminal_is_written_out() {
        assert_eq!(shown("a\u{1b}[2Jb\nc\u{9b}d\u{202e}\t"), "a\\u001b[2Jb\\nc\\u009bd\\u202e\\t");
        assert_eq!(shown_lines("a\nb\u{7}\r"), "a\nb\\u0007\\r");
        assert!(matches!(shown("Müller 王"), Cow::Borrowed(_)));
        let json = serde_json::to_string("x\u{9b}\u{202e}").expect("JSON");
        assert_eq!(serde_json::from_str::<String>(&shown_lines(&json)).expect("still JSON"), "x\u{9b}\u{202e}");
    }

    #[test]
    fn long_names_are_shortened_by_bytes_and_stay_apart() {
        let long = "王".repeat(83);
        let name = file_name(&long, ".annotated.jpg");
        assert!(
            name.len() <= LONGEST_FILE_NAME && name.starts_with("王王") && name.ends_with(".annotated.jpg"),
            "{name}"
        );
        assert_ne!(shortened(&format!("{long}1"), 200), shortened(&format!("{long}2"), 200));
        assert_eq!(shortened("short", 200), "short");
        for longest in 18..40 {
            assert!(shortened(&long, longest).len() <= longest);
        }
    }
}
