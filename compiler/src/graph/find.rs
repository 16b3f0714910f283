//! A user's word for something of the graph.

use super::model::{Graph, Queue, QueueId};
use crate::text::nearest;

/// The queue of a name (`orders`), identifier (`ORDERS`) or path in Rust (`shop::queues::ORDERS`).
///
/// # Errors
///
/// There is no such queue; the nearest name, if one is near.
pub fn queue<'g>(graph: &'g Graph, wanted: &str) -> Result<(QueueId, &'g Queue), Option<&'g str>> {
    let mut all = graph.queues.iter().enumerate();
    match all.find(|(_, queue)| is((&queue.name, &queue.path), wanted)) {
        Some((id, queue)) => Ok((QueueId(id), queue)),
        None => {
            let names = graph.queues.iter().map(|queue| queue.name.as_str());
            Err(nearest(wanted, names))
        }
    }
}

/// Whether a word is the name, the path or the last part of the path.
pub(super) fn is((name, path): (&str, &str), wanted: &str) -> bool {
    wanted == name || wanted == path || wanted == last(path)
}

/// The identifier at the end of a path.
pub(super) fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}
