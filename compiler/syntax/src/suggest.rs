//! "Did you mean …?"

/// The word nearest to a mistyped one, where one is near enough to be meant. Of equally near words
/// the first one.
pub(crate) fn nearest<'a>(typed: &str, words: &[&'a str]) -> Option<&'a str> {
    words
        .iter()
        .map(|word| (distance(typed, word), *word))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, word)| *distance <= (word.len().max(typed.len()) / 3).max(1))
        .map(|(_, word)| word)
}

/// The edits that make one word of the other: a character put in, left out or replaced, or two
/// neighbours swapped (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    // A key is short. A longer word is none that was mistyped, and would cost its square.
    const LONGEST: usize = 32;
    let a: Vec<char> = a.chars().take(LONGEST).collect();
    let b: Vec<char> = b.chars().take(LONGEST).collect();
    let mut before = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, edits) in [
            ("", "", 0),
            ("", "ttl", 3),
            ("scale", "scale", 0),
            ("scael", "scale", 1),
            ("scal", "scale", 1),
            ("shcedule", "schedule", 1),
            ("time_out", "timeout", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), edits, "{a} {b}");
            assert_eq!(distance(b, a), edits, "{b} {a}");
        }
    }

    #[test]
    fn only_what_is_near() {
        let words = ["http", "queue", "timeout", "ttl"];
        assert_eq!(nearest("tiemout", &words), Some("timeout"));
        assert_eq!(nearest("htp", &words), Some("http"));
        assert_eq!(nearest("retries", &words), None);
        assert_eq!(nearest("", &words), None);
    }
}
