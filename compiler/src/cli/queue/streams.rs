//! What the broker says about a queue's streams and its consumer.

use serde::Deserialize;
use serde_json::json;

use super::broker::{Broker, NOTHING};
use super::failure::{CONSUMER_NOT_FOUND, Failure, STREAM_NOT_FOUND};

/// A stream, as far as these commands care.
#[derive(Debug, Deserialize)]
pub(super) struct State {
    /// How many it holds.
    pub(super) messages: u64,
    /// The number of the first one that it holds.
    pub(super) first_seq: u64,
    /// The number of the last one that it ever had.
    pub(super) last_seq: u64,
}

/// A consumer, as far as these commands care.
#[derive(Debug, Deserialize)]
pub(super) struct Consumer {
    /// Messages that it was not given yet.
    pub(super) num_pending: u64,
    /// Messages that it was given, and has not acknowledged.
    pub(super) num_ack_pending: u64,
    /// Those of them that were given to it more than once.
    pub(super) num_redelivered: u64,
}

#[derive(Deserialize)]
struct Info {
    state: State,
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    consumers: Option<Vec<Consumer>>,
}

#[derive(Deserialize)]
struct Purged {
    #[serde(default)]
    purged: u64,
}

/// What a stream holds; `None` where it is not there.
pub(super) async fn state(broker: &mut Broker, stream: &str) -> Result<Option<State>, Failure> {
    let info = broker.api::<Info>(format!("STREAM.INFO.{stream}"), NOTHING);
    let info = found(info.await, STREAM_NOT_FOUND)?;
    Ok(info.map(|info| info.state))
}

/// The consumer of this name; `None` where it is not there.
pub(super) async fn consumer(
    broker: &mut Broker,
    stream: &str,
    name: &str,
) -> Result<Option<Consumer>, Failure> {
    let info = broker.api(format!("CONSUMER.INFO.{stream}.{name}"), NOTHING);
    found(info.await, CONSUMER_NOT_FOUND)
}

/// The consumer of a stream whose functions are not known: a queue has one at the most.
pub(super) async fn only_consumer(
    broker: &mut Broker,
    stream: &str,
) -> Result<Option<Consumer>, Failure> {
    let list = broker.api(format!("CONSUMER.LIST.{stream}"), json!({ "offset": 0 }));
    let List { consumers } = list.await?;
    Ok(consumers.unwrap_or_default().into_iter().next())
}

/// Destroys all that a stream holds; how many that were, `None` where the stream is not there.
pub(super) async fn purge(broker: &mut Broker, stream: &str) -> Result<Option<u64>, Failure> {
    let purged = broker.api::<Purged>(format!("STREAM.PURGE.{stream}"), NOTHING);
    let purged = found(purged.await, STREAM_NOT_FOUND)?;
    Ok(purged.map(|purged| purged.purged))
}

/// An answer, or `None` where the broker says that the thing is not there.
fn found<T>(answer: Result<T, Failure>, code: u64) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(failure) if failure.is(&[code]) => Ok(None),
        Err(failure) => Err(failure),
    }
}
