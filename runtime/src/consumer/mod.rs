//! The loop of a queue function: it takes messages, calls the handler, and settles them.
//!
//! A message is done when its handler has ended well, and not before; so it is delivered at least once.
//! One that failed comes again after a while, until it had its deliveries.

mod backoff;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::app::{App, Workload};
use crate::backend::{Broker, Dead, Failure, Lease, Settlement};
use crate::handler::{Delivery, Undecodable};
use crate::host::{Call, Host, Outcome, Taken, for_log};
use crate::registry::Trigger;
use crate::telemetry;

/// How long a message stays in the queue whose dead letter could not be kept.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a message is given up that comes once more after its last delivery. The broker is not told a bound, for
/// what it has delivered for the last time it keeps in the queue and never shows again.
const OVER: &str = "what became of its last delivery is not known: the pod died, did not answer in time, or could not keep it \
     as a dead letter then";

/// What the loop has to know.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) function: &'static str,
    pub(crate) trigger: &'static Trigger,
    pub(crate) queue: &'static str,
    /// Calls at the same time.
    pub(crate) concurrency: u32,
    /// Of one call.
    pub(crate) timeout: Duration,
    pub(crate) ack_wait: Duration,
    /// Deliveries before a message counts as failed; `None` for no bound.
    pub(crate) max_deliveries: Option<u32>,
    /// Whether failed messages are kept.
    pub(crate) dead_letter: bool,
}

impl Settings {
    /// Of a workload that consumes a queue.
    pub(crate) fn of(app: &App, workload: &Workload) -> Option<Self> {
        let function = workload.functions.first();
        let function = function.and_then(|index| app.functions.get(*index))?;
        let queue = app.queue_of(function)?;
        Some(Self {
            function: function.name,
            trigger: function.trigger,
            queue: queue.name,
            concurrency: workload.concurrency,
            timeout: workload.timeout,
            ack_wait: queue.ack_wait,
            max_deliveries: queue.max_deliveries,
            dead_letter: queue.dead_letter,
        })
    }
}

/// The loop of one pod.
pub(crate) struct Consumer<H> {
    settings: Settings,
    broker: Arc<dyn Broker>,
    host: H,
}

impl<H: Host> Consumer<H> {
    pub(crate) fn new(settings: Settings, broker: Arc<dyn Broker>, host: H) -> Arc<Self> {
        Arc::new(Self {
            settings,
            broker,
            host,
        })
    }

    /// Takes and handles messages until the queue is [stopped](Broker::stop), and all calls have ended. No call begins once
    /// `too_late` has come, some time after the stop: what is left then goes back. Dropped before, it ends the calls that run.
    pub(crate) async fn run(self: Arc<Self>, too_late: impl Future<Output = ()>) {
        let mut calls = JoinSet::new();
        tokio::pin!(too_late);
        loop {
            let free = (self.settings.concurrency as usize).saturating_sub(calls.len());
            tokio::select! {
                biased;
                Some(_) = calls.join_next() => {}
                () = &mut too_late => break,
                pulled = self.pull(free), if free > 0 => match pulled {
                    Ok(leases) if leases.is_empty() => break,
                    Ok(leases) => self.start(leases, &mut calls),
                    // Asked again, it waits for a change.
                    Err(failure) => {
                        tracing::warn!(queue = self.settings.queue, %failure, "no messages can be taken");
                    }
                },
            }
        }
        let end = async { while calls.join_next().await.is_some() {} };
        tokio::join!(end, self.give_back());
    }

    /// Gives the messages of a stopped queue back that nobody has begun with.
    async fn give_back(&self) {
        let most = self.batch();
        loop {
            match self.broker.pull(self.settings.queue, most).await {
                Ok(rest) if !rest.is_empty() => {
                    let back = rest.iter().map(|lease| settle(lease, Settlement::Returned));
                    join_all(back).await;
                }
                // They come again after their ack wait.
                Ok(_) | Err(_) => return,
            }
        }
    }

    /// No more messages than there are calls free: one that waits here burns its ack wait.
    async fn pull(&self, free: usize) -> Result<Vec<Lease>, Failure> {
        let most = free.saturating_mul(self.batch());
        self.broker.pull(self.settings.queue, most).await
    }

    fn start(self: &Arc<Self>, leases: Vec<Lease>, calls: &mut JoinSet<()>) {
        let mut leases = leases.into_iter().peekable();
        while leases.peek().is_some() {
            let batch: Vec<Lease> = leases.by_ref().take(self.batch()).collect();
            let consumer = Arc::clone(self);
            calls.spawn(async move { consumer.handle(batch).await });
        }
    }

    fn batch(&self) -> usize {
        match self.settings.trigger {
            Trigger::Batch { most, .. } => *most as usize,
            _ => 1,
        }
    }

    /// Calls the handler with one or more messages, and settles them. One of a batch that does not
    /// decode is settled on its own, and the others are handled without it.
    async fn handle(&self, mut leases: Vec<Lease>) {
        let over = leases.extract_if(.., |lease| self.is_over(lease));
        let over: Vec<Lease> = over.collect();
        let why = Why::new(OVER);
        join_all(over.iter().map(|lease| self.give_up(lease, &why))).await;
        while !leases.is_empty() {
            let outcome = self.call(&leases).await;
            let Some(why) = Why::of(&outcome) else {
                return self.settle(&leases, None).await;
            };
            let bad = match &outcome {
                Outcome::Failed(error) => error.downcast_ref::<Undecodable>(),
                _ => None,
            };
            let Some(bad) = bad else {
                return self.settle(&leases, Some(&why)).await;
            };
            let lease = leases.remove(bad.index);
            self.undecodable(&lease, &why).await;
        }
    }

