//! The dead letters of a queue, one by one.

use async_nats::{HeaderMap, HeaderName, HeaderValue};
use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::json;

use super::broker::{self, Answer, Broker, Ticket};
use super::failure::{self, Failure};

/// What the runtime writes beside a message that failed. The headers of the message itself stand there as well.
const OURS: &str = "cloudc-";
/// What is the broker's: the message's id, and how it was stored.
const BROKERS: &str = "nats-";

/// A message that failed.
#[derive(Debug)]
pub(super) struct DeadLetter {
    /// Its place in the stream of dead letters.
    pub(super) number: u64,
    /// When it became one, as the broker writes it.
    pub(super) time: String,
    /// In the order in which they were sent.
    headers: Vec<(String, String)>,
    /// As it was sent.
    pub(super) payload: Vec<u8>,
}

#[derive(Deserialize)]
struct Found {
    message: Stored,
}

#[derive(Deserialize)]
struct Stored {
    seq: u64,
    time: String,
    #[serde(default)]
    data: String,
    #[serde(default)]
    hdrs: String,
}

/// The dead letter of a number; `None` where there is none.
pub(super) async fn get(
    broker: &mut Broker,
    stream: &str,
    number: u64,
) -> Result<Option<DeadLetter>, Failure> {
    let answer = broker.api(subject(stream), broker::number(number));
    found(answer.await)
}

/// The first dead letter from a number on; `None` behind the last.
pub(super) async fn next(
    broker: &mut Broker,
    stream: &str,
    from: u64,
) -> Result<Option<DeadLetter>, Failure> {
    let answer = broker.api(subject(stream), json!({ "seq": from, "next_by_subj": ">" }));
    found(answer.await)
}

/// Asks for the dead letter of a number, without waiting for it.
pub(super) async fn ask(broker: &mut Broker, stream: &str, number: u64) -> Result<Ticket, Failure> {
    let asked = broker.ask(subject(stream), broker::number(number));
    asked.await
}

/// What was asked for; `None` where there is none.
pub(super) fn answered(answer: Answer) -> Result<Option<DeadLetter>, Failure> {
    found(answer.read())
}

fn subject(stream: &str) -> String {
    format!("STREAM.MSG.GET.{stream}")
}

