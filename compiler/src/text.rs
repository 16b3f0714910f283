//! Words and small values as a user writes and reads them.

use std::time::Duration;

/// A duration in its largest whole unit: `90s`, `2m`, `1h`, `1d`, `1500ms`.
pub fn duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let units = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1_000, "s"),
    ];
    match units
        .iter()
        .find(|(unit, _)| millis > 0 && millis.is_multiple_of(*unit))
    {
        Some((unit, name)) => format!("{}{name}", millis / unit),
        None => format!("{millis}ms"),
    }
}

/// The candidate that is most like a word, if one is: at most a third of it typed wrongly.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= 1 + word.chars().count() / 3)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Text of somebody else, in which a terminal finds nothing to obey: control characters but tabs and the ends of lines are escaped.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && !matches!(c, '\n' | '\t') {
            plain.extend(c.escape_default());
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_obeys_nothing_of_a_plain_text() {
        assert_eq!(
            plain("a\tb\n\u{1b}[2J\u{9b}\r"),
            "a\tb\n\\u{1b}[2J\\u{9b}\\r"
        );
    }

    #[test]
    fn durations_in_their_largest_whole_unit() {
        for (millis, text) in [
            (0, "0ms"),
            (1_500, "1500ms"),
            (30_000, "30s"),
            (90_000, "90s"),
            (120_000, "2m"),
            (3_600_000, "1h"),
            (172_800_000, "2d"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn the_nearest_word_is_near() {
        assert_eq!(nearest("ORDRES", ["PRICES", "ORDERS"]), Some("ORDERS"));
        assert_eq!(nearest("orders", ["ORDERS"]), Some("ORDERS"));
        assert_eq!(nearest("INVOICES", ["ORDERS", "PRICES"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
