use std::collections::BTreeMap;
use std::time::Duration;

use super::{Settled, State, Stream, StreamEvent, StreamSettings, Taken};
use crate::backend::{Outgoing, Settlement};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(super) fn message(id: &str) -> Outgoing {
    Outgoing {
        id: id.to_owned(),
        keyed: false,
        payload: id.as_bytes().to_vec(),
        headers: BTreeMap::new(),
        delay: Duration::ZERO,
    }
}

fn settings() -> StreamSettings {
    StreamSettings {
        max_deliveries: None,
        ack_wait: ms(100),
        dedupe: ms(1_000),
        max_age: None,
    }
}

/// A stream with the messages `1`, `2`, … published at zero.
fn stream(messages: u64, settings: StreamSettings) -> Stream {
    let mut stream = Stream::new(settings);
    for sequence in 1..=messages {
        let taken = stream.publish(Duration::ZERO, message(&sequence.to_string()));
        assert_eq!(taken, Taken::New(sequence));
    }
    stream
}

/// Sequences and attempts of what a fetch gives.
fn fetch(stream: &mut Stream, now: u64, most: usize) -> Vec<(u64, u32)> {
    let fetched = stream.fetch(ms(now), most);
    fetched
        .iter()
        .map(|one| (one.sequence, one.delivery.attempt))
        .collect()
}

fn events(stream: &mut Stream) -> Vec<(u64, StreamEvent)> {
    let millis = |at: Duration| u64::try_from(at.as_millis()).unwrap();
    let events = stream.take_events().into_iter();
    events.map(|(at, event)| (millis(at), event)).collect()
}

#[test]
fn a_delivery_is_what_was_sent() {
    let mut stream = Stream::new(settings());
    let mut sent = message("order-1");
    sent.headers.insert("from".to_owned(), "shop".to_owned());
    stream.publish(ms(0), sent.clone());
    let fetched = stream.fetch(ms(0), 1).remove(0).delivery;
    assert_eq!((fetched.id, fetched.payload), (sent.id, sent.payload));
    assert_eq!((fetched.headers, fetched.attempt), (sent.headers, 1));
}

#[test]
fn expired_leases_come_first_and_by_sequence() {
    let mut stream = stream(4, settings());
    assert_eq!(fetch(&mut stream, 0, 3), [(1, 1), (2, 1), (3, 1)]);
    assert_eq!(fetch(&mut stream, 99, 1), [(4, 1)]);
    stream.publish(ms(99), message("5"));
    let again = [(1, 2), (2, 2), (3, 2), (5, 1)];
    assert_eq!(fetch(&mut stream, 100, 9), again);
    let expired = |sequence| {
        let attempt = 1;
        (100, StreamEvent::LeaseExpired { sequence, attempt })
    };
    assert_eq!(
        events(&mut stream),
        [expired(1), expired(2), expired(3)],
        "each at its own time, once"
    );
}

#[test]
fn a_bare_nak_goes_to_the_tail() {
    let mut stream = stream(4, settings());
    fetch(&mut stream, 0, 4);
    stream.settle(ms(1), 4, 1, Settlement::Returned);
    stream.settle(ms(1), 2, 1, Settlement::Returned);
    stream.settle(ms(1), 1, 1, Settlement::Returned);
    // It waits already.
    let settled = stream.settle(ms(1), 4, 1, Settlement::Returned);
    assert_eq!(settled, Settled::Ignored);
    assert_eq!(fetch(&mut stream, 1, 9), [(4, 2), (2, 2), (1, 2)]);
}

#[test]
fn a_nak_with_a_delay_comes_when_it_is_due() {
    let mut stream = stream(2, settings());
    fetch(&mut stream, 0, 2);
    stream.settle(ms(0), 1, 1, Settlement::Retry(ms(500)));
    stream.settle(ms(0), 2, 1, Settlement::Done);
    assert_eq!(stream.retrying(ms(0)), 1);
    assert_eq!(stream.next_event(ms(0)), Some(ms(500)));
    assert_eq!(fetch(&mut stream, 499, 9), []);
    assert_eq!(fetch(&mut stream, 500, 9), [(1, 2)]);
    stream.settle(ms(500), 1, 2, Settlement::Retry(Duration::ZERO));
    assert_eq!(stream.pending(ms(500)), 1, "no delay at all");
    assert!(events(&mut stream).is_empty());
}

