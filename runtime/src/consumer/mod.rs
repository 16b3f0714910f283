//! The loop of a queue function: it takes messages, calls the handler, and settles them.
//!
//! A message is done when its handler has ended well, and not before; so it is delivered at least once.
//! One that failed comes again after a while, until it had its deliveries.

mod apart;
mod backoff;
#[cfg(test)]
mod tests;
mod why;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::Instrument as _;

use crate::app::{App, Workload};
use crate::backend::{Broker, Dead, Failure, Lease, Settlement};
use crate::handler::{Delivery, Undecodable};
use crate::host::{Call, Host, Outcome, Taken};
use crate::registry::Trigger;
use crate::telemetry;
use apart::Apart;
use why::Why;

/// The waits between tries to keep a dead letter, in seconds. After them the message goes back into its queue, and nobody knows
/// its reason any more.
const WAITS: [u64; 5] = [1, 2, 4, 8, 16];

/// No more messages are asked for at once, unless a batch has more: a pod that leaves has to take all that it asked for.
const AT_ONCE: usize = 128;

/// Deliveries that no handler may have seen, of a queue that keeps no dead letters: given back by a pod that left, or lost with a
/// connection. After so many more than its last the message is one that kills its pods.
const UNSEEN: u32 = 10;

/// Why a message is given up that comes once more after its last delivery. The broker is not told a bound, for
/// what it has delivered for the last time it keeps in the queue and never shows again.
const OVER: &str = "what became of its last delivery is not known: the pod died, left, did not answer in time, or could not keep \
     it as a dead letter then";

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
    /// Whether it is too late to wait for anything.
    late: watch::Sender<bool>,
}

