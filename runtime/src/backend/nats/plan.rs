//! What the broker should have for an application.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Queue;
use crate::names;

/// How long failed messages are kept: long enough for somebody to come back from a holiday.
const KEEP_DEAD: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long it is remembered which messages failed: much longer than it takes one to come again that could not be taken out of
/// its queue.
const DEAD_WINDOW: Duration = Duration::from_secs(60 * 60);
/// The server takes no shorter window.
const SHORTEST_WINDOW: Duration = Duration::from_millis(100);

/// A stream or a consumer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece {
    /// Among its kind: `shop-orders`.
    pub(super) name: String,
    /// ``the stream `shop-orders` ``.
    pub(super) title: String,
    /// Subjects of JetStream's API.
    pub(super) info: String,
    pub(super) create: String,
    pub(super) update: String,
    /// Of a consumer: the stream that it reads.
    pub(super) stream: Option<String>,
    /// What it should be set to. What is not here stays as it is, or as the server has it by default.
    pub(super) config: Map<String, Value>,
    /// Settings that no server changes, or that would lose messages if it did.
    pub(super) fixed: &'static [&'static str],
}

/// Everything that an application needs, in the order in which it can be made.
pub(super) fn pieces(app: &str, queues: &[Queue]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for queue in queues {
        pieces.push(work(app, queue));
        if queue.dead_letter {
            pieces.push(dead(app, queue));
        }
        if let Some(function) = &queue.consumer {
            pieces.push(consumer(app, queue, function));
        }
    }
    pieces
}

/// What waits is never thrown away for what is new: a full stream refuses. What is consumed is removed.
fn work(app: &str, queue: &Queue) -> Piece {
    let age = queue.max_age.unwrap_or_default();
    let mut window = queue.dedupe.max(SHORTEST_WINDOW);
    // The server takes no window that is longer than the age of messages.
    if !age.is_zero() {
        window = window.min(age);
    }
    stream(
        names::stream(app, &queue.name),
        json!({
            "description": format!("The queue `{}` of {app}.", queue.name),
            "subjects": [names::subject(app, &queue.name)],
            "retention": "workqueue",
            "storage": "file",
            "discard": "new",
            "max_age": nanos(age),
            "duplicate_window": nanos(window),
        }),
    )
}

/// Anybody may look at it without taking anything out.
fn dead(app: &str, queue: &Queue) -> Piece {
    stream(
        names::dead_stream(app, &queue.name),
        json!({
            "description": format!("Failed messages of the queue `{}` of {app}.", queue.name),
            "subjects": [names::dead_subject(app, &queue.name)],
            "retention": "limits",
            "storage": "file",
            "discard": "old",
            "max_age": nanos(KEEP_DEAD),
            "duplicate_window": nanos(DEAD_WINDOW),
        }),
    )
}

fn stream(name: String, config: Value) -> Piece {
    let api = |verb: &str| format!("$JS.API.STREAM.{verb}.{name}");
    Piece {
        title: format!("the stream `{name}`"),
        info: api("INFO"),
        create: api("CREATE"),
        update: api("UPDATE"),
        stream: None,
        config: config_of(&name, config),
        name,
        fixed: &["retention", "storage", "subjects"],
    }
}

fn described(app: &str, function: &str) -> String {
    format!("The function `{function}` of {app}.")
}

/// Whether a consumer that says this of itself is of a function of the application, of an earlier revision perhaps.
pub(super) fn is_ours(app: &str, description: &str) -> bool {
    let mut parts = description.split('`');
    let function = parts.nth(1).unwrap_or_default();
    description == described(app, function)
}

/// Deliveries are counted by the runtime, which can keep what has had its last one; the server would leave it in the stream and
/// never show it again. And messages that wait for their delay or their next attempt must not hold back others.
fn consumer(app: &str, queue: &Queue, function: &str) -> Piece {
    let stream = names::stream(app, &queue.name);
    let name = names::consumer(function);
    let api = |verb: &str| format!("$JS.API.CONSUMER.{verb}.{stream}.{name}");
    let config = json!({
        "durable_name": name,
        "description": described(app, function),
        "ack_policy": "explicit",
        "deliver_policy": "all",
        "ack_wait": nanos(queue.ack_wait),
        "max_deliver": -1,
        "max_ack_pending": -1,
    });
    Piece {
        title: format!("the consumer `{name}` of the stream `{stream}`"),
        info: api("INFO"),
        // The same for both.
        create: api("CREATE"),
        update: api("CREATE"),
        config: config_of(name, config),
        name: name.to_owned(),
        stream: Some(stream),
        fixed: &["ack_policy", "deliver_policy"],
    }
}

fn config_of(name: &str, config: Value) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("name".to_owned(), json!(name));
    if let Value::Object(config) = config {
        map.extend(config);
    }
    map
}

/// As the server writes times.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::backend::nats) fn queue() -> Queue {
        Queue {
            name: "orders".to_owned(),
            consumer: Some("charge".to_owned()),
            ack_wait: Duration::from_secs(30),
            dedupe: Duration::from_secs(120),
            max_age: None,
            dead_letter: true,
        }
    }

    pub(in crate::backend::nats) fn of(queue: &Queue) -> Vec<Piece> {
        pieces("shop", std::slice::from_ref(queue))
    }

    #[test]
    fn a_queue_is_a_stream_a_consumer_and_a_place_for_what_failed() {
        let titles = |queue: &Queue| -> Vec<String> {
            of(queue).into_iter().map(|piece| piece.title).collect()
        };
        let all = [
            "the stream `shop-orders`",
            "the stream `shop-orders-dead`",
            "the consumer `charge` of the stream `shop-orders`",
        ];
        assert_eq!(titles(&queue()), all);
        let bare = Queue {
            consumer: None,
            dead_letter: false,
            ..queue()
        };
        assert_eq!(titles(&bare), all[..1]);
    }

    #[test]
    fn the_window_is_one_that_the_server_takes() {
        let window = |dedupe: u64, max_age: Option<u64>| {
            let queue = Queue {
                dedupe: Duration::from_secs(dedupe),
                max_age: max_age.map(Duration::from_secs),
                ..queue()
            };
            of(&queue)[0].config["duplicate_window"].as_u64()
        };
        assert_eq!(window(120, None), Some(120_000_000_000));
        assert_eq!(window(120, Some(60)), Some(60_000_000_000));
        assert_eq!(window(120, Some(600)), Some(120_000_000_000));
        assert_eq!(window(0, None), Some(100_000_000));
    }
}
