//! What queues do: the rows of NATS JetStream's behaviour, one case each.

use std::collections::BTreeSet;
use std::time::Duration;

use cloudc::backend::{Dead, Failure, Outgoing, Settlement};
use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use crate::subject::{
    QUEUE, QueueSubject, Wish, left, message, names, nothing_comes, one_of, plain, send, settle,
    take,
};

pub(crate) fn a_delivery_is_what_was_sent<S: QueueSubject>() {
    S::run(async {
        let backend = S::start(plain::<S>()).await;
        let mut sent = message("order-1");
        sent.headers.insert("From".to_owned(), "shop".to_owned());
        let published = backend.publish(QUEUE, vec![sent.clone()]).await;
        assert!(!published.expect("the queue answers")[0].duplicate);
        for attempt in 1..4 {
            let lease = take(&*backend, 1).await.remove(0);
            let delivery = &lease.delivery;
            assert_eq!(delivery.payload, sent.payload);
            assert_eq!(delivery.id, sent.id);
            assert_eq!(delivery.headers.get("From"), sent.headers.get("From"));
            assert_eq!((delivery.attempt, lease.sequence), (attempt, 1));
            settle(&lease, Settlement::Returned).await;
        }
    });
}

pub(crate) fn new_messages_come_in_their_order<S: QueueSubject>() {
    S::run(async {
        let backend = S::start(plain::<S>()).await;
        send(&*backend, &["a", "b"]).await;
        send(&*backend, &["c"]).await;
        one_of(&take(&*backend, 2).await, &[&["a", "b"]]);
        one_of(&take(&*backend, 1).await, &[&["c"]]);
    });
}

pub(crate) fn expired_leases_come_first_and_by_sequence<S: QueueSubject>() {
    S::run(async {
        let wish = plain::<S>();
        let backend = S::start(wish).await;
        send(&*backend, &["a", "b", "c", "d"]).await;
        take(&*backend, 3).await;
        sleep(wish.ack_wait + S::TICK).await;
        let again = take(&*backend, 4).await;
        assert_eq!(names(&again), [("a", 2), ("b", 2), ("c", 2), ("d", 1)]);
    });
}

pub(crate) fn a_bare_nak_goes_to_the_tail<S: QueueSubject>() {
    S::run(async {
        let backend = S::start(plain::<S>()).await;
        send(&*backend, &["0", "1", "2", "3"]).await;
        let leases = take(&*backend, 3).await;
        settle(&leases[1], Settlement::Done).await;
        settle(&leases[2], Settlement::Returned).await;
        settle(&leases[0], Settlement::Returned).await;
        // A nak is no request: a server may see a pull before it has done what the naks say, or one of them.
        let again = take(&*backend, 3).await;
        one_of(
            &again,
            &[&["2", "0", "3"], &["2", "3", "0"], &["3", "2", "0"]],
        );
        for lease in &again {
            let attempt = if lease.delivery.id == "3" { 1 } else { 2 };
            assert_eq!(lease.delivery.attempt, attempt);
        }
    });
}

pub(crate) fn a_nak_with_a_delay_waits<S: QueueSubject>() {
    S::run(async {
        let backend = S::start(plain::<S>()).await;
        send(&*backend, &["a", "b"]).await;
        let leases = take(&*backend, 1).await;
        // Longer than the ack wait, which has no say any more.
        settle(&leases[0], Settlement::Retry(S::TICK * 6)).await;
        let other = take(&*backend, 1).await;
        assert_eq!(names(&other), [("b", 1)]);
        settle(&other[0], Settlement::Done).await;
        nothing_comes(&*backend, S::TICK * 5).await;
        assert_eq!(names(&take(&*backend, 1).await), [("a", 2)]);
    });
}

pub(crate) fn a_delayed_message_waits<S: QueueSubject>() {
    S::run(async {
        let backend = S::start(plain::<S>()).await;
        let later = Outgoing {
            delay: S::TICK * 6,
            ..message("later")
        };
        backend
            .publish(QUEUE, vec![later])
            .await
            .expect("the queue answers");
        send(&*backend, &["now"]).await;
        let now = take(&*backend, 1).await;
        assert_eq!(names(&now), [("now", 1)]);
        settle(&now[0], Settlement::Done).await;
        nothing_comes(&*backend, S::TICK * 5).await;
        assert_eq!(names(&take(&*backend, 1).await), [("later", 1)]);
    });
}

pub(crate) fn after_the_last_delivery_a_message_stays<S: QueueSubject>() {
    S::run(async {
        let wish = Wish {
            max_deliveries: Some(2),
            ..plain::<S>()
        };
        let backend = S::start(wish).await;
        send(&*backend, &["a", "b"]).await;
        let leases = take(&*backend, 2).await;
        settle(&leases[0], Settlement::Returned).await;
        settle(&leases[1], Settlement::Done).await;
        let last = take(&*backend, 1).await;
        assert_eq!(names(&last), [("a", 2)]);
        nothing_comes(&*backend, wish.ack_wait * 3).await;
        assert_eq!(left::<S>(&*backend).await, 1);
        settle(&last[0], Settlement::Done).await;
        assert_eq!(left::<S>(&*backend).await, 0);
    });
}

