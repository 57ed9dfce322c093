//! The only escaping of text for SVG and HTML; askama's templates use it too (`askama.toml`).

use std::fmt::{self, Write};

/// Text escaped for SVG and HTML.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let _ = write_escaped(&mut out, text);
    out
}

fn write_escaped(out: &mut impl Write, text: &str) -> fmt::Result {
    for letter in text.chars() {
        match letter {
            '&' => out.write_str("&amp;")?,
            '<' => out.write_str("&lt;")?,
            '>' => out.write_str("&gt;")?,
            '"' => out.write_str("&quot;")?,
            '\'' => out.write_str("&#39;")?,
            '\t' | '\n' => out.write_char(letter)?,
            // XML does not allow control characters.
            letter if letter.is_control() => out.write_char(' ')?,
            letter => out.write_char(letter)?,
        }
    }
    Ok(())
}

/// [`escaped`] for templates.
#[derive(Debug, Clone, Copy)]
pub struct Markup;

impl askama::filters::Escaper for Markup {
    fn write_escaped_str<W: Write>(&self, mut out: W, text: &str) -> fmt::Result {
        write_escaped(&mut out, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_from_a_record_cannot_become_elements() {
        assert_eq!(escaped("<b a='1'>&\"\u{1}"), "&lt;b a=&#39;1&#39;&gt;&amp;&quot; ");
    }
}
