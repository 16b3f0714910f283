//! Operations in any order: whatever is done to a queue or a cache, the history must be a good one.

use std::collections::BTreeMap;

use cloudc::backend::{Lease, Settlement};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::time::{Instant, sleep, timeout};

use crate::history::{Entry, Rules, What, Wrong, judge};
use crate::subject::{
    CACHE, CacheSubject, QUEUE, QueueSubject, Queues, Subject, Wish, left, message, plain,
};

/// One thing to do to a queue; times in ticks.
#[derive(Clone, Debug)]
enum Step {
    Send {
        id: u8,
        delay: u32,
    },
    Take(usize),
    /// One of the deliveries so far.
    Settle(prop::sample::Index, How),
    Wait(u32),
}

#[derive(Clone, Copy, Debug)]
enum How {
    Done,
    Retry(u32),
    Returned,
    Dropped,
    Progress,
}

fn step() -> impl Strategy<Value = Step> {
    let how = prop_oneof![
        3 => Just(How::Done),
        2 => (0u32..4).prop_map(How::Retry),
        2 => Just(How::Returned),
        1 => Just(How::Dropped),
        1 => Just(How::Progress),
    ];
    prop_oneof![
        4 => (0u8..20, prop_oneof![4 => Just(0u32), 1 => 1u32..4])
            .prop_map(|(id, delay)| Step::Send { id, delay }),
        3 => (1usize..5).prop_map(Step::Take),
        4 => (any::<prop::sample::Index>(), how).prop_map(|(which, how)| Step::Settle(which, how)),
        2 => (1u32..6).prop_map(Step::Wait),
    ]
}

/// A backend whose queue is written down.
struct Recorded<'a> {
    backend: &'a dyn Queues,
    start: Instant,
    history: Vec<Entry>,
    leases: Vec<Lease>,
}

impl Recorded<'_> {
    fn note(&mut self, id: &str, what: What) {
        self.history.push(Entry {
            at: self.start.elapsed(),
            id: id.to_owned(),
            what,
        });
    }

    async fn take(&mut self, most: usize, within: std::time::Duration) -> usize {
        let Ok(leases) = timeout(within, self.backend.pull(QUEUE, most)).await else {
            return 0;
        };
        let leases = leases.expect("the queue is there");
        assert!((1..=most).contains(&leases.len()), "{leases:?}");
        let taken = leases.len();
        for lease in leases {
            let attempt = lease.delivery.attempt;
            assert_eq!(lease.delivery.payload, message(&lease.delivery.id).payload);
            self.note(&lease.delivery.id, What::Delivered { attempt });
            self.leases.push(lease);
        }
        taken
    }

    async fn settle(&mut self, which: usize, how: Settlement) {
        let lease = &self.leases[which];
        let (id, attempt) = (lease.delivery.id.clone(), lease.delivery.attempt);
        lease.hold.settle(how).await.expect("the queue is there");
        self.note(&id, What::Settled { attempt, how });
    }
}

async fn run<S: QueueSubject>(
    max_deliveries: Option<u32>,
    steps: &[Step],
) -> Result<(), TestCaseError> {
    let wish = Wish {
        max_deliveries,
        // No id is taken twice in one sequence.
        dedupe: S::TICK * 100_000,
        ..plain::<S>()
    };
    let backend = S::start(wish).await;
    let mut queue = Recorded {
        backend: &*backend,
        start: Instant::now(),
        history: Vec::new(),
        leases: Vec::new(),
    };
    for step in steps {
        match *step {
            Step::Send { id, delay } => {
                let mut sent = message(&id.to_string());
                sent.delay = S::TICK * delay;
                let (id, delay) = (sent.id.clone(), sent.delay);
                let published = queue.backend.publish(QUEUE, vec![sent]).await;
                let duplicate = published.expect("the queue is there")[0].duplicate;
                queue.note(&id, What::Sent { duplicate, delay });
            }
            Step::Take(most) => {
                queue.take(most, S::TICK).await;
            }
            Step::Settle(which, how) if !queue.leases.is_empty() => {
                let which = which.index(queue.leases.len());
                let how = match how {
                    How::Done => Settlement::Done,
                    How::Retry(delay) => Settlement::Retry(S::TICK * delay),
                    How::Returned => Settlement::Returned,
                    How::Dropped => Settlement::Dropped,
                    How::Progress => Settlement::Progress,
                };
                queue.settle(which, how).await;
            }
            Step::Wait(ticks) => sleep(S::TICK * ticks).await,
            Step::Settle(..) => {}
        }
    }
    // Everything that can still come does so within an ack wait and the longest delay.
    loop {
        let known = queue.leases.len();
        if queue.take(8, wish.ack_wait + S::TICK * 6).await == 0 {
            break;
        }
        for which in known..queue.leases.len() {
            queue.settle(which, Settlement::Done).await;
        }
    }
    let rules = Rules {
        max_deliveries,
        ack_wait: wish.ack_wait,
        slack: S::TICK / 4,
        spent_on_delay: u32::from(S::DELAY_TAKES_A_DELIVERY),
    };
    let verdict = judge(&queue.history, rules);
    prop_assert_eq!(&verdict.wrong, &Vec::<Wrong>::new(), "{:#?}", queue.history);
    prop_assert_eq!(left::<S>(&*backend).await, verdict.staying);
    Ok(())
}