#[test]
fn after_the_last_delivery_a_message_stays() {
    let bounded = StreamSettings {
        max_deliveries: Some(2),
        ..settings()
    };
    let mut stream = stream(1, bounded);
    fetch(&mut stream, 0, 1);
    stream.settle(ms(0), 1, 1, Settlement::Returned);
    fetch(&mut stream, 0, 1);
    stream.settle(ms(0), 1, 2, Settlement::Returned);
    assert!(events(&mut stream).is_empty(), "nobody has fetched since");
    assert_eq!(stream.exhausted(), 0);
    assert_eq!(fetch(&mut stream, 50, 1), []);
    let exhausted = StreamEvent::Exhausted {
        sequence: 1,
        attempts: 2,
    };
    assert_eq!(events(&mut stream), [(50, exhausted)]);
    assert_eq!(fetch(&mut stream, 1_000_000, 1), []);
    assert!(events(&mut stream).is_empty(), "it is said once");
    assert_eq!(stream.exhausted(), 1);
    assert_eq!(
        stream.messages(ms(0)).next().unwrap().state,
        State::Exhausted
    );
    let nak = stream.settle(ms(1_000_000), 1, 2, Settlement::Returned);
    assert_eq!(nak, Settled::Ignored);
    let ack = stream.settle(ms(1_000_000), 1, 1, Settlement::Done);
    assert_eq!(ack, Settled::Late);
    assert_eq!((stream.exhausted(), stream.acked()), (0, 1));
    assert!(stream.is_empty(ms(1_000_000)));
}

#[test]
fn a_late_ack_counts() {
    let mut stream = stream(2, settings());
    fetch(&mut stream, 0, 1);
    assert_eq!(fetch(&mut stream, 100, 1), [(1, 2)]);
    assert_eq!(
        stream.settle(ms(110), 1, 1, Settlement::Done),
        Settled::Late
    );
    assert_eq!(
        stream.settle(ms(111), 1, 2, Settlement::Done),
        Settled::Ignored
    );
    assert_eq!(stream.acked(), 1);
    assert_eq!(fetch(&mut stream, 9_000, 9), [(2, 1)]);
}

#[test]
fn an_ack_of_a_message_that_waits_to_come_again_counts() {
    let mut stream = stream(1, settings());
    fetch(&mut stream, 0, 1);
    assert_eq!(stream.pending(ms(100)), 1);
    assert_eq!(
        stream.settle(ms(100), 1, 1, Settlement::Done),
        Settled::Late
    );
    assert_eq!(fetch(&mut stream, 200, 1), []);
}

#[test]
fn a_delivery_that_never_was_settles_nothing() {
    let mut stream = stream(1, settings());
    for attempt in [0, 1, 7] {
        let settled = stream.settle(ms(0), 1, attempt, Settlement::Done);
        assert_eq!(settled, Settled::Ignored);
    }
    assert_eq!(
        stream.settle(ms(0), 2, 1, Settlement::Done),
        Settled::Ignored
    );
}

#[test]
fn a_dropped_message_is_gone() {
    let mut stream = stream(1, settings());
    fetch(&mut stream, 0, 1);
    let settled = stream.settle(ms(1), 1, 1, Settlement::Dropped);
    assert_eq!(settled, Settled::InTime);
    assert_eq!((stream.terminated(), stream.acked()), (1, 0));
    assert_eq!(fetch(&mut stream, 1_000, 1), []);
}

