//! Queues and the handle that sends to one.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::backend::Outgoing;
use crate::context;
use crate::error::{Error, Result};
use crate::storable::{Codec, Storable};
use crate::telemetry;

/// A work queue of messages with the payload `T`, declared with `#[queue]` on a static.
///
/// Each message is delivered at least once, to one call of the function that the queue triggers.
///
/// ```
/// # use cloudc::{Queue, queue};
/// #[queue(ack_wait = "30s")]
/// pub static ORDERS: Queue<String>;
///
/// # async fn example() -> cloudc::Result<()> {
/// ORDERS.send(&"one bicycle".to_owned()).await?;
/// # Ok(())
/// # }
/// # fn main() {}
/// ```
///
/// # Beside a database
///
/// No transaction spans a database and a queue. A handler that writes a row and then sends may die in between: the row is there, and
/// the message is not. Where that matters, use the *outbox*: write the message into a table of the database, in the transaction that
/// writes the row, and have a schedule function send what stands there and delete it when the queue has taken it.
///
/// ```
/// # use cloudc::{Error, Queue, function, queue};
/// # #[queue(dedupe = "10m")]
/// # pub static ORDERS: Queue<String>;
/// # struct Row { id: String, order: String }
/// # struct Db;
/// # impl Db {
/// #     async fn outbox(&self) -> Result<Vec<Row>, Error> { Ok(Vec::new()) }
/// #     async fn sent(&self, _: &str) -> Result<(), Error> { Ok(()) }
/// # }
/// # static DB: Db = Db;
/// #[function(schedule = "* * * * *")]
/// async fn send_outbox() -> Result<(), Error> {
///     for row in DB.outbox().await? {
///         // Sent twice, when this dies before the next line, it is one message still.
///         ORDERS.send_once(&row.order, &row.id).await?;
///         DB.sent(&row.id).await?;
///     }
///     Ok(())
/// }
/// # fn main() {}
/// ```
///
/// The row's id is the key, so a message that is sent twice within the queue's `dedupe` is one. The same holds without a database for
/// whoever sends again after [`Error::NoAnswer`](crate::Error::NoAnswer): the queue may have taken the first, and only
/// [`send_once`](Queue::send_once) makes them one.
///
/// To pass a queue around, take a handle: [`Queue::sender`].
pub struct Queue<T> {
    name: &'static str,
    codec: Codec<T>,
}

impl<T: Storable> Queue<T> {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self {
            name,
            codec: Codec::JSON,
        }
    }
}

impl<T> Queue<T> {
    /// Sends a message. When this returns, the broker has stored it.
    ///
    /// # Errors
    ///
    /// When the payload is no JSON, or the queue did not take it. After [`Error::NoAnswer`](crate::Error::NoAnswer) it may have: sent
    /// again, the message may be there twice, unless it is [sent once](Queue::send_once).
    pub async fn send(&self, payload: &T) -> Result<()> {
        let message = self.message(payload)?;
        self.publish(vec![message]).await
    }

    /// Sends several messages, in this order. An error leaves open which of them the queue took.
    ///
    /// # Errors
    ///
    /// As [`Queue::send`]. Nothing is sent when one of the payloads is no JSON.
    pub async fn send_all<'a, I>(&self, payloads: I) -> Result<()>
    where
        I: IntoIterator<Item = &'a T>,
        T: 'a,
    {
        let messages: Result<Vec<_>> = payloads
            .into_iter()
            .map(|payload| self.message(payload))
            .collect();
        self.publish(messages?).await
    }

    /// Sends a message that is delivered after a delay, not before.
    ///
    /// Its deliveries are counted from the end of the delay. When the broker restarts in the delay, or the pod that has just
    /// been shown the message dies, it may have one delivery less than `max_deliveries`.
    ///
    /// # Errors
    ///
    /// As [`Queue::send`].
    pub async fn send_after(&self, payload: &T, delay: Duration) -> Result<()> {
        let message = self.message(payload)?;
        self.publish(vec![Outgoing { delay, ..message }]).await
    }

    /// Sends a message unless one with the same key was sent within the queue's dedupe window.
    ///
    /// # Errors
    ///
    /// As [`Queue::send`].
    pub async fn send_once(&self, payload: &T, key: &str) -> Result<()> {
        let message = Outgoing {
            id: key.to_owned(),
            keyed: true,
            ..self.message(payload)?
        };
        self.publish(vec![message]).await
    }

    /// A handle that can send to this queue and do nothing else.
    pub fn sender(&'static self) -> Sender<T> {
        Sender { queue: self }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn decode(&self, payload: &[u8]) -> Result<T> {
        (self.codec.decode)(payload).map_err(|source| Error::Decode {
            what: "a message",
            resource: self.to_string(),
            source,
        })
    }

    fn encode(&self, payload: &T) -> Result<Vec<u8>> {
        (self.codec.encode)(payload).map_err(|source| Error::Encode {
            what: "a message",
            resource: self.to_string(),
            source,
        })
    }

    fn message(&self, payload: &T) -> Result<Outgoing> {
        let mut headers = BTreeMap::new();
        telemetry::inject(&mut headers);
        Ok(Outgoing {
            id: context::message_id(),
            keyed: false,
            payload: self.encode(payload)?,
            headers,
            delay: Duration::ZERO,
        })
    }

    async fn publish(&self, messages: Vec<Outgoing>) -> Result<()> {
        if messages.is_empty() {
            return Ok(());
        }
        let broker = context::broker().ok_or_else(|| Error::not_connected(self))?;
        let published = broker.publish(self.name, messages).await;
        published
            .map(drop)
            .map_err(|failure| Error::from_backend(self, failure))
    }
}

impl<T> fmt::Display for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the queue `{}`", self.name)
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Queue").field(&self.name).finish()
    }
}

/// Sends to one queue, and can be passed around: the handle of [`Queue::sender`].
pub struct Sender<T: 'static> {
    queue: &'static Queue<T>,
}

impl<T> Sender<T> {
    /// As [`Queue::send`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn send(&self, payload: &T) -> Result<()> {
        self.queue.send(payload).await
    }

    /// As [`Queue::send_all`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn send_all<'a, I>(&self, payloads: I) -> Result<()>
    where
        I: IntoIterator<Item = &'a T>,
        T: 'a,
    {
        self.queue.send_all(payloads).await
    }

    /// As [`Queue::send_after`], also in what a restart of the broker costs.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn send_after(&self, payload: &T, delay: Duration) -> Result<()> {
        self.queue.send_after(payload, delay).await
    }

    /// As [`Queue::send_once`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn send_once(&self, payload: &T, key: &str) -> Result<()> {
        self.queue.send_once(payload, key).await
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Sender<T> {}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&self.queue.name).finish()
    }
}
