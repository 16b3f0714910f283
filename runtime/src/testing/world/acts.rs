//! What calls do in a world, and what is done to them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::calls::Call;
use super::client::{text, who};
use super::families::{Doer, Strays};
use super::inside::Inside;
use super::pace::Chain;
use super::pods::Pod;
use crate::app;
use crate::backend::{Failure, Outgoing, Published};
use crate::host;
use crate::testing::emulator::{Stream, Taken};
use crate::testing::faults::{
    self, CallKind, CallLimits, Decision, Fault, Kind, OperationFault, RestartFault,
};
use crate::testing::lock;
use crate::testing::trace::{self, End, Name, What, Who};

/// So long a client waits for an answer of the broker: what async-nats waits for by default.
const PATIENCE: Duration = Duration::from_secs(5);

/// Calls.
impl Inside {
    /// A call begins.
    pub(super) fn begin(&self, call: host::Call, pod: &Arc<Pod>) -> Arc<Call> {
        self.stir();
        let (run, attempt) = match call.messages.first() {
            Some(first) => (first.sequence, first.attempt),
            None => (self.next_run(call.function), 1),
        };
        let name = Arc::new(trace::Call {
            function: call.function.into(),
            run,
            attempt,
            messages: call.messages.len().max(1),
        });
        if let Some(agreement) = self.agreement {
            agreement.ran(call.function);
        }
        let plan = self.plan.for_call(&name, self.limits(&call));
        let plan = self.faults.for_call(&name, plan);
        let rng = faults::generator(self.seed, &name, Decision::Own);
        let chain = self.chain(&call.messages);
        self.bound_call(&name, chain);
        let begins = (chain, self.elapsed());
        let state = Call::new(name, plan, call.messages, begins, pod, rng);
        let mut holders = lock(&self.holders);
        for message in &state.messages {
            let place = (Name::from(message.queue), message.sequence, message.attempt);
            holders.insert(place, Arc::clone(&state));
        }
        drop(holders);
        if !state.messages.is_empty() {
            self.tasks.fetch_add(1, Ordering::Relaxed);
        }
        self.running.fetch_add(1, Ordering::Relaxed);
        state
    }

    /// How many calls led to these messages.
    fn chain(&self, messages: &[host::Taken]) -> Chain {
        let now = self.elapsed();
        let chains = lock(&self.chains);
        let mut longest = Chain::default();
        for message in messages {
            if let Some((at, chain)) = chains.get(&(message.queue.into(), message.sequence)) {
                longest.length = longest.length.max(chain.length);
                if *at == now {
                    longest.depth = longest.depth.max(chain.depth);
                }
            }
        }
        longest
    }

    /// A call has ended.
    pub(super) fn ended(&self, call: &Arc<Call>, end: End) {
        self.stir();
        self.note(What::Ended {
            call: Arc::clone(&call.name),
            end: end.clone(),
        });
        if end == End::Crashed {
            // Nobody is left to settle them.
            for message in &call.messages {
                self.forget(&message.queue.into(), message.sequence, message.attempt);
            }
        }
        if !call.messages.is_empty() {
            self.tasks.fetch_sub(1, Ordering::Relaxed);
        }
        self.running.fetch_sub(1, Ordering::Relaxed);
        self.changed.notify_waiters();
    }

    /// The call that holds a delivery of a message.
    pub(super) fn call_of(&self, queue: &Name, message: u64, attempt: u32) -> Option<Arc<Call>> {
        let place = (Name::clone(queue), message, attempt);
        lock(&self.holders).get(&place).cloned()
    }

    pub(super) fn forget(&self, queue: &Name, message: u64, attempt: u32) {
        let place = (Name::clone(queue), message, attempt);
        lock(&self.holders).remove(&place);
    }

    fn next_run(&self, function: &'static str) -> u64 {
        let mut runs = lock(&self.runs);
        let run = runs.entry(function).or_default();
        *run += 1;
        *run
    }

    fn limits(&self, call: &host::Call) -> CallLimits {
        let function = self.app.function(call.function);
        let queue = function.and_then(|function| self.app.queue_of(function));
        let workload = function.and_then(|function| self.app.workloads.get(function.workload));
        let kind = match workload.map(|workload| workload.kind) {
            Some(app::Kind::Consumer) => CallKind::Queue,
            Some(app::Kind::Schedule) => CallKind::Schedule,
            Some(app::Kind::Service) | None => CallKind::Http,
        };
        CallLimits {
            max_deliveries: queue.and_then(|queue| queue.max_deliveries),
            kind,
            timeout: call.timeout,
            ack_wait: queue.map(|queue| queue.ack_wait),
        }
    }
}

