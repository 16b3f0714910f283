//! YAML. The only module that writes it.

use rayon::prelude::*;
use serde::Serialize;
pub use serde_yaml::Error;
use serde_yaml::{Mapping, Value};

use crate::lower::Manifest;

use super::Tree;

/// What stands over every file.
const NOTICE: &str =
    "Made by cloudc. The next build writes this file anew: change it in a kustomize overlay.";

/// The keys that come first in a mapping, in this order. The others follow by the alphabet: the order
/// of Kubernetes' own types.
const FIRST: [&str; 22] = [
    "apiVersion",
    "kind",
    "name",
    "namespace",
    "type",
    "metadata",
    "schedule",
    "timeZone",
    "image",
    "command",
    "args",
    "labels",
    "spec",
    "scaleTargetRef",
    "minReplicas",
    "maxReplicas",
    "podSelector",
    "policyTypes",
    "from",
    "to",
    "ingress",
    "egress",
];

/// The files of the manifests, under `manifests/`.
///
/// # Errors
///
/// An object that YAML can't express; no input leads there.
pub fn manifests(manifests: &[Manifest]) -> Result<Tree, Error> {
    let files = manifests.par_iter().map(|manifest| {
        let path = format!("manifests/{}", manifest.file);
        Ok((path, file(manifest)?.into_bytes()))
    });
    files.collect()
}

/// One file: where it comes from, and its objects, each a document.
///
/// # Errors
///
/// An object that YAML can't express; no input leads there.
pub fn file(manifest: &Manifest) -> Result<String, Error> {
    let mut text = comment(&format!("{NOTICE}\n\n{}", manifest.comment));
    for object in &manifest.objects {
        text.push_str("---\n");
        text.push_str(&document(object)?);
    }
    Ok(text)
}

/// A comment, whatever the text holds: doc comments get in here, also those of libraries.
///
/// YAML 1.1 readers, kubectl among them, end a line at more characters than Rust does; and what stands
/// behind the end of a comment is YAML. They refuse most control characters. Those that turn the
/// direction of writing would show a reviewer something else than is there.
fn comment(text: &str) -> String {
    let ends_line = |c: char| matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    text.trim_end_matches(ends_line)
        .replace("\r\n", "\n")
        .split(ends_line)
        .map(|line| {
            let line: String = line.chars().map(harmless).collect();
            match line.as_str() {
                "" => "#\n".to_owned(),
                line => format!("# {line}\n"),
            }
        })
        .collect()
}

fn harmless(c: char) -> char {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let refused = matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    if c == '\t' || !(c.is_control() || turns || refused) {
        c
    } else {
        char::REPLACEMENT_CHARACTER
    }
}

/// One object, its keys in the order of a reader.
///
/// # Errors
///
/// An object that YAML can't express; no input leads there.
pub fn document(object: &impl Serialize) -> Result<String, Error> {
    let mut quoted = Vec::new();
    let value = tidy(serde_yaml::to_value(object)?, &mut quoted);
    let mut text = serde_yaml::to_string(&value)?;
    for (index, word) in quoted.iter().enumerate() {
        text = text.replace(&placeholder(index), &format!("\"{word}\""));
    }
    Ok(text)
}

/// Orders keys for readers, and marks the strings that only quotes keep strings.
fn tidy(value: Value, quoted: &mut Vec<String>) -> Value {
    match value {
        Value::Mapping(mapping) => {
            let mut entries: Vec<_> = mapping.into_iter().collect();
            entries.sort_by_key(|(key, _)| rank(key));
            let entries = entries
                .into_iter()
                .map(|(key, value)| (key, tidy(value, quoted)));
            Value::Mapping(entries.collect::<Mapping>())
        }
        Value::Sequence(items) => {
            Value::Sequence(items.into_iter().map(|item| tidy(item, quoted)).collect())
        }
        Value::String(text) if means_more_in_yaml_1_1(&text) => {
            quoted.push(text);
            Value::String(placeholder(quoted.len() - 1))
        }
        other => other,
    }
}

fn rank(key: &Value) -> usize {
    let position = |key| FIRST.iter().position(|first| *first == key);
    key.as_str().and_then(position).unwrap_or(FIRST.len())
}

/// Readers of YAML 1.1 take these for booleans, dates and numbers of base 60; the serializer writes YAML
/// 1.2, where they are text.
fn means_more_in_yaml_1_1(text: &str) -> bool {
    let word = text.to_ascii_lowercase();
    let boolean = matches!(word.as_str(), "on" | "off" | "yes" | "no" | "y" | "n");
    let numbers = text.starts_with(|c: char| c.is_ascii_digit())
        && text.contains(['-', ':'])
        && text
            .bytes()
            .all(|c| c.is_ascii_digit() || b"-:.".contains(&c));
    boolean || numbers
}

/// Stands for a word until the document is written: the serializer can't be told to quote.
fn placeholder(index: usize) -> String {
    format!("cloudc-quoted-word-{index}-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_comment_ends_where_every_reader_says() {
        let text = "Greets.\u{2028}---\u{2029}kind: A\u{85}kind: B\rkind: C\r\nend \u{1b}[31m\u{202e}\u{feff}\n";
        assert_eq!(
            comment(text),
            "# Greets.\n# ---\n# kind: A\n# kind: B\n# kind: C\n# end \u{fffd}[31m\u{fffd}\u{fffd}\n"
        );
        assert_eq!(comment("a\n\nb\n"), "# a\n#\n# b\n");
    }

    #[test]
    fn text_stays_text_for_a_reader_of_yaml_1_1() {
        let object = json!({"args": ["on", "Off", "yes", "n", "1", "true", "null", "0x10", "1e3", "~", "", "a: b", "- x", "é", "2001-01-01", "1:30", "10.0.0.1"]});
        insta::assert_snapshot!(document(&object).unwrap());
    }

    #[test]
    fn more_than_ten_quoted_words_keep_their_places() {
        let words: Vec<_> = (0..25)
            .map(|index| if index % 2 == 0 { "on" } else { "no" })
            .collect();
        let text = document(&words).unwrap();
        let expected: String = words.iter().map(|word| format!("- \"{word}\"\n")).collect();
        assert_eq!(text, expected);
    }

    #[test]
    fn keys_come_in_the_order_of_a_reader() {
        let object = json!({"spec": {"b": 1, "a": 2, "image": 3}, "kind": "K", "metadata": {}, "apiVersion": "v1"});
        let expected = "apiVersion: v1\nkind: K\nmetadata: {}\nspec:\n  image: 3\n  a: 2\n  b: 1\n";
        assert_eq!(document(&object).unwrap(), expected);
    }
}
