//! Text in a drawing: how wide it is about, shortened, escaped.

/// About how wide a text is in a sans-serif font of this size. Nobody has measured the reader's
/// font; these are the widths of Helvetica, rounded up.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let ems: f64 = text.chars().map(em).sum();
    (ems * size).ceil()
}

fn em(char: char) -> f64 {
    match char {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.28,
        ' ' | 'f' | 't' | 'r' | 'I' | '/' | '(' | ')' | '[' | ']' | '-' | '·' => 0.34,
        '{' | '}' | '*' => 0.39,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' | '→' => 0.92,
        'A'..='Z' => 0.72,
        char if char < '\u{1100}' => 0.57,
        _ => 1.0,
    }
}

/// The text itself, or its start and an ellipsis, so that it is at most this wide.
pub(super) fn shorten(text: &str, size: f64, most: f64) -> String {
    if width(text, size) <= most {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut room = most / size - em('…');
    for char in text.chars() {
        room -= em(char);
        if room < 0.0 {
            break;
        }
        short.push(char);
    }
    short + "…"
}

/// Text as XML content or as an attribute's value. Characters that XML cannot hold at all become
/// the replacement character.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            char if char.is_control() || matches!(char, '\u{fffe}' | '\u{ffff}') => {
                escaped.push('\u{fffd}');
            }
            char => escaped.push(char),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_ends_in_an_ellipsis_and_fits() {
        let short = shorten("a-function-with-a-very-long-name", 12.0, 100.0);
        assert!(short.ends_with('…'), "{short}");
        assert!(width(&short, 12.0) <= 100.0, "{short}");
        assert_eq!(shorten("short", 12.0, 100.0), "short");
    }

    #[test]
    fn escaped_text_holds_no_markup() {
        assert_eq!(
            escape("a<b> & \"c\"\n\u{1}"),
            "a&lt;b&gt; &amp; &quot;c&quot; \u{fffd}"
        );
    }
}