/// What goes wrong.
impl Inside {
    /// A fault of a call took effect.
    pub(super) fn fault(&self, call: &Arc<Call>, kind: Kind) {
        self.took_effect(Fault::in_call(&call.name, kind));
    }

    fn took_effect(&self, fault: Fault) {
        self.note(What::Fault {
            fault: fault.to_string(),
        });
        self.faults.took_effect(&fault);
        lock(&self.injected).push(fault);
    }

    /// The pod of a call dies. By chance it does not when another call in it would lose its message's last
    /// delivery: faults alone never use up a message.
    pub(super) fn crash(&self, call: &Arc<Call>, at: u32) -> bool {
        if self.plan.is_random() && self.is_last_chance(call.pod()) {
            return false;
        }
        self.fault(call, Kind::Crash { at });
        self.stir();
        call.pod().die(self);
        true
    }

    /// Whether a call in this pod has the last delivery of a message.
    fn is_last_chance(&self, pod: &Arc<Pod>) -> bool {
        lock(&self.holders)
            .iter()
            .any(|((queue, _, attempt), call)| {
                let most = self.app.queue(queue).and_then(|queue| queue.max_deliveries);
                Arc::ptr_eq(call.pod(), pod) && most.is_some_and(|most| *attempt >= most)
            })
    }

    /// The messages of a call are delivered again, while it still has them.
    pub(super) fn redeliver(&self, call: &Arc<Call>, at: u32) {
        if call.messages.is_empty() {
            return;
        }
        self.fault(call, Kind::Redeliver { at });
        for message in &call.messages {
            let sequence = message.sequence;
            // The queue is the call's own, so there is one.
            let _ = self
                .emulator
                .stream(message.queue, |stream, _| stream.redeliver(sequence));
        }
    }

    /// What the plan says before the next message is published.
    pub(super) fn next_publish(&self) -> Option<RestartFault> {
        let publish = self.publishes.fetch_add(1, Ordering::Relaxed) + 1;
        let fault = self.plan.publish(publish)?;
        self.took_effect(Fault::Restart {
            publish,
            losing: fault.losing,
        });
        Some(fault)
    }

    /// The broker is away for a time, and may have lost what it took last.
    pub(super) fn restart(self: &Arc<Self>, time: Duration, losing: Option<Duration>) {
        let since = losing.map(|losing| self.elapsed().saturating_sub(losing));
        self.emulator.restart(since);
        self.emulator.set_down(true);
        let back = self.elapsed() + time;
        let mut until = lock(&self.away_until);
        *until = back.max(*until);
        drop(until);
        let inside = Arc::clone(self);
        self.spawn_for_now(async move {
            tokio::time::sleep(time).await;
            // Another restart may have begun meanwhile.
            if *lock(&inside.away_until) <= inside.elapsed() {
                inside.emulator.set_down(false);
            }
            inside.changed.notify_waiters();
        });
    }

    /// Waits while the broker is away, as a client does that connects again.
    pub(super) async fn broker(&self) -> Result<(), Failure> {
        loop {
            let until = *lock(&self.away_until);
            let left = until.saturating_sub(self.elapsed());
            if left.is_zero() {
                if !until.is_zero() {
                    // It is back at this very moment, whoever of those who wait comes first.
                    *lock(&self.away_until) = Duration::ZERO;
                    self.emulator.set_down(false);
                }
                return Ok(());
            }
            tokio::time::sleep(left.min(PATIENCE)).await;
            if left > PATIENCE {
                return Err(Failure::NoAnswer(format!(
                    "the broker was away for more than {PATIENCE:?}"
                )));
            }
        }
    }

    /// A use that the graph does not have was refused.
    pub(super) fn refuse(&self, call: &Arc<Call>, reason: &str) {
        lock(&self.refusals).insert(reason.to_owned());
        self.note(What::Refused {
            by: who(Some(call)),
            reason: reason.to_owned(),
        });
    }

    /// A poll held up its thread.
    pub(super) fn blocked(&self, call: &Call) {
        // How long it was is the machine's business, and differs from run to run.
        lock(&self.warnings).insert(format!(
            "`{}` held up its thread for a while without waiting: a blocking call, such as \
             `std::thread::sleep` or a lock; move it into `tokio::task::spawn_blocking`",
            call.name.function
        ));
    }

    /// Something that a handler spawned goes on after the handler's end.
    pub(super) fn outlived(&self, call: &Call) {
        if !self.families.is_guess() && call.outlives() {
            let function = Name::clone(&call.name.function);
            self.tell_outlived(&format!("`{function}`"));
            self.note(What::Outlived { function });
        }
    }

