//! A payload as a person can read it.

use serde::de::IgnoredAny;

use crate::text::plain;

/// What a payload is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Payload<'p> {
    Json(&'p str),
    Text(&'p str),
    Bytes(&'p [u8]),
}

/// The longest that is shown whole, in characters.
const LONGEST: usize = 2_000;

impl<'p> Payload<'p> {
    pub(super) fn of(bytes: &'p [u8]) -> Self {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Self::Bytes(bytes);
        };
        match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => Self::Json(text),
            Err(_) => Self::Text(text),
        }
    }

    /// For a terminal: lines without a line break at the end. Nothing in it moves the cursor.
    pub(super) fn lines(&self, full: bool) -> String {
        let (note, text) = match self {
            Self::Json(json) => ("", spread(json)),
            Self::Text("") => ("(empty)", String::new()),
            Self::Text(text) => ("(no JSON)\n", plain(text)),
            Self::Bytes(bytes) => ("(no text)\n", bytes.escape_ascii().to_string()),
        };
        let cut = text.char_indices().nth(LONGEST).filter(|_| !full);
        match cut.and_then(|(at, _)| text.get(..at)) {
            None => format!("{note}{text}"),
            Some(start) => {
                let all = text.chars().count();
                format!("{note}{start}…\n(cut: {LONGEST} of {all} characters; --full shows all)")
            }
        }
    }
}

/// JSON over several lines, else as it was written: numbers keep their digits, keys their order.
fn spread(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    let mut tokens = Tokens(json).peekable();
    while let Some(token) = tokens.next() {
        match token {
            "{" | "[" => {
                out.push_str(token);
                if tokens.peek().is_none_or(|next| !["}", "]"].contains(next)) {
                    depth += 1;
                    line(&mut out, depth);
                } else {
                    out.push_str(tokens.next().unwrap_or_default());
                }
            }
            "}" | "]" => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push_str(token);
            }
            "," => {
                out.push(',');
                line(&mut out, depth);
            }
            ":" => out.push_str(": "),
            word => out.push_str(&escaped(word)),
        }
    }
    out
}

/// JSON on one line, else as it was written.
pub(super) fn joined(json: &str) -> String {
    Tokens(json).collect()
}

/// A string, number or word of JSON, in which a terminal finds nothing to obey.
fn escaped(word: &str) -> String {
    let mut escaped = String::with_capacity(word.len());
    for c in word.chars() {
        if c.is_control() {
            escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// The tokens of a text that is JSON.
struct Tokens<'j>(&'j str);

impl<'j> Iterator for Tokens<'j> {
    type Item = &'j str;

    fn next(&mut self) -> Option<&'j str> {
        let rest = self.0.trim_start();
        let first = rest.chars().next()?;
        let end = match first {
            '{' | '}' | '[' | ']' | ',' | ':' => Some(1),
            '"' => string(rest),
            _ => rest.find(|c: char| c.is_whitespace() || ",:]}".contains(c)),
        };
        let (token, rest) = rest.split_at(end.unwrap_or(rest.len()));
        self.0 = rest;
        Some(token)
    }
}

/// Where a string ends that starts the text.
fn string(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_spread_and_keeps_its_digits_and_order() {
        let json = r#"{"z":12345678901234567890123,"a":[1.50,{},[ ],"x, {\"y\": 1}"],"b":null}"#;
        let spread = Payload::of(json.as_bytes()).lines(false);
        assert_eq!(
            spread,
            "{\n  \"z\": 12345678901234567890123,\n  \"a\": [\n    1.50,\n    {},\n    [],\n    \
             \"x, {\\\"y\\\": 1}\"\n  ],\n  \"b\": null\n}"
        );
        assert_eq!(joined(&spread), json.replace("[ ]", "[]"));
        for word in ["7", "\"a\"", "true", "[]"] {
            assert_eq!(Payload::of(word.as_bytes()).lines(false), word);
        }
    }

    #[test]
    fn what_is_no_json_is_said_to_be_none() {
        let lines = |bytes: &[u8]| Payload::of(bytes).lines(false);
        assert_eq!(lines(b"tea\x1b[2J\nmilk"), "(no JSON)\ntea\\u{1b}[2J\nmilk");
        assert_eq!(lines(b""), "(empty)");
        assert_eq!(lines(b"\xff\x00"), "(no text)\n\\xff\\x00");
    }

    #[test]
    fn no_string_moves_the_cursor() {
        let json = "\"a\u{9b}2J\"";
        assert_eq!(Payload::of(json.as_bytes()).lines(false), r#""a\u009b2J""#);
    }

    #[test]
    fn a_long_one_is_cut_unless_all_of_it_is_wanted() {
        let long = format!("\"{}\"", "ä".repeat(3_000));
        let cut = Payload::of(long.as_bytes()).lines(false);
        assert!(
            cut.ends_with("(cut: 2000 of 3002 characters; --full shows all)"),
            "{cut}"
        );
        assert_eq!(Payload::of(long.as_bytes()).lines(true), long);
    }
}