pub(crate) fn no_sequence_of_operations_loses_a_message<S: QueueSubject>() {
    let steps = (
        prop::option::of(1u32..4),
        prop::collection::vec(step(), 0..60),
    );
    prove::<S, _>(&steps, |(max_deliveries, steps)| {
        S::run(run::<S>(max_deliveries, &steps))
    });
}

/// Runs a property as often as the subject can bear.
fn prove<S: Subject, T: Strategy>(
    of: &T,
    property: impl Fn(T::Value) -> Result<(), TestCaseError>,
) {
    let config = Config {
        cases: S::SEQUENCES,
        failure_persistence: None,
        ..Config::default()
    };
    if let Err(why) = TestRunner::new(config).run(of, property) {
        panic!("{why}");
    }
}

/// One thing to do to a cache; times in ticks, those of entries in halves, so that no entry ends when
/// it is looked at.
#[derive(Clone, Debug)]
enum Use {
    Set(u8, Option<u32>),
    Get(u8),
    Remove(u8),
    Wait(u32),
}

fn uses() -> impl Strategy<Value = Use> {
    let key = 0u8..5;
    prop_oneof![
        3 => (key.clone(), prop::option::of(0u32..6)).prop_map(|(key, ttl)| Use::Set(key, ttl)),
        4 => key.clone().prop_map(Use::Get),
        1 => key.prop_map(Use::Remove),
        2 => (1u32..4).prop_map(Use::Wait),
    ]
}

async fn run_cache<S: CacheSubject>(uses: &[Use]) -> Result<(), TestCaseError> {
    let backend = S::start(plain::<S>()).await;
    let start = Instant::now();
    let mut model = BTreeMap::new();
    for (count, one) in uses.iter().enumerate() {
        match *one {
            Use::Set(key, ttl) => {
                let value = count.to_string().into_bytes();
                let ttl = ttl.map(|ticks| S::TICK * ticks + S::TICK / 2);
                // When the time of the entry began, the store alone knows.
                let before = start.elapsed();
                let set = backend.set(CACHE, &[key], value.clone(), ttl).await;
                prop_assert_eq!(set, Ok(()));
                let end = ttl.map(|ttl| (before + ttl, start.elapsed() + ttl));
                model.insert(key, (value, end));
            }
            Use::Get(key) => {
                let before = start.elapsed();
                let got = backend
                    .get(CACHE, &[key])
                    .await
                    .expect("the cache is there");
                let there = backend.contains(CACHE, &[key]).await;
                let after = start.elapsed();
                let (value, end) = model.get(&key).cloned().unzip();
                match end.flatten() {
                    Some((_, latest)) if before > latest + S::TICK / 4 => {
                        prop_assert_eq!((got, there), (None, Ok(false)));
                    }
                    Some((earliest, _)) if after + S::TICK / 4 > earliest => {
                        prop_assert!(got.is_none() || got == value);
                    }
                    _ => {
                        prop_assert_eq!(there, Ok(value.is_some()));
                        prop_assert_eq!(got, value);
                    }
                }
            }
            Use::Remove(key) => {
                prop_assert_eq!(backend.remove(CACHE, &[key]).await, Ok(()));
                model.remove(&key);
            }
            Use::Wait(ticks) => sleep(S::TICK * ticks).await,
        }
    }
    Ok(())
}

pub(crate) fn no_sequence_of_operations_confuses_a_cache<S: CacheSubject>() {
    let steps = prop::collection::vec(uses(), 0..60);
    prove::<S, _>(&steps, |uses| S::run(run_cache::<S>(&uses)));
}