#[test]
fn progress_starts_a_whole_ack_wait() {
    let mut stream = stream(1, settings());
    fetch(&mut stream, 0, 1);
    stream.settle(ms(90), 1, 1, Settlement::Progress);
    assert_eq!(fetch(&mut stream, 189, 1), []);
    assert_eq!(fetch(&mut stream, 190, 1), [(1, 2)]);
    assert_eq!(stream.pending(ms(290)), 1);
    let late = stream.settle(ms(290), 1, 2, Settlement::Progress);
    assert_eq!(late, Settled::Ignored, "it is to come again already");
}

#[test]
fn ids_are_remembered_for_the_window_whatever_became_of_the_message() {
    let mut stream = stream(1, settings());
    fetch(&mut stream, 0, 1);
    stream.settle(ms(0), 1, 1, Settlement::Done);
    let again = |stream: &mut Stream, at| stream.publish(ms(at), message("1"));
    assert_eq!(again(&mut stream, 0), Taken::Duplicate(1));
    assert_eq!(again(&mut stream, 999), Taken::Duplicate(1));
    assert_eq!(again(&mut stream, 1_000), Taken::New(2));
    assert_eq!(again(&mut stream, 1_999), Taken::Duplicate(2));
    assert_eq!(stream.counts().duplicates, 3);
    assert_eq!(stream.ids.len(), stream.published.len());
    stream.advance(ms(2_000));
    assert!(stream.ids.is_empty() && stream.published.is_empty());
}

#[test]
fn the_dedupe_window_is_no_longer_than_the_age() {
    let aged = StreamSettings {
        max_age: Some(ms(300)),
        ..settings()
    };
    let mut stream = stream(1, aged);
    assert_eq!(stream.publish(ms(299), message("1")), Taken::Duplicate(1));
    assert_eq!(stream.publish(ms(300), message("1")), Taken::New(2));
}

#[test]
fn messages_without_an_id_are_all_taken() {
    let mut stream = Stream::new(settings());
    assert_eq!(stream.publish(ms(0), message("")), Taken::New(1));
    assert_eq!(stream.publish(ms(0), message("")), Taken::New(2));
}

#[test]
fn an_old_message_is_removed_wherever_it_is() {
    let aged = StreamSettings {
        max_age: Some(ms(50)),
        ..settings()
    };
    let mut stream = stream(2, aged);
    assert_eq!(fetch(&mut stream, 0, 1), [(1, 1)]);
    assert_eq!(stream.next_event(ms(0)), Some(ms(50)));
    assert_eq!(stream.expired(ms(49)), 0);
    assert_eq!(stream.expired(ms(50)), 2);
    let aged = |sequence| (50, StreamEvent::Aged { sequence });
    assert_eq!(events(&mut stream), [aged(1), aged(2)]);
    let late = stream.settle(ms(51), 1, 1, Settlement::Done);
    assert_eq!(late, Settled::Ignored);
    assert_eq!(stream.next_event(ms(51)), None);
}

#[test]
fn a_delayed_message_is_first_delivered_when_it_is_due() {
    let mut stream = Stream::new(settings());
    let later = Outgoing {
        delay: ms(500),
        ..message("later")
    };
    stream.publish(ms(0), later);
    stream.publish(ms(0), message("now"));
    assert_eq!((stream.delayed(ms(0)), stream.pending(ms(0))), (1, 1));
    assert_eq!(fetch(&mut stream, 0, 9), [(2, 1)]);
    stream.settle(ms(0), 2, 1, Settlement::Done);
    assert_eq!(stream.next_event(ms(0)), Some(ms(500)));
    stream.publish(ms(400), message("between"));
    assert_eq!(fetch(&mut stream, 500, 9), [(3, 1), (1, 1)]);
}

#[test]
fn new_messages_are_held_back_when_too_many_are_unsettled() {
    let mut stream = stream(3, settings());
    stream.set_max_unsettled(2);
    assert_eq!(fetch(&mut stream, 0, 9), [(1, 1), (2, 1)]);
    assert_eq!(fetch(&mut stream, 99, 9), []);
    assert_eq!(
        fetch(&mut stream, 100, 9),
        [(1, 2), (2, 2)],
        "not those that come again"
    );
    stream.settle(ms(100), 1, 2, Settlement::Retry(ms(900)));
    assert_eq!(fetch(&mut stream, 101, 9), [], "a delayed one is unsettled");
    stream.settle(ms(101), 1, 2, Settlement::Done);
    assert_eq!(fetch(&mut stream, 101, 9), [(3, 1)]);
}

