use std::sync::Arc;
use std::time::Duration;

use super::{Fact, Kept, Known, never_stale, nothing_lost, one_effect_per_key, one_send_per_key};
use crate::testing::trace::{Call, Event, Fate, What, Who};

fn by(function: &str, attempt: u32) -> Who {
    Who::Call(Arc::new(Call {
        function: function.into(),
        run: 1,
        attempt,
        messages: 1,
    }))
}

/// A fact at each second.
fn facts(known: impl IntoIterator<Item = Known>) -> Vec<Fact> {
    (0..)
        .map(Duration::from_secs)
        .zip(known)
        .map(|(at, what)| Fact { at, what })
        .collect()
}

fn taken(message: u64, payload: &str) -> Known {
    Known::Taken {
        by: by("place-order", 1),
        queue: "orders".into(),
        message,
        payload: payload.to_owned(),
    }
}

fn kept(message: u64, how: Kept) -> Known {
    Known::Kept {
        queue: "orders".into(),
        message,
        how,
    }
}

fn effect(attempt: u32, name: &str, key: &str) -> Known {
    Known::Effect {
        by: by("charge", attempt),
        name: name.to_owned(),
        key: key.to_owned(),
    }
}

fn found(age: u64, ttl: Option<u64>) -> Known {
    Known::Found {
        by: by("charge", 1),
        cache: "prices".into(),
        key: "\"bike\"".to_owned(),
        age: Duration::from_secs(age),
        ttl: ttl.map(Duration::from_secs),
    }
}

#[test]
fn what_is_kept_is_not_lost() {
    use Kept::{Buried, Done, Dropped, Taken, TooOld, Waiting};
    let ways = [Done, Buried, Dropped, TooOld, Waiting, Taken];
    let sent = (1..).zip(ways).map(|(message, _)| taken(message, ""));
    let kept = (1..).zip(ways).map(|(message, how)| kept(message, how));
    assert_eq!(nothing_lost(&facts(sent.chain(kept))), Vec::<String>::new());
}

#[test]
fn what_is_nowhere_is_lost() {
    let other = Known::Kept {
        queue: "parcels".into(),
        message: 2,
        how: Kept::Done,
    };
    let history = [taken(1, ""), taken(2, ""), kept(1, Kept::Done), other];
    assert_eq!(
        nothing_lost(&facts(history)),
        [
            "#2 of orders, sent by place-order#1.1 at 00:00:01.000, is lost: it is not done, no dead \
             letter, not dropped and not too old, and it does not wait",
        ]
    );
}

#[test]
fn effects_are_counted_by_name_and_key() {
    let good = [
        effect(1, "charged", "order-1"),
        effect(1, "charged", "order-2"),
        effect(1, "refunded", "order-1"),
    ];
    assert_eq!(one_effect_per_key(&facts(good)), Vec::<String>::new());
    let bad = [
        effect(1, "charged", "order-1"),
        effect(2, "charged", "order-1"),
        effect(1, "charged", "order-2"),
        effect(3, "charged", "order-1"),
        Known::Effect {
            by: Who::Test,
            name: "charged".to_owned(),
            key: "order-2".to_owned(),
        },
    ];
    assert_eq!(
        one_effect_per_key(&facts(bad)),
        [
            "charged order-1 happened 3 times: by charge#1.1 at 00:00:00.000, by charge#1.2 at \
             00:00:01.000, by charge#1.3 at 00:00:03.000",
            "charged order-2 happened 2 times: by charge#1.1 at 00:00:02.000, by the test at \
             00:00:04.000",
        ]
    );
}

#[test]
fn sends_are_counted_by_their_key() {
    let key = |payload: &str| payload.split_once(' ').map(|(key, _)| key.to_owned());
    let history = facts([
        taken(1, "order-1 first"),
        taken(2, "nokey"),
        taken(3, "nokey"),
        taken(4, "order-2 first"),
        taken(5, "order-1 again"),
    ]);
    assert_eq!(
        one_send_per_key(&history, "orders", key),
        [
            "sending order-1 to orders happened 2 times: by place-order#1.1 at 00:00:00.000, by \
             place-order#1.1 at 00:00:04.000"
        ]
    );
    assert_eq!(
        one_send_per_key(&history, "parcels", key),
        Vec::<String>::new()
    );
    assert_eq!(
        one_send_per_key(&history[..4], "orders", key),
        Vec::<String>::new()
    );
}

#[test]
fn a_value_may_be_as_old_as_it_lives() {
    let history = facts([
        found(600, Some(600)),
        found(0, Some(600)),
        found(9999, None),
    ]);
    assert_eq!(never_stale(&history), Vec::<String>::new());
}

#[test]
fn an_older_value_is_stale() {
    let history = facts([found(1, Some(600)), found(605, Some(600))]);
    assert_eq!(
        never_stale(&history),
        ["charge#1.1 at 00:00:01.000 read \"bike\" of prices, 10m5s old: it lives for 10m"]
    );
}

#[test]
fn a_trace_tells_facts() {
    let settled = |message, how| What::Settled {
        queue: "orders".into(),
        message,
        attempt: 1,
        how,
    };
    let sent = |message, duplicate| What::Sent {
        by: Who::Test,
        queue: "orders".into(),
        message,
        duplicate,
        payload: "7".to_owned(),
    };
    let events = [
        sent(1, false),
        sent(1, true),
        sent(2, false),
        sent(3, false),
        sent(4, false),
        settled(1, Fate::Acked),
        settled(2, Fate::AckLost),
        settled(3, Fate::Dropped),
        What::Aged {
            queue: "orders".into(),
            message: 4,
        },
        What::Effect {
            by: Who::Test,
            name: "charged".to_owned(),
            key: "order-1".to_owned(),
        },
    ];
    let facts: Vec<_> = events
        .into_iter()
        .filter_map(|what| {
            let at = Duration::ZERO;
            Fact::of(&Event { at, what })
        })
        .collect();
    assert_eq!(facts.len(), 4 + 3 + 1);
    let lost = nothing_lost(&facts);
    assert_eq!(lost.len(), 1);
    assert!(
        lost[0].starts_with("#2 of orders, sent by the test at"),
        "{lost:?}"
    );
}