impl<H: Host> Consumer<H> {
    pub(crate) fn new(settings: Settings, broker: Arc<dyn Broker>, host: H) -> Arc<Self> {
        Arc::new(Self {
            settings,
            broker,
            host,
            late: watch::Sender::new(false),
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
                // All that have ended, before it asks for more.
                Some(_) = calls.join_next() => while calls.try_join_next().is_some() {},
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
        self.late.send_replace(true);
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
        let most = most.min(self.batch().max(AT_ONCE));
        self.broker.pull(self.settings.queue, most).await
    }

    fn start(self: &Arc<Self>, leases: Vec<Lease>, calls: &mut JoinSet<()>) {
        let mut leases = leases.into_iter();
        while let Some(first) = leases.next() {
            let mut batch = vec![first];
            batch.extend(leases.by_ref().take(self.batch() - 1));
            let consumer = Arc::clone(self);
            // It is large, and would be moved from place to place.
            calls.spawn(Box::pin(async move { consumer.handle(batch).await }));
        }
    }

    fn batch(&self) -> usize {
        match self.settings.trigger {
            Trigger::Batch { most, .. } => (*most as usize).max(1),
            _ => 1,
        }
    }

    /// Calls the handler with one or more messages, and settles them. One of a batch that does not
    /// decode is settled on its own, and the others are handled without it.
    async fn handle(&self, mut leases: Vec<Lease>) {
        // To keep dead letters may take a while, in which the others are handled.
        let mut apart = Apart::default();
        for lease in leases.extract_if(.., |lease| self.is_over(lease)) {
            apart.push(async move { self.give_up(&lease, &Why::new(OVER)).await });
        }
        telemetry::delivered(self.settings.function, self.settings.queue, leases.len());
        while !leases.is_empty() {
            let outcome = apart.beside(self.call(&leases)).await;
            let why = Why::of(&outcome);
            let bad = match &outcome {
                Outcome::Failed(error) => error.downcast_ref::<Undecodable>(),
                _ => None,
            };
            if let (Some(bad), Some(why)) = (bad, why.clone()) {
                let lease = leases.remove(bad.index);
                apart.push(async move { self.undecodable(&lease, &why).await });
                continue;
            }
            apart.beside(self.settle(&leases, why.as_ref())).await;
            break;
        }
        apart.end().await;
    }

    async fn call(&self, leases: &[Lease]) -> Outcome<()> {
        let call = Call {
            function: self.settings.function,
            since: Instant::now(),
            timeout: self.settings.timeout,
            messages: leases.iter().map(|lease| self.taken(lease)).collect(),
        };
        let mut deliveries: Vec<Delivery> =
            leases.iter().map(|lease| lease.delivery.clone()).collect();
        let Settings {
            function, queue, ..
        } = self.settings;
        let span = telemetry::delivery_span(function, queue, &deliveries);
        let handler = match self.settings.trigger {
            Trigger::Batch { handle, .. } => handle(deliveries),
            Trigger::Queue { handle, .. } => match deliveries.pop() {
                Some(delivery) => handle(delivery),
                None => return Outcome::Done(()),
            },
            Trigger::Http { .. } | Trigger::Schedule { .. } => return Outcome::Done(()),
        };
        let outcome = self.host.run(call, handler).instrument(span);
        self.kept_alive(leases, outcome).await
    }

    /// Does something while messages stay this pod's. A third of the ack wait leaves room for a sign of life that is lost: then the
    /// message comes twice, which it may anyway.
    async fn kept_alive<T>(&self, leases: &[Lease], work: impl Future<Output = T>) -> T {
        let beat = (self.settings.ack_wait / 3).max(Duration::from_millis(1));
        let beats = async {
            loop {
                sleep(beat).await;
                join_all(
                    leases
                        .iter()
                        .map(|lease| lease.hold.settle(Settlement::Progress)),
                )
                .await;
            }
        };
        tokio::select! {
            biased;
            done = work => done,
            never = beats => never,
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
        match leases {
            [lease] => self.settle_one(lease, why).await,
            leases => {
                join_all(leases.iter().map(|lease| self.settle_one(lease, why))).await;
            }
        }
    }

    async fn settle_one(&self, lease: &Lease, why: Option<&Why>) {
        match why {
            None => settle(lease, Settlement::Done).await,
            // It is rare, and its future large.
            Some(why) if self.is_last(lease) => Box::pin(self.give_up(lease, why)).await,
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

    /// Whether a message has had its deliveries, and nobody said so: its pod died in the last one. Where none are kept it is handled
    /// once more, for perhaps nobody has seen it yet.
    fn is_over(&self, lease: &Lease) -> bool {
        let Some(most) = self.settings.max_deliveries else {
            return false;
        };
        let unseen = if self.settings.dead_letter { 0 } else { UNSEEN };
        lease.delivery.attempt > most.saturating_add(unseen)
    }

    /// Takes a message out of the queue that was not handled; as a dead letter, if the queue has them.
    async fn give_up(&self, lease: &Lease, why: &Why) {
        let (function, queue) = (self.settings.function, self.settings.queue);
        let (id, reason) = (&lease.delivery.id, &why.logged);
        if !self.settings.dead_letter {
            tracing::error!(
                queue,
                id,
                reason,
                "a message is dropped: its queue keeps no dead letters"
            );
            telemetry::dropped(function, queue);
            return settle(lease, Settlement::Dropped).await;
        }
        let kept = self.kept_alive(std::slice::from_ref(lease), self.bury(lease, why));
        let how = if kept.await {
            tracing::error!(queue, id, reason, "a message is a dead letter");
            telemetry::buried(function, queue);
            Settlement::Dropped
        } else {
            // It stays in the queue, and comes again.
            Settlement::Retry(backoff::delay(queue, &lease.delivery))
        };
        settle(lease, how).await;
    }

    /// Keeps a message with the dead letters. `false` if there is no way, or no time.
    async fn bury(&self, lease: &Lease, why: &Why) -> bool {
        let queue = self.settings.queue;
        let (id, reason) = (&lease.delivery.id, &why.logged);
        let mut late = self.late.subscribe();
        let mut waits = WAITS.into_iter();
        loop {
            let dead = Dead {
                delivery: lease.delivery.clone(),
                sequence: lease.sequence,
                stored: lease.stored,
                reason: why.reason.clone(),
            };
            let Err(failure) = self.broker.bury(queue, dead).await else {
                return true;
            };
            tracing::error!(queue, id, reason, %failure, "a dead letter cannot be kept yet");
            let Some(wait) = waits.next() else {
                return false;
            };
            tokio::select! {
                () = sleep(Duration::from_secs(wait)) => {}
                _ = late.wait_for(|late| *late) => return false,
            }
        }
    }
}

/// A settlement that the broker does not take is one that is lost: the message comes again.
async fn settle(lease: &Lease, how: Settlement) {
    if let Err(failure) = lease.hold.settle(how).await {
        let id = &lease.delivery.id;
        tracing::warn!(id, ?how, %failure, "a message could not be settled, and may come again");
    }
}
