use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use super::*;
use crate::backend::{Answer, Hold, Outgoing, Published};
use crate::host::Plain;

fn settings(trigger: &'static Trigger) -> Settings {
    Settings {
        function: "charge",
        trigger,
        queue: "orders",
        concurrency: 1,
        timeout: Duration::from_secs(20),
        ack_wait: Duration::from_secs(30),
        max_deliveries: None,
        dead_letter: false,
    }
}

fn lease(sequence: u64, hold: impl Hold + 'static) -> Lease {
    Lease {
        delivery: Delivery {
            payload: Vec::new(),
            id: sequence.to_string(),
            attempt: 1,
            headers: BTreeMap::new(),
        },
        sequence,
        stored: 0,
        hold: Box::new(hold),
    }
}

/// Answers each pull with the next of these; and then nothing more comes.
struct Scripted(Mutex<VecDeque<Result<Vec<Lease>, Failure>>>);

impl Broker for Scripted {
    fn publish(&self, _: &str, _: Vec<Outgoing>) -> Answer<'_, Vec<Published>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn pull(&self, _: &str, _: usize) -> Answer<'_, Vec<Lease>> {
        let next = self.0.lock().expect("no panic").pop_front();
        Box::pin(async { next.unwrap_or_else(|| Ok(Vec::new())) })
    }

    fn bury(&self, _: &str, _: Dead) -> Answer<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn stop<'a>(&'a self, _: &'a str) -> Answer<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn lag<'a>(&'a self, _: &'a str) -> Answer<'a, u64> {
        Box::pin(async { Ok(0) })
    }
}

/// Takes a second to settle.
struct Slow;

impl Hold for Slow {
    fn settle(&self, _: Settlement) -> Answer<'_, ()> {
        Box::pin(async {
            sleep(Duration::from_secs(1)).await;
            Ok(())
        })
    }
}

/// One after the other, the last would have come again before its turn.
#[tokio::test(start_paused = true)]
async fn a_batch_is_settled_within_its_ack_wait() {
    static BATCH: Trigger = Trigger::Batch {
        queue: || "orders",
        most: 100,
        handle: |_| Box::pin(async { Ok(()) }),
    };
    let began = Instant::now();
    let broker = Arc::new(Scripted(Mutex::default()));
    let leases = (1..=100).map(|sequence| lease(sequence, Slow)).collect();
    let consumer = Consumer::new(settings(&BATCH), broker, Plain);
    consumer.handle(leases).await;
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

/// A shutdown and a broker that is back are heard at once.
#[tokio::test(start_paused = true)]
async fn after_a_failure_it_asks_again_and_waits_there() {
    static QUEUE: Trigger = Trigger::Queue {
        queue: || "orders",
        handle: |_| Box::pin(async { Ok(()) }),
    };
    let away = Err(Failure::Unavailable("it is away".to_owned()));
    let broker = Scripted(Mutex::new(VecDeque::from([away])));
    let began = Instant::now();
    let consumer = Consumer::new(settings(&QUEUE), Arc::new(broker), Plain);
    consumer.run(std::future::pending()).await;
    assert_eq!(began.elapsed(), Duration::ZERO);
}

/// Notes how it was settled.
struct Noted(Arc<Mutex<Vec<Settlement>>>);

impl Hold for Noted {
    fn settle(&self, how: Settlement) -> Answer<'_, ()> {
        self.0.lock().expect("no panic").push(how);
        Box::pin(async { Ok(()) })
    }
}

/// The grace period has room for one call after the signal.
#[tokio::test(start_paused = true)]
async fn what_waited_for_a_long_call_goes_back() {
    static QUEUE: Trigger = Trigger::Queue {
        queue: || "orders",
        handle: |_| {
            Box::pin(async {
                sleep(Duration::from_secs(18)).await;
                Ok(())
            })
        },
    };
    let settled = Arc::new(Mutex::default());
    let leases = (1..=3).map(|sequence| Ok(vec![lease(sequence, Noted(Arc::clone(&settled)))]));
    let broker = Scripted(Mutex::new(leases.collect()));
    let began = Instant::now();
    let consumer = Consumer::new(settings(&QUEUE), Arc::new(broker), Plain);
    consumer.run(sleep(Duration::from_secs(3))).await;
    assert_eq!(began.elapsed(), Duration::from_secs(18));
    let settled = settled.lock().expect("no panic").clone();
    let ends = settled.iter().filter(|how| **how != Settlement::Progress);
    let ends: Vec<_> = ends.copied().collect();
    assert_eq!(
        ends,
        [Settlement::Returned, Settlement::Returned, Settlement::Done]
    );
}