pub(crate) fn a_late_ack_counts<S: QueueSubject>() {
    S::run(async {
        let wish = plain::<S>();
        let backend = S::start(wish).await;
        send(&*backend, &["a"]).await;
        let first = take(&*backend, 1).await;
        let second = take(&*backend, 1).await;
        assert_eq!(names(&second), [("a", 2)]);
        settle(&first[0], Settlement::Done).await;
        nothing_comes(&*backend, wish.ack_wait * 2).await;
        assert_eq!(left::<S>(&*backend).await, 0);
        settle(&second[0], Settlement::Done).await;
    });
}

/// Sent back when its ack wait was over, and when it may be on its way once more.
pub(crate) fn what_was_sent_back_late_comes_once<S: QueueSubject>() {
    S::run(async {
        let wish = plain::<S>();
        let backend = S::start(wish).await;
        send(&*backend, &["a"]).await;
        let first = take(&*backend, 1).await;
        nothing_comes(&*backend, S::TICK).await;
        sleep(wish.ack_wait + S::TICK).await;
        settle(&first[0], Settlement::Returned).await;
        let second = take(&*backend, 1).await;
        nothing_comes(&*backend, S::TICK * 2).await;
        settle(&second[0], Settlement::Done).await;
        assert_eq!(left::<S>(&*backend).await, 0);
    });
}

pub(crate) fn a_dropped_message_never_comes_again<S: QueueSubject>() {
    S::run(async {
        let wish = plain::<S>();
        let backend = S::start(wish).await;
        send(&*backend, &["a"]).await;
        settle(&take(&*backend, 1).await[0], Settlement::Dropped).await;
        nothing_comes(&*backend, wish.ack_wait * 2).await;
        assert_eq!(left::<S>(&*backend).await, 0);
    });
}

pub(crate) fn progress_starts_a_whole_ack_wait<S: QueueSubject>() {
    S::run(async {
        let backend = S::start(plain::<S>()).await;
        send(&*backend, &["a"]).await;
        let lease = take(&*backend, 1).await.remove(0);
        for _ in 0..3 {
            nothing_comes(&*backend, S::TICK * 3).await;
            settle(&lease, Settlement::Progress).await;
        }
        nothing_comes(&*backend, S::TICK * 3).await;
        assert_eq!(names(&take(&*backend, 1).await), [("a", 2)]);
    });
}

pub(crate) fn to_settle_twice_is_no_error<S: QueueSubject>() {
    S::run(async {
        let backend = S::start(plain::<S>()).await;
        send(&*backend, &["a"]).await;
        let lease = take(&*backend, 1).await.remove(0);
        for how in [
            Settlement::Done,
            Settlement::Done,
            Settlement::Returned,
            Settlement::Retry(S::TICK),
            Settlement::Progress,
            Settlement::Dropped,
        ] {
            settle(&lease, how).await;
        }
        nothing_comes(&*backend, S::TICK * 6).await;
    });
}

pub(crate) fn an_id_is_taken_once_within_the_window<S: QueueSubject>() {
    S::run(async {
        let backend = S::start(plain::<S>()).await;
        assert_eq!(send(&*backend, &["a", "a"]).await, [false, true]);
        sleep(S::TICK * 3).await;
        assert_eq!(send(&*backend, &["a", "b"]).await, [true, false]);
        assert_eq!(left::<S>(&*backend).await, 2);
    });
}

pub(crate) fn an_id_is_known_after_its_message_was_consumed<S: QueueSubject>() {
    S::run(async {
        let backend = S::start(plain::<S>()).await;
        send(&*backend, &["a"]).await;
        settle(&take(&*backend, 1).await[0], Settlement::Done).await;
        assert_eq!(left::<S>(&*backend).await, 0);
        assert_eq!(send(&*backend, &["a"]).await, [true]);
        nothing_comes(&*backend, S::TICK).await;
    });
}

pub(crate) fn an_id_is_taken_again_after_the_window<S: QueueSubject>() {
    S::run(async {
        let wish = Wish {
            dedupe: S::TICK * 4,
            ..plain::<S>()
        };
        let backend = S::start(wish).await;
        send(&*backend, &["a"]).await;
        settle(&take(&*backend, 1).await[0], Settlement::Done).await;
        // Servers forget in rounds, each as long as the window.
        sleep(wish.dedupe * 2 + S::TICK).await;
        assert_eq!(send(&*backend, &["a"]).await, [false]);
        assert_eq!(names(&take(&*backend, 1).await), [("a", 1)]);
    });
}

