//! Lengths of time as users write them.

use std::time::Duration;

/// The units, longest first, each in milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// `30s`, `500ms`, `2d`, `1h30m`: whole numbers, each with its unit, the longer unit first.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total: u64 = 0;
    let mut units = UNITS.as_slice();
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let end = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let at = units.iter().position(|(name, _)| *name == unit)?;
        let milliseconds = number.parse::<u64>().ok()?.checked_mul(units[at].1)?;
        total = total.checked_add(milliseconds)?;
        units = &units[at + 1..];
        rest = after;
    }
    (!text.is_empty()).then(|| Duration::from_millis(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, milliseconds) in [
            ("30s", 30_000),
            ("10m", 600_000),
            ("1h", 3_600_000),
            ("500ms", 500),
            ("2d", 172_800_000),
            ("1h30m", 5_400_000),
            ("1s500ms", 1_500),
            ("0s", 0),
        ] {
            assert_eq!(
                parse(text),
                Some(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn no_durations() {
        for text in [
            "",
            "30",
            "s",
            "30 s",
            " 30s",
            "30sec",
            "30S",
            "-1s",
            "+1s",
            "1.5s",
            "30m1h",
            "1s1s",
            "1µs",
            "٣s",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
