//! What the broker should have for an application, and what of that changes.

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
        fixed: &["retention", "storage", "subjects"],
    }
}

/// Deliveries are counted by the runtime, which can keep what has had its last one; the server would leave it in the stream and
/// never show it again. And messages that wait for their delay or their next attempt must not hold back others.
fn consumer(app: &str, queue: &Queue, function: &str) -> Piece {
    let stream = names::stream(app, &queue.name);
    let name = names::consumer(function);
    let api = |verb: &str| format!("$JS.API.CONSUMER.{verb}.{stream}.{name}");
    let config = json!({
        "durable_name": name,
        "description": format!("The function `{function}` of {app}."),
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

/// What is there.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Existing {
    pub(super) config: Map<String, Value>,
    /// How many messages it holds, and how old the oldest is.
    pub(super) messages: u64,
    pub(super) oldest: Duration,
}

/// What is to be done for a piece.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Create,
    Nothing,
    /// To the whole of this, and what differs, for a person.
    Change(Map<String, Value>, Vec<String>),
}

/// Compares what should be with what is.
///
/// # Errors
///
/// When a change would lose messages, or cannot be made, and what to do instead.
pub(super) fn step(piece: &Piece, existing: Option<&Existing>) -> Result<Step, String> {
    let Some(existing) = existing else {
        return Ok(Step::Create);
    };
    let mut config = existing.config.clone();
    let mut changes = Vec::new();
    for (name, value) in &piece.config {
        let before = config.get(name).cloned().unwrap_or(Value::Null);
        if before == *value {
            continue;
        }
        let change = format!(
            "{name} from {} to {}",
            shown(name, &before),
            shown(name, value)
        );
        refuse(piece, existing, name, value, &change)?;
        changes.push(change);
        config.insert(name.clone(), value.clone());
    }
    Ok(if changes.is_empty() {
        Step::Nothing
    } else {
        Step::Change(config, changes)
    })
}

fn refuse(
    piece: &Piece,
    existing: &Existing,
    name: &str,
    value: &Value,
    change: &str,
) -> Result<(), String> {
    let title = &piece.title;
    if piece.fixed.contains(&name) {
        let holds = match (&piece.stream, existing.messages) {
            (Some(_), _) => String::new(),
            (None, 1) => ", which holds 1 message".to_owned(),
            (None, count) => format!(", which holds {count} messages"),
        };
        return Err(format!(
            "{title} is there already{holds}, and cannot be changed: {change}; if it is another application's, \
             give this one or its queue another name, else empty and delete it yourself"
        ));
    }
    let age = Duration::from_nanos(value.as_u64().unwrap_or_default());
    if name == "max_age" && !age.is_zero() && existing.messages > 0 && existing.oldest > age {
        return Err(format!(
            "{title} holds {} messages, the oldest {} old, and this would delete some of them: {change}; wait until \
             they are consumed, or keep them longer",
            existing.messages,
            written(existing.oldest)
        ));
    }
    Ok(())
}

/// A setting's value for a person: times in seconds.
fn shown(name: &str, value: &Value) -> String {
    const TIMES: [&str; 3] = ["ack_wait", "duplicate_window", "max_age"];
    match value.as_u64() {
        Some(0) if name == "max_age" => "no end".to_owned(),
        Some(nanos) if TIMES.contains(&name) => written(Duration::from_nanos(nanos)),
        _ if value.is_null() => "nothing".to_owned(),
        _ => value.to_string(),
    }
}

/// Whole seconds, unless it is less than ten.
fn written(time: Duration) -> String {
    if time.as_secs() < 10 {
        format!("{time:?}")
    } else {
        format!("{} s", time.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> Queue {
        Queue {
            name: "orders".to_owned(),
            consumer: Some("charge".to_owned()),
            ack_wait: Duration::from_secs(30),
            dedupe: Duration::from_secs(120),
            max_age: None,
            dead_letter: true,
        }
    }

    fn of(queue: &Queue) -> Vec<Piece> {
        pieces("shop", std::slice::from_ref(queue))
    }

    /// As the server has it that made this piece.
    fn made(piece: &Piece) -> Existing {
        let mut config = piece.config.clone();
        config.insert("num_replicas".to_owned(), json!(3));
        Existing {
            config,
            messages: 2,
            oldest: Duration::from_secs(3_600),
        }
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

    #[test]
    fn the_same_again_is_nothing() {
        for piece in of(&queue()) {
            assert_eq!(step(&piece, None), Ok(Step::Create));
            assert_eq!(step(&piece, Some(&made(&piece))), Ok(Step::Nothing));
        }
    }

    #[test]
    fn a_change_is_told_and_leaves_the_rest() {
        let before = of(&queue());
        let slower = Queue {
            ack_wait: Duration::from_secs(60),
            max_age: Some(Duration::from_secs(7_200)),
            ..queue()
        };
        let after = of(&slower);
        let Ok(Step::Change(config, changes)) = step(&after[2], Some(&made(&before[2]))) else {
            panic!("a change");
        };
        assert_eq!(changes, ["ack_wait from 30 s to 60 s"]);
        assert_eq!(config["num_replicas"], 3);
        let Ok(Step::Change(_, changes)) = step(&after[0], Some(&made(&before[0]))) else {
            panic!("a change");
        };
        assert_eq!(changes, ["max_age from no end to 7200 s"]);
    }

    #[test]
    fn what_would_lose_messages_is_refused() {
        let piece = &of(&queue())[0];
        for (setting, other) in [
            ("retention", json!("limits")),
            ("subjects", json!(["shop.orders", "others.>"])),
            ("storage", json!("memory")),
        ] {
            let mut existing = made(piece);
            existing.config.insert(setting.to_owned(), other);
            let refused = step(piece, Some(&existing)).expect_err("refused");
            assert!(refused.contains(&format!("{setting} from ")), "{refused}");
            assert!(refused.contains("holds 2 messages"), "{refused}");
        }
        let shorter = Queue {
            max_age: Some(Duration::from_secs(60)),
            ..queue()
        };
        let shorter = &of(&shorter)[0];
        let refused = step(shorter, Some(&made(piece))).expect_err("refused");
        assert!(refused.contains("the oldest 3600 s old"), "{refused}");
        let empty = Existing {
            messages: 0,
            ..made(piece)
        };
        assert!(matches!(step(shorter, Some(&empty)), Ok(Step::Change(..))));
    }
}