fn found(answer: Result<Found, Failure>) -> Result<Option<DeadLetter>, Failure> {
    match answer {
        Ok(Found { message }) => read(message).map(Some),
        Err(failure) if failure.is(&[failure::NO_MESSAGE_FOUND]) => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn read(stored: Stored) -> Result<DeadLetter, Failure> {
    let decode = |text: &str| {
        let number = stored.seq;
        BASE64
            .decode(text.as_bytes())
            .map_err(|error| Failure::Odd(format!("cannot read the dead letter {number}: {error}")))
    };
    let head = decode(&stored.hdrs)?;
    Ok(DeadLetter {
        number: stored.seq,
        headers: headers(&String::from_utf8_lossy(&head)),
        payload: decode(&stored.data)?,
        time: stored.time,
    })
}

/// Headers as they are stored: a line with the version, and one for each.
fn headers(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().skip(1);
    let pairs = lines.filter_map(|line| line.split_once(':'));
    pairs
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect()
}

/// Whether a header starts so, however it is written.
fn starts_with(name: &str, prefix: &str) -> bool {
    name.to_ascii_lowercase().starts_with(prefix)
}

impl DeadLetter {
    /// Why it failed.
    pub(super) fn reason(&self) -> Option<&str> {
        self.header("cloudc-reason")
    }

    /// How often it had been delivered.
    pub(super) fn attempt(&self) -> Option<&str> {
        self.header("cloudc-attempt")
    }

    /// Its number in the queue's stream.
    pub(super) fn sequence(&self) -> Option<&str> {
        self.header("cloudc-sequence")
    }

    /// The id that its sender gave it.
    pub(super) fn id(&self) -> Option<&str> {
        self.header("cloudc-id")
    }

    fn header(&self, wanted: &str) -> Option<&str> {
        let mut found = self.headers.iter();
        let (_, value) = found.find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
        Some(value)
    }

    /// The headers of the message itself.
    pub(super) fn own_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.headers.iter();
        let all = all.map(|(name, value)| (name.as_str(), value.as_str()));
        all.filter(|(name, _)| !starts_with(name, OURS) && !starts_with(name, BROKERS))
    }

    /// When it became one, since 1970. A stream that is deleted and made anew counts from one again, but not in the same
    /// nanosecond.
    fn nanoseconds(&self) -> Result<i128, Failure> {
        let time: Result<jiff::Timestamp, _> = self.time.parse();
        time.map(jiff::Timestamp::as_nanosecond).map_err(|_| {
            let (number, time) = (self.number, &self.time);
            Failure::Odd(format!("the dead letter {number} is of no time: `{time}`"))
        })
    }

    /// The headers with which it is sent to its queue again. The id follows from the dead letter, so the broker drops the
    /// second one where a command was cut off and is run again; the stream is named, so that no other one takes the message.
    pub(super) fn again(&self, queue: &str, stream: &str) -> Result<HeaderMap, Failure> {
        let id = format!("redrive-{queue}-{}-{}", self.number, self.nanoseconds()?);
        let ours = [
            ("Nats-Msg-Id", id.as_str()),
            ("Nats-Expected-Stream", stream),
        ];
        let mut headers = HeaderMap::new();
        for (name, value) in self.own_headers().chain(ours) {
            let pair = name
                .parse::<HeaderName>()
                .ok()
                .zip(value.parse::<HeaderValue>().ok());
            let Some((name, value)) = pair else {
                let number = self.number;
                return Err(Failure::Odd(format!(
                    "the dead letter {number} has a header that cannot be sent: `{name}`"
                )));
            };
            headers.append(name, value);
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> DeadLetter {
        let head = "NATS/1.0\r\nNats-Msg-Id: dead-3\r\nce-type: order\r\ntraceparent: 00-aa\r\n\
                    Cloudc-Reason: the card: refused\r\nCLOUDC-Attempt: 5\r\nx: 1\r\nx: 2\r\n\r\n";
        read(Stored {
            seq: 3,
            time: "2026-01-01T00:00:00.000000007Z".to_owned(),
            data: BASE64.encode(b"{}"),
            hdrs: BASE64.encode(head.as_bytes()),
        })
        .expect("a dead letter")
    }

    #[test]
    fn what_the_runtime_wrote_is_read() {
        let letter = letter();
        assert_eq!(letter.reason(), Some("the card: refused"));
        assert_eq!(letter.attempt(), Some("5"));
        assert_eq!(letter.id(), None);
        assert_eq!(letter.payload, b"{}");
    }

    #[test]
    fn it_is_sent_again_with_its_own_headers_and_a_new_id() {
        let headers = letter().again("orders", "shop-orders").expect("headers");
        let of = |name: &str| {
            let name: HeaderName = name.parse().expect("a name");
            let all = headers.get_all(name);
            all.map(|value| value.as_str().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(of("ce-type"), ["order"]);
        assert_eq!(of("traceparent"), ["00-aa"]);
        assert_eq!(of("x"), ["1", "2"]);
        assert_eq!(of("Nats-Msg-Id"), ["redrive-orders-3-1767225600000000007"]);
        assert_eq!(of("Nats-Expected-Stream"), ["shop-orders"]);
        assert_eq!(headers.len(), 5);
    }

    /// Without the time two letters could have one id, and the broker would drop the second.
    #[test]
    fn one_of_no_time_is_not_sent() {
        let letter = DeadLetter {
            time: "soon".to_owned(),
            ..letter()
        };
        let refused = letter.again("orders", "shop-orders").expect_err("no id");
        assert!(matches!(refused, Failure::Odd(why) if why.contains("`soon`")));
    }

    #[test]
    fn a_message_without_headers_is_one() {
        let stored = r#"{"message":{"subject":"a","seq":1,"time":"t"}}"#;
        let answer: Found = serde_json::from_str(stored).expect("an answer");
        let letter = read(answer.message).expect("a dead letter");
        assert_eq!(letter.payload, b"");
        assert_eq!(letter.own_headers().count(), 0);
    }
}
