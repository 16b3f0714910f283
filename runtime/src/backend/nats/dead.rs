//! Keeping failed messages, in a stream of their own.

use async_nats::HeaderMap;

use super::headers::{self, ID, encode};
use crate::backend::Dead;

/// Why it failed: one line.
const REASON: &str = "Cloudc-Reason";
/// Which delivery was the last.
const ATTEMPT: &str = "Cloudc-Attempt";
/// The message's number in the queue's stream.
const SEQUENCE: &str = "Cloudc-Sequence";
/// The message's own id: as `Nats-Msg-Id` the dead letter has another one.
const ORIGINAL: &str = "Cloudc-Id";
/// The most bytes of a reason.
const LONGEST_REASON: usize = 1024;

/// The headers with which a failed message is kept, such that it has no more than so many bytes. Its number in the queue and
/// when it got that are its id, so it is kept once. Where they are too many the reason is cut off, then what came with the message goes.
/// Of one that leaves no room at all the payload is kept alone, perhaps more than once: what a queue took is not lost.
pub(super) fn headers(queue: &str, dead: &Dead, limit: usize) -> HeaderMap {
    let payload = dead.delivery.payload.len();
    for longest in [LONGEST_REASON, 128] {
        let mut headers = about(queue, dead, longest);
        // What was a header once is one again.
        if headers::add(&mut headers, &dead.delivery.headers).is_ok()
            && headers::size(&headers, payload) <= limit
        {
            return headers;
        }
    }
    let headers = about(queue, dead, LONGEST_REASON);
    let over = headers::size(&headers, payload).saturating_sub(limit);
    let headers = about(
        queue,
        dead,
        LONGEST_REASON.min(dead.reason.len()).saturating_sub(over),
    );
    if headers::size(&headers, payload) <= limit {
        headers
    } else {
        HeaderMap::new()
    }
}

fn about(queue: &str, dead: &Dead, longest_reason: usize) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ID, format!("{queue}-{}-{}", dead.sequence, dead.stored));
    headers.insert(REASON, one_line(&dead.reason, longest_reason));
    headers.insert(ATTEMPT, dead.delivery.attempt.to_string());
    headers.insert(SEQUENCE, dead.sequence.to_string());
    headers.insert(ORIGINAL, encode(&dead.delivery.id));
    headers
}

/// A text without line breaks and other control characters, of so many bytes at the most.
fn one_line(text: &str, longest: usize) -> String {
    let mut line = String::new();
    for letter in text.trim().chars() {
        let letter = if letter.is_control() { ' ' } else { letter };
        if line.len() + letter.len_utf8() > longest {
            break;
        }
        line.push(letter);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::Delivery;

    fn dead(reason: &str) -> Dead {
        Dead {
            delivery: Delivery {
                payload: vec![b'1'; 100],
                id: "order 1".to_owned(),
                attempt: 5,
                headers: [("ce-id".to_owned(), "order%201".to_owned())].into(),
            },
            sequence: 7,
            stored: 1_000,
            reason: reason.to_owned(),
        }
    }

    fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        headers.get_last(name).map(|value| value.as_str())
    }

    #[test]
    fn a_dead_letter_says_what_it_was() {
        let headers = headers("orders", &dead("no\r\nmoney"), 1024 * 1024);
        for (name, value) in [
            (ID, "orders-7-1000"),
            (REASON, "no  money"),
            (ATTEMPT, "5"),
            (SEQUENCE, "7"),
            (ORIGINAL, "order%201"),
            ("ce-id", "order%201"),
        ] {
            assert_eq!(text(&headers, name), Some(value), "{name}");
        }
    }

    #[test]
    fn a_reason_is_short() {
        let headers = headers("orders", &dead(&"ü".repeat(1_000)), 1024 * 1024);
        assert_eq!(text(&headers, REASON).map(str::len), Some(LONGEST_REASON));
    }

    #[test]
    fn it_is_cut_until_it_fits() {
        let dead = dead(&"x".repeat(2_000));
        let whole = headers::size(&super::headers("orders", &dead, usize::MAX), 100);
        for limit in (100..=whole).rev() {
            let headers = super::headers("orders", &dead, limit);
            assert!(headers::size(&headers, 100) <= limit, "{limit}");
            let id = (limit >= 250).then_some("orders-7-1000");
            assert!(id.is_none() || text(&headers, ID) == id, "{limit}");
        }
        let cut = super::headers("orders", &dead, whole - 1);
        assert_eq!(text(&cut, "ce-id"), Some("order%201"));
        let cut = super::headers("orders", &dead, 300);
        assert_eq!(text(&cut, "ce-id"), None);
    }
}
