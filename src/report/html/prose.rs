//! Words as a page prints them.

/// A sentence of its own: with a capital at its head and a stop at its end.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

/// Degrees and minus signs as print has them.
pub(super) fn in_signs(words: &str) -> String {
    let words = words.replace(" degrees", "°").replace(" deg", "°").replace("+-", "±");
    words.replace(" -", " \u{2212}").replace("(-", "(\u{2212}")
}
