use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::{Emulator, Happening, Settled, StreamSettings};
use crate::backend::{Broker, Dead, Failure, Outgoing, Settlement, Store};
use crate::handler::Delivery;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn message(id: &str) -> Outgoing {
    Outgoing {
        id: id.to_owned(),
        keyed: false,
        payload: Vec::new(),
        headers: BTreeMap::new(),
        delay: Duration::ZERO,
    }
}

fn emulator() -> Emulator {
    let settings = StreamSettings {
        ack_wait: ms(100),
        ..StreamSettings::default()
    };
    let caches = ["prices".to_owned()];
    Emulator::new([("orders".to_owned(), settings)], caches, None)
}

/// The ids of what a pull gives.
async fn pull(emulator: &Emulator, most: usize) -> Vec<String> {
    let leases = Broker::pull(emulator, "orders", most).await.unwrap();
    leases.into_iter().map(|lease| lease.delivery.id).collect()
}

#[tokio::test(start_paused = true)]
async fn a_pull_waits_for_a_message() {
    let emulator = emulator();
    let puller = emulator.clone();
    let pulled = tokio::spawn(async move { pull(&puller, 5).await });
    sleep(ms(10)).await;
    assert!(!pulled.is_finished());
    emulator.take("orders", vec![message("a")]).unwrap();
    assert_eq!(pulled.await.unwrap(), ["a"]);
    assert_eq!(emulator.now(), ms(10));
}

#[tokio::test(start_paused = true)]
async fn a_pull_wakes_when_a_lease_ends() {
    let emulator = emulator();
    emulator.take("orders", vec![message("a")]).unwrap();
    pull(&emulator, 1).await;
    assert_eq!(pull(&emulator, 1).await, ["a"]);
    assert_eq!(emulator.now(), ms(100));
}

#[tokio::test(start_paused = true)]
async fn a_settlement_wakes_a_pull() {
    let emulator = emulator();
    emulator.take("orders", vec![message("a")]).unwrap();
    let lease = Broker::pull(&emulator, "orders", 1)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(lease.sequence, 1);
    let puller = emulator.clone();
    let pulled = tokio::spawn(async move { pull(&puller, 5).await });
    sleep(ms(10)).await;
    lease.hold.settle(Settlement::Retry(ms(20))).await.unwrap();
    assert_eq!(pulled.await.unwrap(), ["a"]);
    assert_eq!(emulator.now(), ms(30));
}