    async fn call(&self, leases: &[Lease]) -> Outcome<()> {
        let call = Call {
            function: self.settings.function,
            timeout: self.settings.timeout,
            messages: leases.iter().map(|lease| self.taken(lease)).collect(),
        };
        let mut deliveries: Vec<Delivery> =
            leases.iter().map(|lease| lease.delivery.clone()).collect();
        let Settings {
            function, queue, ..
        } = self.settings;
        let span = telemetry::delivery_span(function, queue, &deliveries);
        telemetry::delivered(function, queue, deliveries.len());
        let handler = match self.settings.trigger {
            Trigger::Batch { handle, .. } => handle(deliveries),
            Trigger::Queue { handle, .. } => match deliveries.pop() {
                Some(delivery) => handle(delivery),
                None => return Outcome::Done(()),
            },
            Trigger::Http { .. } | Trigger::Schedule { .. } => return Outcome::Done(()),
        };
        let outcome = self.host.run(call, handler).instrument(span);
        tokio::pin!(outcome);
        // A third of the ack wait leaves room for one that is lost.
        let beat = (self.settings.ack_wait / 3).max(Duration::from_millis(1));
        loop {
            tokio::select! {
                biased;
                outcome = &mut outcome => return outcome,
                () = tokio::time::sleep(beat) => {
                    for lease in leases {
                        // Lost, the message comes twice, which it may anyway.
                        let _ = lease.hold.settle(Settlement::Progress).await;
                    }
                }
            }
        }
    }

    fn taken(&self, lease: &Lease) -> Taken {
        Taken {
            queue: self.settings.queue,
            id: lease.delivery.id.clone(),
            sequence: lease.sequence,
            attempt: lease.delivery.attempt,
        }
    }

    /// Settles messages whose handler has ended: well, or with a reason why not. All at once: one after the other, the
    /// last might wait longer than its ack wait.
    async fn settle(&self, leases: &[Lease], why: Option<&Why>) {
        join_all(leases.iter().map(|lease| self.settle_one(lease, why))).await;
    }

    async fn settle_one(&self, lease: &Lease, why: Option<&Why>) {
        match why {
            None => settle(lease, Settlement::Done).await,
            Some(why) if self.is_last(lease) => self.give_up(lease, why).await,
            Some(_) => {
                telemetry::retried(self.settings.function, self.settings.queue);
                let delay = backoff::delay(self.settings.queue, &lease.delivery);
                settle(lease, Settlement::Retry(delay)).await;
            }
        }
    }

    /// A message that does not decode will not do so next time: it is a dead letter at once. Where none
    /// are kept it comes again like any other, for a later version may well read it.
    async fn undecodable(&self, lease: &Lease, why: &Why) {
        if self.settings.dead_letter {
            self.give_up(lease, why).await;
        } else {
            self.settle_one(lease, Some(why)).await;
        }
    }

    fn is_last(&self, lease: &Lease) -> bool {
        let most = self.settings.max_deliveries;
        most.is_some_and(|most| lease.delivery.attempt >= most)
    }

    /// Whether a message has had its deliveries, and nobody said so: its pod died in the last one.
    fn is_over(&self, lease: &Lease) -> bool {
        let most = self.settings.max_deliveries;
        most.is_some_and(|most| lease.delivery.attempt > most)
    }

    /// Keeps a message with the dead letters, if its queue has them, and takes it out of the queue.
    async fn give_up(&self, lease: &Lease, why: &Why) {
        if self.settings.dead_letter {
            let dead = Dead {
                delivery: lease.delivery.clone(),
                sequence: lease.sequence,
                stored: lease.stored,
                reason: why.reason.clone(),
            };
            // While it can not be kept, it stays in the queue and comes again.
            let (queue, id, reason) = (self.settings.queue, &lease.delivery.id, &why.logged);
            if let Err(failure) = self.broker.bury(queue, dead).await {
                tracing::error!(queue, id, reason, %failure, "a dead letter cannot be kept yet");
                return settle(lease, Settlement::Retry(PAUSE)).await;
            }
            tracing::error!(queue, id, reason, "a message is a dead letter");
            telemetry::buried(self.settings.function, self.settings.queue);
        }
        settle(lease, Settlement::Dropped).await;
    }
}

/// Why a message was not handled.
struct Why {
    /// For the dead letter. It may quote the payload.
    reason: String,
    /// For the log. It does not.
    logged: String,
}

impl Why {
    /// One that quotes nothing.
    fn new(reason: &str) -> Self {
        Self {
            reason: reason.to_owned(),
            logged: reason.to_owned(),
        }
    }

    /// Of a call; `None` if that ended well.
    fn of(outcome: &Outcome<()>) -> Option<Self> {
        let mut why = Self::new(&outcome.reason()?);
        if let Outcome::Failed(error) = outcome {
            why.logged = for_log(&**error);
        }
        Some(why)
    }
}

/// A settlement that the broker does not take is one that is lost: the message comes again.
async fn settle(lease: &Lease, how: Settlement) {
    if let Err(failure) = lease.hold.settle(how).await {
        let id = &lease.delivery.id;
        tracing::warn!(id, ?how, %failure, "a message could not be settled, and may come again");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, VecDeque};
    use std::sync::Mutex;

    use tokio::time::{Instant, sleep};

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
}
