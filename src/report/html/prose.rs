//! Text formatted for a page.

/// A complete sentence: with a capital letter and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

/// Replaces units and hyphens by degree and minus signs.
pub(super) fn in_signs(words: &str) -> String {
    let words = words.replace(" degrees", "°").replace(" deg", "°").replace("+-", "±");
    let words = words.replace(" -", " \u{2212}").replace("(-", "(\u{2212}");
    words.strip_prefix('-').map(|rest| format!("\u{2212}{rest}")).unwrap_or(words)
}
