//! What changes at the broker, and what must not.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::plan::Piece;
use crate::names;

/// What is there.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Existing {
    pub(super) config: Map<String, Value>,
    /// How many messages it holds, and how old the oldest is.
    pub(super) messages: u64,
    pub(super) oldest: Duration,
    /// Of a stream: how many consumers it has.
    pub(super) consumers: usize,
}

/// What is to be done for a piece.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Create,
    /// In the place of these consumers.
    Replace(Vec<String>),
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
    foreign(piece, existing)?;
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
        // One that was about to be deleted when it came back.
        let is_back = before == json!([names::set_aside(&piece.name)]);
        if !is_back {
            refuse(piece, existing, name, value, &change)?;
        }
        changes.push(change);
        config.insert(name.clone(), value.clone());
    }
    Ok(if changes.is_empty() {
        Step::Nothing
    } else {
        Step::Change(config, changes)
    })
}

/// Settings of a consumer with which no message reaches a handler whole, and which cloudc never makes.
const FOREIGN: [&str; 2] = ["deliver_subject", "headers_only"];

/// Refuses a consumer that somebody made so.
fn foreign(piece: &Piece, existing: &Existing) -> Result<(), String> {
    let config = &existing.config;
    let is_set = |name: &&&str| {
        config
            .get(**name)
            .is_some_and(|value| *value != json!(false) && *value != json!("") && !value.is_null())
    };
    match FOREIGN.iter().find(is_set) {
        Some(name) if piece.stream.is_some() => Err(format!(
            "{} is there already, and somebody made it with {name}, so no message would come whole; delete it, and run this again",
            piece.title
        )),
        _ => Ok(()),
    }
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
    use crate::backend::nats::Queue;
    use crate::backend::nats::plan::tests::{of, queue};

    /// As the server has it that made this piece.
    fn made(piece: &Piece) -> Existing {
        let mut config = piece.config.clone();
        config.insert("num_replicas".to_owned(), json!(3));
        Existing {
            config,
            messages: 2,
            oldest: Duration::from_secs(3_600),
            consumers: 1,
        }
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
    fn a_stream_that_was_set_aside_comes_back() {
        for piece in of(&queue()).iter().filter(|piece| piece.stream.is_none()) {
            let mut existing = made(piece);
            let aside = json!([names::set_aside(&piece.name)]);
            existing.config.insert("subjects".to_owned(), aside);
            let Ok(Step::Change(config, _)) = step(piece, Some(&existing)) else {
                panic!("a change");
            };
            assert_eq!(config["subjects"], piece.config["subjects"]);
        }
    }

    #[test]
    fn a_consumer_of_another_kind_is_refused() {
        let piece = &of(&queue())[2];
        for (setting, value) in [
            ("headers_only", json!(true)),
            ("deliver_subject", json!("somewhere")),
        ] {
            let mut existing = made(piece);
            existing.config.insert(setting.to_owned(), value);
            let refused = step(piece, Some(&existing)).expect_err("refused");
            assert!(refused.contains(setting), "{refused}");
            existing.config.insert(setting.to_owned(), json!(false));
            assert_eq!(step(piece, Some(&existing)), Ok(Step::Nothing));
        }
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
