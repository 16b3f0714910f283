//! Calling queue functions: from what a queue delivers to what the handler takes.

use std::collections::BTreeMap;
use std::fmt;

use crate::error::Error;
use crate::{Cache, Message, Queue};

/// A message as a queue delivers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// JSON.
    pub payload: Vec<u8>,
    /// The same at each delivery.
    pub id: String,
    /// From 1.
    pub attempt: u32,
    /// By name.
    pub headers: BTreeMap<String, String>,
}

/// What a queue function can take where its queue holds `T`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what the queue holds",
    label = "the queue holds `{T}`",
    note = "take `{T}` or `Message<{T}>`; with `batch = …` also `Vec<…>` of either"
)]
pub trait Takes<T>: Sized {
    #[doc(hidden)]
    fn take(message: Message<T>) -> Self;
}

impl<T> Takes<T> for T {
    fn take(message: Message<T>) -> Self {
        message.payload
    }
}

impl<T> Takes<T> for Message<T> {
    fn take(message: Message<T>) -> Self {
        message
    }
}

/// What a queue function with `batch` can take where its queue holds `T`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no batch of what the queue holds",
    label = "the queue holds `{T}`",
    note = "with `batch = …` take `Vec<{T}>` or `Vec<Message<{T}>>`"
)]
pub trait TakesBatch<T>: Sized {
    #[doc(hidden)]
    fn take(messages: Vec<Message<T>>) -> Self;
}

impl<T> TakesBatch<T> for Vec<T> {
    fn take(messages: Vec<Message<T>>) -> Self {
        messages.into_iter().map(Message::into_payload).collect()
    }
}

impl<T> TakesBatch<T> for Vec<Message<T>> {
    fn take(messages: Vec<Message<T>>) -> Self {
        messages
    }
}

/// A message whose payload is not what its queue holds. A type of its own, so that it is not mistaken for
/// an error of the handler.
#[derive(Debug)]
pub struct Undecodable {
    /// Which of the delivered messages, from 0.
    pub index: usize,
    /// What it is.
    pub error: Error,
}

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Undecodable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

/// Where the parameter of a queue function comes from. A type of its own, so that the queue, and not
/// the parameter, says what `T` is: an error is then about the parameter.
pub struct Source<T: 'static>(&'static Queue<T>);

/// The source of a function that this queue triggers.
pub fn source<T>(queue: &'static Queue<T>) -> Source<T> {
    Source(queue)
}

impl<T> Source<T> {
    /// The parameter of a function that takes one message.
    pub fn one<P: Takes<T>>(self, delivery: Delivery) -> Result<P, Undecodable> {
        Ok(P::take(self.decode(0, delivery)?))
    }

    /// The parameter of a function that takes a batch.
    pub fn batch<P: TakesBatch<T>>(self, deliveries: Vec<Delivery>) -> Result<P, Undecodable> {
        let messages: Result<Vec<_>, _> = deliveries
            .into_iter()
            .enumerate()
            .map(|(index, delivery)| self.decode(index, delivery))
            .collect();
        Ok(P::take(messages?))
    }

    fn decode(&self, index: usize, delivery: Delivery) -> Result<Message<T>, Undecodable> {
        let payload = self.0.decode(&delivery.payload);
        Ok(Message {
            payload: payload.map_err(|error| Undecodable { index, error })?,
            id: delivery.id,
            attempt: delivery.attempt,
            headers: delivery.headers,
        })
    }
}

/// A resource's name. Takes a cache too, so that a trigger that names one is a single error, that of
/// [`source`].
pub fn name_of(resource: &impl Named) -> &'static str {
    resource.name()
}

/// What has a name.
#[diagnostic::on_unimplemented(message = "a function is triggered by a queue, not by a `{Self}`")]
pub trait Named {
    #[doc(hidden)]
    fn name(&self) -> &'static str;
}

impl<T> Named for Queue<T> {
    fn name(&self) -> &'static str {
        self.name()
    }
}

impl<K, V> Named for Cache<K, V> {
    fn name(&self) -> &'static str {
        self.name()
    }
}