#[tokio::test(start_paused = true)]
async fn several_may_wait_and_each_message_goes_to_one() {
    let emulator = emulator();
    let pulls: Vec<_> = (0..3)
        .map(|_| {
            let puller = emulator.clone();
            tokio::spawn(async move { pull(&puller, 1).await })
        })
        .collect();
    sleep(ms(1)).await;
    for id in ["a", "b", "c"] {
        emulator.take("orders", vec![message(id)]).unwrap();
    }
    let mut got = Vec::new();
    for pull in pulls {
        got.extend(pull.await.unwrap());
    }
    got.sort_unstable();
    assert_eq!(got, ["a", "b", "c"]);
    assert_eq!(emulator.now(), ms(1));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_pull_has_taken_nothing() {
    let emulator = emulator();
    timeout(ms(50), pull(&emulator, 1)).await.unwrap_err();
    emulator.take("orders", vec![message("a")]).unwrap();
    emulator
        .stream("orders", |stream, now| {
            assert_eq!((stream.pending(now), stream.in_flight(now)), (1, 0));
        })
        .unwrap();
    assert_eq!(pull(&emulator, 1).await, ["a"]);
}

#[tokio::test(start_paused = true)]
async fn looking_wakes_nobody_and_changing_does() {
    let emulator = emulator();
    emulator.take("orders", vec![message("a")]).unwrap();
    pull(&emulator, 1).await;
    let puller = emulator.clone();
    let mut pulled = by_hand(async move { pull(&puller, 1).await });
    assert!(!pulled.poll());
    let look = emulator.stream("orders", |stream, now| stream.in_flight(now));
    assert_eq!(look, Ok(1));
    assert!(!pulled.is_woken());
    let fault = emulator.stream("orders", |stream, _| stream.redeliver(1));
    assert_eq!(fault, Ok(true));
    assert!(pulled.is_woken());
    assert!(pulled.poll());
}

/// A future that is polled by hand.
fn by_hand<F: Future>(future: F) -> ByHand<F> {
    ByHand {
        future: Box::pin(future),
        woken: Arc::new(Woken(Mutex::new(false))),
    }
}

struct ByHand<F> {
    future: std::pin::Pin<Box<F>>,
    woken: Arc<Woken>,
}

struct Woken(Mutex<bool>);

impl std::task::Wake for Woken {
    fn wake(self: Arc<Self>) {
        *self.0.lock().unwrap() = true;
    }
}

impl<F: Future> ByHand<F> {
    /// Says whether it is ready.
    fn poll(&mut self) -> bool {
        let waker = Arc::clone(&self.woken).into();
        let mut context = std::task::Context::from_waker(&waker);
        self.future.as_mut().poll(&mut context).is_ready()
    }

    fn is_woken(&self) -> bool {
        *self.woken.0.lock().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_down_does_nothing_and_pulls_wait() {
    let emulator = emulator();
    emulator.take("orders", vec![message("a")]).unwrap();
    let lease = emulator.pull_raw("orders", 1).await.unwrap().remove(0);
    emulator.set_down(true);
    let down = Failure::Unavailable("the broker is down".to_owned());
    let published = emulator.take("orders", vec![message("b")]);
    assert_eq!(published, Err(down.clone()));
    let settled = emulator.settle("orders", lease.sequence, 1, Settlement::Done);
    assert_eq!(settled, Err(down.clone()));
    let dead = Dead {
        delivery: lease.delivery,
        sequence: lease.sequence,
        stored: 0,
        reason: String::new(),
    };
    assert_eq!(emulator.bury("orders", dead), Err(down));
    timeout(ms(1_000), pull(&emulator, 1)).await.unwrap_err();
    let puller = emulator.clone();
    let pulled = tokio::spawn(async move { pull(&puller, 1).await });
    sleep(ms(1)).await;
    emulator.set_down(false);
    assert_eq!(
        pulled.await.unwrap(),
        ["a"],
        "its lease has ended meanwhile"
    );
    assert_eq!(emulator.now(), ms(1_001));
    let settled = emulator.settle("orders", 1, 1, Settlement::Done);
    assert_eq!(settled, Ok(Settled::Late));
}

#[tokio::test(start_paused = true)]
async fn a_large_message_is_refused_and_none_of_its_fellows_is_sent() {
    let emulator = emulator();
    emulator.set_max_payload(100);
    let large = Outgoing {
        payload: vec![0; 90],
        ..message("large")
    };
    let Err(Failure::TooLarge { size, limit: 100 }) =
        emulator.take("orders", vec![message("small"), large])
    else {
        panic!("it was taken");
    };
    assert!(size > 100, "the headers count, as {size} says");
    let pending = emulator.stream("orders", |stream, now| stream.pending(now));
    assert_eq!(pending, Ok(0));
}

#[tokio::test(start_paused = true)]
async fn a_message_is_buried_once() {
    let emulator = emulator();
    // One id for all: it may be used again.
    let dead = |sequence: u64, reason: &str| Dead {
        delivery: Delivery {
            payload: Vec::new(),
            id: "a".to_owned(),
            attempt: 5,
            headers: BTreeMap::new(),
        },
        sequence,
        stored: 0,
        reason: reason.to_owned(),
    };
    emulator.bury("orders", dead(1, "first")).unwrap();
    sleep(ms(7)).await;
    emulator.bury("orders", dead(1, "again")).unwrap();
    emulator.bury("orders", dead(2, "other")).unwrap();
    assert_eq!(
        emulator.dead("orders").unwrap(),
        [(ms(0), dead(1, "first")), (ms(7), dead(2, "other"))]
    );
}

#[tokio::test(start_paused = true)]
async fn unknown_names_are_said() {
    let emulator = emulator();
    let queue = Failure::Unavailable("there is no queue `order`".to_owned());
    assert_eq!(emulator.take("order", Vec::new()), Err(queue.clone()));
    assert_eq!(emulator.pull_raw("order", 1).await, Err(queue.clone()));
    assert_eq!(emulator.dead("order"), Err(queue));
    let cache = Failure::Unavailable("there is no cache `price`".to_owned());
    assert_eq!(Store::get(&emulator, "price", b"a").await, Err(cache));
}

#[tokio::test(start_paused = true)]
async fn a_cache_does_nothing_before_it_is_awaited() {
    let emulator = emulator();
    drop(Store::set(&emulator, "prices", b"a", vec![1], None));
    assert_eq!(Store::contains(&emulator, "prices", b"a").await, Ok(false));
    let ttl = Some(ms(10));
    Store::set(&emulator, "prices", b"a", vec![1], ttl)
        .await
        .unwrap();
    assert_eq!(
        Store::get(&emulator, "prices", b"a").await,
        Ok(Some(vec![1]))
    );
    assert_eq!(emulator.next_event(), Some(ms(10)));
    sleep(ms(10)).await;
    assert_eq!(Store::get(&emulator, "prices", b"a").await, Ok(None));
    Store::remove(&emulator, "prices", b"a").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_happens_on_its_own_is_told_in_its_order() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let settings = StreamSettings {
        max_deliveries: Some(1),
        ack_wait: ms(100),
        max_age: Some(ms(300)),
        ..StreamSettings::default()
    };
    let listener = Arc::clone(&told);
    let emulator = Emulator::new(
        [("orders".to_owned(), settings)],
        ["prices".to_owned()],
        Some(Box::new(move |at, happening| {
            listener.lock().unwrap().push((at, happening));
        })),
    );
    emulator.take("orders", vec![message("a")]).unwrap();
    pull(&emulator, 1).await;
    let ttl = Some(ms(200));
    Store::set(&emulator, "prices", b"k", Vec::new(), ttl)
        .await
        .unwrap();
    timeout(ms(250), pull(&emulator, 1)).await.unwrap_err();
    sleep(ms(100)).await;
    assert_eq!(emulator.next_event(), None);
    emulator.take("orders", vec![message("b")]).unwrap();
    emulator.restart(Some(ms(349)));
    Store::set(&emulator, "prices", b"k", Vec::new(), None)
        .await
        .unwrap();
    emulator
        .store("prices", |store, _| store.evict_all())
        .unwrap();
    let queue: Arc<str> = Arc::from("orders");
    let cache: Arc<str> = Arc::from("prices");
    let key: Arc<[u8]> = Arc::from(b"k".as_slice());
    let expected = [
        (
            ms(100),
            Happening::LeaseExpired {
                queue: queue.clone(),
                sequence: 1,
                attempt: 1,
            },
        ),
        (
            ms(100),
            Happening::Exhausted {
                queue: queue.clone(),
                sequence: 1,
                attempts: 1,
            },
        ),
        (
            ms(200),
            Happening::EntryExpired {
                cache: cache.clone(),
                key: key.clone(),
            },
        ),
        (
            ms(300),
            Happening::Aged {
                queue: queue.clone(),
                sequence: 1,
            },
        ),
        (ms(350), Happening::Lost { queue, sequence: 2 }),
        (ms(350), Happening::Evicted { cache, key }),
    ];
    assert_eq!(*told.lock().unwrap(), expected);
}
