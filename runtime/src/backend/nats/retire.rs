//! Queues that left the graph: their streams go once they are empty, or at once where somebody said so.

use std::collections::BTreeSet;

use async_nats::jetstream::ErrorCode;
use serde_json::{Value, json};

use super::Queue;
use super::link::Link;
use super::plan::pieces;
use super::provision::ask;
use crate::backend::Failure;
use crate::names;

/// A queue that left the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    /// `orders`.
    pub queue: String,
    /// Whether failed messages were kept.
    pub dead_letter: bool,
    /// Whether its streams go with all that is in them.
    pub delete: bool,
}

/// What became of a stream of such a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// The queue: `orders`.
    pub queue: String,
    /// The stream: `shop-orders-dead`.
    pub stream: String,
    /// How many messages it held.
    pub messages: u64,
    /// Whether it is deleted. Else it is kept, as it holds messages.
    pub deleted: bool,
}

/// Deletes what can go. Streams that are not there are not spoken of; those that a queue of the application has now are left
/// alone. What fails for one stream holds up no other.
pub(super) async fn retire(
    link: &Link,
    app: &str,
    queues: &[Queue],
    retired: &[Retired],
) -> Vec<Result<Leftover, Failure>> {
    let current: BTreeSet<String> = pieces(app, queues)
        .into_iter()
        .filter(|piece| piece.stream.is_none())
        .map(|piece| piece.name)
        .collect();
    let mut all = Vec::new();
    for queue in retired {
        let dead = names::dead_stream(app, &queue.queue);
        let dead = queue.dead_letter.then_some(dead);
        for stream in [Some(names::stream(app, &queue.queue)), dead] {
            let free = stream.filter(|stream| !current.contains(stream));
            if let Some(stream) = free {
                all.extend(one(link, queue, stream).await.transpose());
            }
        }
    }
    all
}

async fn one(link: &Link, queue: &Retired, stream: String) -> Result<Option<Leftover>, Failure> {
    let failed = |why| Failure::Unavailable(format!("the stream `{stream}`: {why}"));
    let info = format!("$JS.API.STREAM.INFO.{stream}");
    let messages = match ask(link, &info, &json!({})).await? {
        Ok(info) => info.pointer("/state/messages").and_then(Value::as_u64),
        Err((ErrorCode::STREAM_NOT_FOUND, _)) => return Ok(None),
        Err((_, why)) => return Err(failed(why)),
    };
    let messages = messages
        .ok_or_else(|| failed("the broker does not say how many messages it holds".to_owned()))?;
    let deleted = queue.delete || messages == 0;
    if deleted {
        let delete = format!("$JS.API.STREAM.DELETE.{stream}");
        match ask(link, &delete, &json!({})).await? {
            // Somebody else was faster.
            Ok(_) | Err((ErrorCode::STREAM_NOT_FOUND, _)) => {}
            Err((_, why)) => return Err(failed(why)),
        }
    }
    Ok(Some(Leftover {
        queue: queue.queue.clone(),
        stream,
        messages,
        deleted,
    }))
}
