//! From a message on the wire to one that a handler can take.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_nats::Message;
use async_nats::jetstream;
use tokio::time::Instant;

use super::headers;
use super::hold::Held;
use super::link::Link;
use super::pull::{Arrived, Pulls};
use super::unreadable::Found;
use crate::handler::Delivery;

/// What a message is that the server delivers.
pub(super) enum Arrival {
    /// One for a handler.
    Due(Arrived),
    /// One that goes back, by this subject and for this long.
    Early(String, Duration),
}

/// A message with what it takes to read it, which is the same for all and dear to make.
pub(super) fn readable(link: &Link, message: Message) -> jetstream::Message {
    jetstream::Message {
        message,
        context: link.jetstream.clone(),
    }
}

/// A message that only JetStream's API could give, for a handler: it counts as delivered as often as it was found.
pub(super) fn found(
    link: &Arc<Link>,
    pulls: &Arc<Pulls>,
    (queue, consumer): (&str, &str),
    found: Found,
) -> Arrived {
    let Found {
        sequence, stored, ..
    } = found;
    // The server settles by the number in the stream alone.
    let subject = format!("$JS.ACK.{consumer}.{}.{sequence}.1.{stored}.0", found.times);
    Arrived {
        delivery: Delivery {
            payload: found.payload,
            id: headers::id(&found.headers).unwrap_or_else(|| format!("{queue}-{sequence}")),
            attempt: found.times,
            headers: headers::visible(&found.headers),
        },
        sequence,
        stored,
        held: Held::new(Arc::clone(link), &subject, (sequence, stored), pulls),
        since: Instant::now(),
    }
}

/// Reads a message. `None` for one that no stream has sent.
///
/// JetStream delivers a message as soon as it is there. One that was sent with a delay goes back at its first
/// delivery, for the rest of the delay. That is done to each of them, also to one whose time has come by then: so the
/// deliveries that a handler sees are all but the first.
pub(super) fn arrival(
    link: &Arc<Link>,
    pulls: &Arc<Pulls>,
    queue: &str,
    message: &jetstream::Message,
    now: SystemTime,
) -> Option<Arrival> {
    let info = message.info().ok()?;
    let sequence = info.stream_sequence;
    let stored = info.published.unix_timestamp_nanos();
    let delivered = u32::try_from(info.delivered).unwrap_or(u32::MAX);
    let subject = message.reply.clone()?;
    let headers = message.headers.as_ref();
    let wait = headers.and_then(|headers| headers::wait(headers, now));
    if let Some(rest) = wait
        && (delivered <= 1 || !rest.is_zero())
    {
        return Some(Arrival::Early(subject.to_string(), rest));
    }
    let attempt = delivered.saturating_sub(u32::from(wait.is_some())).max(1);
    Some(Arrival::Due(Arrived {
        delivery: Delivery {
            payload: message.payload.to_vec(),
            id: headers
                .and_then(headers::id)
                .unwrap_or_else(|| format!("{queue}-{sequence}")),
            attempt,
            headers: headers.map(headers::visible).unwrap_or_default(),
        },
        sequence,
        stored,
        held: Held::new(Arc::clone(link), &subject, (sequence, stored), pulls),
        since: Instant::now(),
    }))
}
