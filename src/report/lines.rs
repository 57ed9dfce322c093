//! Lines for a terminal: text with a style for each piece, wrapped between words.

/// The emphasis of a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// No emphasis.
    #[default]
    Plain,
    /// A heading.
    Strong,
    /// A finding.
    Finding,
    /// Less important text.
    Muted,
    /// A request to the user.
    Advice,
}

/// A line of pieces. Its first piece's leading spaces are the indent of its continuation lines, plus two more.
pub type Line = Vec<(Tone, String)>;

/// Wraps a line between words so that it is at most `width` letters wide; a longer word gets a line of its own.
#[must_use]
pub fn broken(line: &Line, width: usize) -> Vec<Line> {
    let first = line.first().map_or("", |(_, text)| text.as_str());
    let indent = first.len() - first.trim_start_matches(' ').len();
    let mut lines: Vec<Line> = vec![Vec::new()];
    let (mut used, mut after_break) = (0, false);
    for (tone, text) in line {
        // Pieces keep the spaces before their words, so words are never joined.
        for word in words(text) {
            let bare = word.trim_start_matches(' ');
            let letters = word.chars().count();
            let glued = word == bare && used > 0;
            if !glued && used + letters > width && used > indent && !bare.is_empty() {
                lines.push(vec![(Tone::Plain, " ".repeat(indent + 2))]);
                (used, after_break) = (indent + 2, true);
            }
            let word = if after_break { bare } else { word };
            after_break = false;
            used += word.chars().count();
            if let Some(last) = lines.last_mut() {
                match last.last_mut() {
                    Some((known, text)) if known == tone => text.push_str(word),
                    _ => last.push((*tone, word.to_owned())),
                }
            }
        }
    }
    lines
}

/// Words with the spaces before them; concatenated they give the text.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut in_word = false;
    for (at, letter) in text.char_indices() {
        if letter == ' ' && in_word {
            words.push(&text[start..at]);
            start = at;
        }
        in_word = letter != ' ';
    }
    if start < text.len() {
        words.push(&text[start..]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(lines: &[Line]) -> Vec<String> {
        lines.iter().map(|line| line.iter().map(|(_, text)| text.as_str()).collect()).collect()
    }

    #[test]
    fn lines_are_broken_between_words_and_keep_their_indent_and_tones() {
        let line =
            vec![(Tone::Muted, "  Hips:".to_owned()), (Tone::Finding, " right higher by 2.3 degrees".to_owned())];
        let lines = broken(&line, 20);
        assert_eq!(plain(&lines), ["  Hips: right higher", "    by 2.3 degrees"]);
        assert_eq!(lines[1].last().expect("a piece").0, Tone::Finding);
    }

    #[test]
    fn no_word_is_broken_and_nothing_is_lost_at_any_width() {
        let text = "  not measured: waist tilt: a waist in ordinary clothes has no definite height";
        for width in 1..90 {
            let lines = plain(&broken(&vec![(Tone::Plain, text.to_owned())], width));
            let joined: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
            assert_eq!(joined, text.split_whitespace().collect::<Vec<_>>());
            let longest = text.split_whitespace().map(str::len).max().expect("words");
            assert!(lines.iter().all(|line| line.len() <= width.max(longest + 4)), "{width}: {lines:?}");
        }
    }
}