/// Takes no sign of life.
struct Frozen;

impl Hold for Frozen {
    fn settle(&self, how: Settlement) -> Answer<'_, ()> {
        Box::pin(async move {
            match how {
                Settlement::Progress => std::future::pending().await,
                _ => Ok(()),
            }
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_in_time_whatever_the_broker_does() {
    static QUEUE: Trigger = Trigger::Queue {
        queue: || "orders",
        handle: |_| Box::pin(std::future::pending()),
    };
    let began = Instant::now();
    let broker = Arc::new(Scripted(Mutex::default()));
    let consumer = Consumer::new(settings(&QUEUE), broker, Plain);
    consumer.handle(vec![lease(1, Frozen)]).await;
    assert_eq!(began.elapsed(), Duration::from_secs(20));
}

/// Keeps dead letters only after so many tries.
struct Reluctant {
    tries: Mutex<u32>,
    buried: Mutex<Vec<String>>,
}

impl Broker for Reluctant {
    fn publish(&self, _: &str, _: Vec<Outgoing>) -> Answer<'_, Vec<Published>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn pull(&self, _: &str, _: usize) -> Answer<'_, Vec<Lease>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn bury(&self, _: &str, dead: Dead) -> Answer<'_, ()> {
        Box::pin(async move {
            let mut tries = self.tries.lock().expect("no panic");
            if *tries > 0 {
                *tries -= 1;
                return Err(Failure::Full);
            }
            self.buried.lock().expect("no panic").push(dead.reason);
            Ok(())
        })
    }

    fn stop<'a>(&'a self, _: &'a str) -> Answer<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn lag<'a>(&'a self, _: &'a str) -> Answer<'a, u64> {
        Box::pin(async { Ok(0) })
    }
}

/// How a message ends whose handler fails in its last delivery, and when.
async fn ended(tries: u32) -> (Vec<String>, Vec<Settlement>, Duration) {
    static QUEUE: Trigger = Trigger::Queue {
        queue: || "orders",
        handle: |_| Box::pin(async { Err("the bank is closed".into()) }),
    };
    let broker = Arc::new(Reluctant {
        tries: Mutex::new(tries),
        buried: Mutex::default(),
    });
    let settings = Settings {
        max_deliveries: Some(1),
        dead_letter: true,
        ..settings(&QUEUE)
    };
    let began = Instant::now();
    let settled = Arc::new(Mutex::default());
    let consumer = Consumer::new(settings, Arc::clone(&broker) as _, Plain);
    let held = lease(1, Noted(Arc::clone(&settled)));
    consumer.handle(vec![held]).await;
    let buried = broker.buried.lock().expect("no panic").clone();
    let mut settled = settled.lock().expect("no panic").clone();
    settled.retain(|how| *how != Settlement::Progress);
    (buried, settled, began.elapsed())
}

/// Its reason is not known to anybody else.
#[tokio::test(start_paused = true)]
async fn a_dead_letter_is_kept_by_who_knows_the_reason() {
    let (buried, settled, took) = ended(2).await;
    assert_eq!(buried, ["the bank is closed"]);
    assert_eq!(settled, [Settlement::Dropped]);
    assert_eq!(took, Duration::from_secs(1 + 2));
    let (buried, settled, took) = ended(100).await;
    assert!(buried.is_empty());
    assert!(matches!(settled[..], [Settlement::Retry(_)]), "{settled:?}");
    assert_eq!(took, Duration::from_secs(1 + 2 + 4 + 8 + 16));
}
