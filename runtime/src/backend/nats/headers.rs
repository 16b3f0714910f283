//! What stands in the headers of a message.
//!
//! Those of the broker start with `Nats-`, those of cloudc with `Cloudc-`; neither is a handler's to see. Each
//! message is a CloudEvent in binary mode besides: `ce-…`.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use async_nats::{HeaderMap, HeaderName, HeaderValue};

use crate::backend::{Failure, Outgoing};

/// The broker takes one message with an id within the stream's `duplicate_window`.
pub(super) const ID: &str = "Nats-Msg-Id";
/// When a message may be delivered for the first time, in milliseconds since 1970.
const NOT_BEFORE: &str = "Cloudc-Not-Before";
/// Prefixes of headers that no handler sees, in lower case.
const INTERNAL: [&str; 2] = ["nats-", "cloudc-"];

/// Who sends.
pub(super) struct Origin<'a> {
    pub(super) app: &'a str,
    pub(super) workload: &'a str,
}

/// The headers of a message on its way to a queue.
///
/// # Errors
///
/// When one of its own is no header, or one of the broker's.
pub(super) fn outgoing(
    origin: &Origin<'_>,
    queue: &str,
    message: &Outgoing,
    now: SystemTime,
) -> Result<HeaderMap, Failure> {
    // Each message has them: as names they are looked at once, by the compiler.
    const MSG_ID: HeaderName = HeaderName::from_static(ID);
    const CE_ID: HeaderName = HeaderName::from_static("ce-id");
    const CE_SPECVERSION: HeaderName = HeaderName::from_static("ce-specversion");
    const CE_SOURCE: HeaderName = HeaderName::from_static("ce-source");
    const CE_TYPE: HeaderName = HeaderName::from_static("ce-type");
    const CONTENT_TYPE: HeaderName = HeaderName::from_static("content-type");

    let mut headers = HeaderMap::new();
    let id = encode(&message.id);
    if !id.is_empty() {
        headers.insert(MSG_ID, id.as_str());
        headers.insert(CE_ID, id);
    }
    headers.insert(CE_SPECVERSION, "1.0");
    headers.insert(CE_SOURCE, ["/", origin.app, "/", origin.workload].concat());
    headers.insert(CE_TYPE, [origin.app, ".", queue].concat());
    headers.insert(CONTENT_TYPE, "application/json");
    if !message.delay.is_zero() {
        let due = millis(now).saturating_add(message.delay.as_millis());
        headers.insert(NOT_BEFORE, due.to_string());
    }
    add(&mut headers, &message.headers)?;
    Ok(headers)
}

/// Adds headers of the application's.
///
/// # Errors
///
/// When one is no header, or one of the broker's.
pub(super) fn add(headers: &mut HeaderMap, more: &BTreeMap<String, String>) -> Result<(), Failure> {
    for (name, value) in more {
        if is_internal(name) {
            let why = format!("the header `{name}` is none of the application's");
            return Err(Failure::Refused(why));
        }
        let (Ok(known), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>())
        else {
            let why = format!("the header {name:?} has a name or a value of more than one line");
            return Err(Failure::Refused(why));
        };
        headers.insert(known, value);
    }
    Ok(())
}

/// The headers that a handler sees. Of several with one name it is the last.
pub(super) fn visible(headers: &HeaderMap) -> BTreeMap<String, String> {
    let all = headers.iter().filter_map(|(name, values)| {
        let name: &str = name.as_ref();
        let value = values.last()?.as_str();
        (!is_internal(name)).then(|| (name.to_owned(), value.to_owned()))
    });
    all.collect()
}

/// The id of a message, if it was sent with one.
pub(super) fn id(headers: &HeaderMap) -> Option<String> {
    headers.get_last(ID).map(|id| decode(id.as_str()))
}

/// How long a message still has to wait for its first delivery; `None` for one that was sent without a delay.
pub(super) fn wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let due: u128 = headers.get_last(NOT_BEFORE)?.as_str().parse().ok()?;
    let left = due.saturating_sub(millis(now));
    Some(Duration::from_millis(
        u64::try_from(left).unwrap_or(u64::MAX),
    ))
}

