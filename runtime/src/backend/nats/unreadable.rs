//! Messages with headers that the client cannot read: another program has sent them.
//!
//! The client hangs up at such a message, and the server delivers it first again: it would keep those behind it from ever being
//! handled. So where the connection was lost while messages were awaited, those that are under way are looked at by JetStream's API,
//! whose answers are JSON. What cannot be read is handed out without those headers, and for a while messages are asked for one by
//! one: of those behind such a one each loss would cost a delivery.

use std::collections::HashMap;
use std::str;
use std::sync::Weak;
use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::consumer::Info;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream::RawMessage;
use async_nats::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use data_encoding::BASE64;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::link::Link;
use crate::backend::Failure;

/// How long messages are asked for one by one, beyond an ack wait: the same one may come again.
const CARE: Duration = Duration::from_secs(15);
/// How long is looked after one loss; the rest is looked at after the next one. Messages with a delay are under way as well, and may be
/// many.
const LONGEST: Duration = Duration::from_secs(1);
/// The first line of headers.
const VERSION: &str = "NATS/1.0";

/// A message that the client cannot read.
pub(super) struct Found {
    pub(super) sequence: u64,
    /// When the stream got it, in nanoseconds of Unix time.
    pub(super) stored: i128,
    pub(super) payload: Vec<u8>,
    /// Those that can be read.
    pub(super) headers: HeaderMap,
    /// How often it was found.
    pub(super) times: u32,
}

/// What is known of a queue's unreadable messages.
#[derive(Default)]
pub(super) struct Search {
    /// How often each was found, and whether this process has it still. It cannot be known how often the server has delivered it.
    found: HashMap<u64, (u32, Weak<str>)>,
    /// Until when messages are asked for one by one.
    careful: Option<Instant>,
    /// The last that was looked at.
    last: u64,
}

#[derive(Deserialize)]
struct Got {
    message: RawMessage,
}

impl Search {
    /// Whether messages are to be asked for one by one.
    pub(super) fn is_careful(&self) -> bool {
        self.careful.is_some_and(|until| Instant::now() < until)
    }

    /// Looks for messages of a `<stream>.<consumer>` that are delivered, not settled, and unreadable.
    pub(super) async fn run(&mut self, link: &Link, consumer: &str) -> Result<Vec<Found>, Failure> {
        let subject = format!("$JS.API.CONSUMER.INFO.{consumer}");
        // A broker that has just come back may take its time, and messages are not asked for meanwhile.
        let info = timeout(LONGEST, ask::<Info>(link, &subject, Vec::new())).await;
        let Some(info) = info.unwrap_or(Ok(None))? else {
            return Ok(Vec::new());
        };
        let (floor, end) = (
            info.ack_floor.stream_sequence,
            info.delivered.stream_sequence,
        );
        self.found.retain(|sequence, _| *sequence > floor);
        let stream = consumer.split('.').next().unwrap_or_default();
        let subject = format!("$JS.API.STREAM.MSG.GET.{stream}");
        let mut all = Vec::new();
        for known in self.found.keys().copied().collect::<Vec<_>>() {
            let exactly = json!({ "seq": known }).to_string();
            if let Some(Got { message }) = ask(link, &subject, exactly.into_bytes()).await? {
                all.extend(self.look(message));
            }
        }
        if !(floor..end).contains(&self.last) {
            self.last = floor;
        }
        let until = Instant::now() + LONGEST;
        while Instant::now() < until {
            let next = json!({"seq": self.last + 1, "next_by_subj": ">"}).to_string();
            let got: Option<Got> = ask(link, &subject, next.into_bytes()).await?;
            let message = got.map(|got| got.message);
            let Some(message) = message.filter(|message| message.sequence <= end) else {
                self.last = end;
                break;
            };
            self.last = message.sequence;
            if !self.found.contains_key(&message.sequence) {
                all.extend(self.look(message));
            }
        }
        Ok(all)
    }

    /// Notes that a message of a queue with this ack wait was handed out, and lives as long as this.
    pub(super) fn handed(&mut self, sequence: u64, life: Weak<str>, ack_wait: Duration) {
        self.careful = Some(Instant::now() + ack_wait + CARE);
        let times = self.found.get(&sequence).map_or(0, |(times, _)| *times);
        self.found.insert(sequence, (times + 1, life));
    }