#[test]
fn a_late_nak_takes_the_message_from_its_next_handler() {
    let mut stream = stream(1, settings());
    fetch(&mut stream, 0, 1);
    assert_eq!(fetch(&mut stream, 100, 1), [(1, 2)]);
    let nak = stream.settle(ms(110), 1, 1, Settlement::Retry(ms(10)));
    assert_eq!(nak, Settled::Late);
    assert_eq!(fetch(&mut stream, 120, 1), [(1, 3)]);
}

#[test]
fn a_fault_ends_a_lease_at_once() {
    let mut stream = stream(2, settings());
    fetch(&mut stream, 5, 1);
    assert!(stream.redeliver(1));
    assert!(!stream.redeliver(1), "it has no lease any more");
    assert!(!stream.redeliver(2), "it was not delivered");
    assert!(!stream.redeliver(3), "there is none");
    assert_eq!(fetch(&mut stream, 5, 1), [(1, 2)]);
    assert_eq!(
        stream.settle(ms(6), 1, 1, Settlement::Done),
        Settled::Late,
        "the first handler still runs"
    );
}

#[test]
fn a_restart_keeps_leases_and_loses_what_was_not_on_disk() {
    let mut stream = stream(1, settings());
    fetch(&mut stream, 0, 1);
    stream.publish(ms(10), message("kept"));
    stream.publish(ms(11), message("lost"));
    stream.publish(ms(12), message("consumed"));
    assert_eq!(fetch(&mut stream, 12, 3).len(), 3);
    stream.settle(ms(12), 4, 1, Settlement::Done);
    stream.restart(ms(20), Some(ms(11)));
    assert_eq!(stream.in_flight(ms(20)), 2);
    let lost = StreamEvent::Lost { sequence: 3 };
    assert_eq!(events(&mut stream), [(20, lost)]);
    assert_eq!(
        stream.publish(ms(20), message("kept")),
        Taken::Duplicate(2),
        "its id is on disk"
    );
    assert_eq!(stream.publish(ms(20), message("consumed")), Taken::New(5));
    assert_eq!(
        stream.settle(ms(20), 1, 1, Settlement::Done),
        Settled::InTime
    );
    assert_eq!(
        stream.settle(ms(20), 3, 1, Settlement::Done),
        Settled::Ignored
    );
}

#[test]
fn looking_changes_no_order() {
    let delayed = |stream: &mut Stream| {
        fetch(stream, 0, 3);
        stream.settle(ms(0), 3, 1, Settlement::Retry(ms(10)));
        stream.settle(ms(0), 1, 1, Settlement::Retry(ms(20)));
        stream.settle(ms(0), 2, 1, Settlement::Retry(ms(20)));
    };
    let mut watched = stream(3, settings());
    delayed(&mut watched);
    assert_eq!(watched.pending(ms(15)), 1);
    let mut alone = stream(3, settings());
    delayed(&mut alone);
    let expected = [(3, 2), (1, 2), (2, 2)];
    assert_eq!(fetch(&mut watched, 30, 9), expected);
    assert_eq!(fetch(&mut alone, 30, 9), expected);
}

#[test]
fn endless_times_are_no_trouble() {
    let endless = StreamSettings {
        max_deliveries: None,
        ack_wait: Duration::MAX,
        dedupe: Duration::MAX,
        max_age: Some(Duration::MAX),
    };
    let mut stream = stream(1, endless);
    assert_eq!(fetch(&mut stream, 7, 1), [(1, 1)]);
    stream.settle(ms(8), 1, 1, Settlement::Retry(Duration::MAX));
    assert_eq!(stream.retrying(ms(1 << 40)), 1);
}