/// The bytes of a message as the server counts them: `NATS/1.0`, a line for each header, an empty line, and the payload; the
/// payload alone where there is no header.
pub(super) fn size(headers: &HeaderMap, payload: usize) -> usize {
    if headers.is_empty() {
        return payload;
    }
    let lines = headers.iter().flat_map(|(name, values)| {
        let name: &str = name.as_ref();
        values
            .iter()
            .map(move |value| name.len() + value.as_str().len() + ": \r\n".len())
    });
    "NATS/1.0\r\n\r\n".len() + lines.sum::<usize>() + payload
}

/// An id as the value of a header, where line breaks have no place and spaces at the ends get lost: what is not visible ASCII
/// is a `%` and two digits.
pub(super) fn encode(id: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'%';
    if id.bytes().all(is_plain) {
        return id.to_owned();
    }
    let mut encoded = String::with_capacity(id.len());
    for byte in id.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// What was [encoded](encode). What others wrote stays as it is where it means nothing.
fn decode(encoded: &str) -> String {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let byte = after
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(b'%');
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap_or_else(|_| encoded.to_owned())
}

fn is_internal(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    INTERNAL.iter().any(|prefix| name.starts_with(prefix))
}

/// Since 1970; none for a clock that is before it.
fn millis(time: SystemTime) -> u128 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin<'_> = Origin {
        app: "shop",
        workload: "charge",
    };

    fn message(id: &str) -> Outgoing {
        Outgoing {
            id: id.to_owned(),
            keyed: true,
            payload: Vec::new(),
            headers: BTreeMap::new(),
            delay: Duration::ZERO,
        }
    }

    #[test]
    fn ids_come_back() {
        for known in [
            "",
            "order-1",
            " a ",
            "100%",
            "%41",
            "ü\r\nNats-Rollup: all",
            "a:b",
        ] {
            let encoded = encode(known);
            assert!(
                encoded.bytes().all(|byte| byte.is_ascii_graphic()),
                "{encoded}"
            );
            assert_eq!(decode(&encoded), known);
        }
        assert_eq!(encode("order-1:a/b"), "order-1:a/b");
        for foreign in ["%", "%zz", "a%4", "%ff", "%ü"] {
            assert_eq!(decode(foreign), foreign);
        }
    }

    #[test]
    fn a_message_is_a_cloud_event() {
        let headers = outgoing(&ORIGIN, "orders", &message("1"), SystemTime::now());
        let visible = visible(&headers.expect("headers"));
        let expected = [
            ("ce-id", "1"),
            ("ce-source", "/shop/charge"),
            ("ce-specversion", "1.0"),
            ("ce-type", "shop.orders"),
            ("content-type", "application/json"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(visible, BTreeMap::from(expected));
    }

    #[test]
    fn a_delay_is_a_time() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        let at_once = outgoing(&ORIGIN, "orders", &message("1"), now).expect("headers");
        assert_eq!(wait(&at_once, now), None);
        let later = Outgoing {
            delay: Duration::from_secs(60),
            ..message("1")
        };
        let later = outgoing(&ORIGIN, "orders", &later, now).expect("headers");
        let after = |seconds| wait(&later, now + Duration::from_secs(seconds));
        assert_eq!(after(0), Some(Duration::from_secs(60)));
        assert_eq!(after(59), Some(Duration::from_secs(1)));
        assert_eq!(after(61), Some(Duration::ZERO));
    }

    #[test]
    fn headers_of_others_are_refused() {
        for (name, value) in [
            ("Nats-Rollup", "all"),
            ("cloudc-not-before", "0"),
            ("a", "b\r\nNats-Rollup: all"),
            ("a b\r\n", "c"),
        ] {
            let mut bad = message("1");
            bad.headers.insert(name.to_owned(), value.to_owned());
            let refused = outgoing(&ORIGIN, "orders", &bad, SystemTime::now());
            assert!(
                matches!(refused, Err(Failure::Refused(_))),
                "{name}: {value}"
            );
        }
    }

    #[test]
    fn sizes_are_the_servers() {
        let mut headers = HeaderMap::new();
        assert_eq!(size(&headers, 3), "abc".len());
        headers.insert("Key", "Value");
        assert_eq!(size(&headers, 3), "NATS/1.0\r\nKey: Value\r\n\r\nabc".len());
    }
}
