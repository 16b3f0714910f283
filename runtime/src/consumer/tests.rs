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