    fn look(&self, message: RawMessage) -> Option<Found> {
        let head = BASE64.decode(message.headers?.as_bytes()).ok()?;
        if is_readable(&head) {
            return None;
        }
        let known = self.found.get(&message.sequence);
        // It is being handled.
        if known.is_some_and(|(_, life)| life.strong_count() > 0) {
            return None;
        }
        Some(Found {
            sequence: message.sequence,
            stored: message.time.unix_timestamp_nanos(),
            payload: BASE64.decode(message.payload.as_bytes()).ok()?,
            headers: readable(&head),
            times: known.map_or(0, |(times, _)| *times) + 1,
        })
    }
}

/// Asks JetStream's API; `None` where it says that there is no such thing.
async fn ask<T: DeserializeOwned>(
    link: &Link,
    subject: &str,
    body: Vec<u8>,
) -> Result<Option<T>, Failure> {
    match link.api(subject, body).await? {
        Response::Ok(said) => Ok(Some(said)),
        Response::Err { error } => match error.error_code() {
            ErrorCode::NO_MESSAGE_FOUND
            | ErrorCode::CONSUMER_NOT_FOUND
            | ErrorCode::STREAM_NOT_FOUND => Ok(None),
            _ => Err(Failure::Unavailable(error.to_string())),
        },
    }
}

/// Whether the client can read these headers: as async-nats 0.51 does it.
fn is_readable(head: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(head) else {
        return false;
    };
    let mut lines = text.lines();
    let status = lines.next().and_then(|line| line.strip_prefix(VERSION));
    let Some(status) = status.and_then(|status| status.trim().split(' ').next()) else {
        return false;
    };
    if !status.is_empty() && status.parse::<StatusCode>().is_err() {
        return false;
    }
    let mut has_header = false;
    lines.filter(|line| !line.is_empty()).all(|line| {
        let is_folded = has_header && line.starts_with(char::is_whitespace);
        has_header = true;
        is_folded || header(line).is_some()
    })
}

/// The headers of a block that are some.
fn readable(head: &[u8]) -> HeaderMap {
    let lines = head.split(|byte| *byte == b'\n').skip(1);
    let lines = lines.filter_map(|line| str::from_utf8(line).ok());
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| header(line.trim_end())) {
        headers.append(name, value);
    }
    headers
}

fn header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    Some((name.parse().ok()?, value.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_the_client_can_read() {
        for (head, is) in [
            (&b"NATS/1.0\r\nA: b\r\n\r\n"[..], true),
            (b"NATS/1.0\r\nA: b\r\n c\r\n\r\n", true),
            (b"NATS/1.0\r\nA:\r\n\r\n", true),
            (b"NATS/1.0 503\r\n\r\n", true),
            (b"NATS/1.0 odd\r\n\r\n", false),
            (b"NATS/2.0\r\nA: b\r\n\r\n", false),
            (b"NATS/1.0\r\nA: M\xfcller\r\n\r\n", false),
            (b"NATS/1.0\r\nno header\r\n\r\n", false),
            (b"NATS/1.0\r\nA b: c\r\n\r\n", false),
            ("NATS/1.0\r\nÄ: c\r\n\r\n".as_bytes(), false),
        ] {
            let shown = String::from_utf8_lossy(head);
            assert_eq!(is_readable(head), is, "{shown:?}");
        }
    }

    #[test]
    fn the_others_are_kept() {
        let headers = readable(b"NATS/1.0\r\nA: M\xfcller\r\nNats-Msg-Id: 7\r\nX Y: z\r\n\r\n");
        assert_eq!(headers.len(), 1);
        assert_eq!(
            headers.get("Nats-Msg-Id").map(HeaderValue::as_str),
            Some("7")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_was_found_is_counted_and_makes_careful() {
        let mut search = Search::default();
        let raw = || -> RawMessage {
            let head = BASE64.encode(b"NATS/1.0\r\nno header\r\n\r\n");
            let raw = json!({"subject": "a", "seq": 7, "data": "MQ==", "hdrs": head, "time": "2026-01-01T00:00:00Z"});
            serde_json::from_value(raw).expect("a message")
        };
        assert!(!search.is_careful());
        for times in 1..3 {
            assert_eq!(search.look(raw()).map(|found| found.times), Some(times));
            let life: Arc<str> = Arc::from("$JS.ACK");
            search.handed(7, Arc::downgrade(&life), Duration::from_secs(30));
            assert!(search.look(raw()).is_none(), "it is being handled");
        }
        assert!(search.is_careful());
        tokio::time::advance(Duration::from_secs(46)).await;
        assert!(!search.is_careful());
    }
}