pub(crate) fn the_window_is_no_longer_than_the_age<S: QueueSubject>() {
    S::run(async {
        let age = S::TICK * 4;
        let wish = Wish {
            max_age: Some(age),
            ..plain::<S>()
        };
        let backend = S::start(wish).await;
        assert_eq!(send(&*backend, &["a", "a"]).await, [false, true]);
        sleep(age * 2 + S::TICK).await;
        assert_eq!(send(&*backend, &["a"]).await, [false]);
    });
}

pub(crate) fn each_message_goes_to_one_of_many<S: QueueSubject>() {
    S::run(async {
        let backend = S::start(plain::<S>()).await;
        let ids: Vec<String> = (0..20).map(|id| id.to_string()).collect();
        let pulls = join_all((0..4).map(|_| take(&*backend, 5)));
        let sends = async {
            sleep(S::TICK).await;
            for id in &ids {
                send(&*backend, &[id]).await;
            }
        };
        let (pulled, ()) = tokio::join!(pulls, sends);
        let mut taken = BTreeSet::new();
        for lease in pulled.iter().flatten() {
            assert_eq!(lease.delivery.attempt, 1);
            assert!(taken.insert(lease.delivery.id.clone()), "{lease:?} twice");
            settle(lease, Settlement::Done).await;
        }
        assert_eq!(taken.len(), ids.len());
        assert_eq!(left::<S>(&*backend).await, 0);
    });
}

pub(crate) fn a_dropped_pull_has_taken_nothing<S: QueueSubject>() {
    S::run(async {
        let backend = S::start(plain::<S>()).await;
        nothing_comes(&*backend, S::TICK).await;
        send(&*backend, &["a"]).await;
        let pulled = timeout(S::TICK * 3, backend.pull(QUEUE, 1)).await;
        assert_eq!(
            names(
                &pulled
                    .expect("the queue answers")
                    .expect("the queue answers")
            ),
            [("a", 1)]
        );
    });
}

pub(crate) fn too_many_unsettled_messages_hold_back_new_ones<S: QueueSubject>() {
    S::run(async {
        let wish = Wish {
            ack_wait: Duration::from_secs(30),
            max_unsettled: 20,
            ..plain::<S>()
        };
        let backend = S::start(wish).await;
        let ids: Vec<String> = (0..=20).map(|id| id.to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        send(&*backend, &ids).await;
        let leases = take(&*backend, 20).await;
        nothing_comes(&*backend, S::TICK * 3).await;
        settle(&leases[7], Settlement::Returned).await;
        let again = take(&*backend, 1).await;
        assert_eq!(names(&again), [("7", 2)]);
        nothing_comes(&*backend, S::TICK * 3).await;
        settle(&leases[0], Settlement::Done).await;
        assert_eq!(names(&take(&*backend, 1).await), [("20", 1)]);
    });
}

pub(crate) fn an_old_message_is_removed<S: QueueSubject>() {
    S::run(async {
        let age = S::TICK * 6;
        let wish = Wish {
            max_age: Some(age),
            ..plain::<S>()
        };
        let backend = S::start(wish).await;
        send(&*backend, &["a", "b"]).await;
        let lease = take(&*backend, 1).await.remove(0);
        sleep(age * 2).await;
        assert_eq!(left::<S>(&*backend).await, 0);
        nothing_comes(&*backend, S::TICK).await;
        settle(&lease, Settlement::Done).await;
    });
}

pub(crate) fn a_large_message_is_refused<S: QueueSubject>() {
    S::run(async {
        let backend = S::start(plain::<S>()).await;
        let limit = 1024 * 1024;
        let large = Outgoing {
            payload: vec![b'1'; limit + 1],
            ..message("large")
        };
        let refused = backend.publish(QUEUE, vec![large]).await;
        let Err(Failure::TooLarge { size, limit: said }) = refused else {
            panic!("{refused:?} instead of a refusal");
        };
        assert_eq!(said, limit);
        assert!(size > limit, "{size}");
        assert_eq!(left::<S>(&*backend).await, 0);
    });
}

pub(crate) fn to_bury_twice_is_no_error<S: QueueSubject>() {
    S::run(async {
        let backend = S::start(plain::<S>()).await;
        send(&*backend, &["a"]).await;
        let lease = take(&*backend, 1).await.remove(0);
        let dead = Dead {
            delivery: lease.delivery.clone(),
            sequence: lease.sequence,
            stored: lease.stored,
            reason: "it does not decode".to_owned(),
        };
        backend
            .bury(QUEUE, dead.clone())
            .await
            .expect("the queue answers");
        backend.bury(QUEUE, dead).await.expect("the queue answers");
        // The message itself is still to be settled.
        assert_eq!(left::<S>(&*backend).await, 1);
    });
}