    /// Tasks are left, and the world is idle.
    pub(super) fn tell_strays(&self) {
        let (functions, or_the_test) = self.families.suspects(self.strays());
        let mut who: Vec<_> = functions.iter().map(|name| format!("`{name}`")).collect();
        if who.is_empty() {
            return;
        }
        if or_the_test {
            who.push("the test".to_owned());
        }
        match who.split_last() {
            Some((last, [])) => self.tell_outlived(last),
            Some((last, others)) => {
                self.tell_outlived(&format!("one of {} and {last}", others.join(", ")));
            }
            None => {}
        }
    }

    fn tell_outlived(&self, who: &str) {
        lock(&self.warnings).insert(format!(
            "a task that {who} spawned goes on after its end; a pod may be gone by then, so wait for it in the \
             handler"
        ));
    }
}

/// Tasks.
impl Inside {
    /// Says who is polled from now on. Other threads than the world's own are nobody's turn.
    pub(super) fn turn(&self, to: Option<&Doer>) {
        if self.is_at_home() {
            let all = self.strays();
            let left = all.saturating_sub(self.tasks.load(Ordering::Relaxed));
            self.families.turn(to, Strays { all, left });
        }
    }

    /// Tasks that are not the world's own. When it is idle these are what handlers, or the test,
    /// spawned.
    pub(super) fn strays(&self) -> usize {
        let alive = self.metrics.num_alive_tasks();
        alive.saturating_sub(self.own_tasks.load(Ordering::Relaxed))
    }
}

/// Queues and caches.
impl Inside {
    /// The queues with messages that a function has yet to handle. Those that were sent with a delay
    /// which is not over are left alone.
    pub(super) fn unrest(&self) -> Vec<String> {
        let consumed = self.app.queues.iter();
        let consumed = consumed.filter(|queue| queue.consumer.is_some());
        consumed
            .filter_map(|queue| {
                let waiting = self.look(queue.name, |stream, now| {
                    stream.pending(now) + stream.in_flight(now) + stream.retrying(now)
                });
                (waiting > 0).then(|| format!("{waiting} messages of `{}`", queue.name))
            })
            .collect()
    }

    /// A look at a queue.
    ///
    /// # Panics
    ///
    /// When the application has none of this name; the queues of a program are all linked into it.
    pub(super) fn look<T>(&self, queue: &str, look: impl FnOnce(&mut Stream, Duration) -> T) -> T {
        match self.emulator.stream(queue, look) {
            Ok(seen) => seen,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Puts messages into a queue; once more, if the queue is to take them though it knows them.
    pub(super) fn send(
        &self,
        queue: &Name,
        by: &Who,
        messages: Vec<Outgoing>,
        once_more: bool,
    ) -> Result<Vec<Published>, Failure> {
        let payloads: Vec<String> = messages
            .iter()
            .map(|message| text(&message.payload))
            .collect();
        let taken = if once_more {
            self.emulator.take_again(queue, messages)?
        } else {
            self.emulator.take(queue, messages)?
        };
        let now = self.elapsed();
        let chain = self.families.caller().map(|call| Chain {
            // Time went by in the call itself.
            depth: if call.began == now {
                call.chain.depth + 1
            } else {
                0
            },
            length: call.chain.length + 1,
        });
        let mut published = Vec::with_capacity(taken.len());
        for (taken, payload) in taken.into_iter().zip(payloads) {
            let (message, duplicate) = match taken {
                Taken::New(message) => (message, false),
                Taken::Duplicate(message) => (message, true),
            };
            if let Some(chain) = chain.filter(|_| !duplicate) {
                let place = (Name::clone(queue), message);
                lock(&self.chains).insert(place, (now, chain));
            }
            self.note(What::Sent {
                by: by.clone(),
                queue: Name::clone(queue),
                message,
                duplicate,
                payload,
            });
            published.push(Published { duplicate });
        }
        Ok(published)
    }

    /// Reads a cache.
    pub(super) fn read(
        &self,
        cache: &Name,
        key: &[u8],
        by: Who,
        fault: Option<OperationFault>,
        how: Reading,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let (found, age) = self.emulator.store(cache, |store, now| {
            if fault == Some(OperationFault::Evict) {
                store.evict(key);
            }
            let age = store.age(now, key);
            let value = match how {
                Reading::Value => store.get(now, key),
                Reading::Presence => store.contains(now, key).then(Vec::new),
            };
            (value, age)
        })?;
        self.note(What::Read {
            by,
            cache: Name::clone(cache),
            key: text(key),
            age,
        });
        Ok(found)
    }
}

/// What a reader of a cache asks for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reading {
    Value,
    /// Only whether there is one. It is no use of the entry, as `EXISTS` is none.
    Presence,
}
