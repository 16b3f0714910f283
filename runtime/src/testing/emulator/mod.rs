//! Queues and caches in memory, on tokio's clock: what real servers do, without one.

mod happening;
#[cfg(test)]
mod tests;
mod traits;

pub mod store;
pub mod stream;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::backend::{Dead, Failure, Outgoing, Settlement};

pub use happening::Happening;
pub use store::Store;
pub use stream::{Fetched, Settled, Stream, StreamSettings, Taken};

/// The largest message that a queue takes, in bytes with its headers: what nats-server takes by
/// default.
pub const MAX_PAYLOAD: usize = 1024 * 1024;

/// Is told what happens, and when, counted from the emulator's start. It is called when the emulator
/// notices, which is at the latest when something that it changed is looked at.
pub type Observer = Box<dyn Fn(Duration, Happening) + Send + Sync>;

/// The backends of one world. Its clones are the same backends.
///
/// Its time is tokio's, and zero when it was made: in a runtime whose clock is paused, nothing of it
/// takes real time.
#[derive(Clone)]
pub struct Emulator {
    inner: Arc<Inner>,
}

struct Inner {
    start: Instant,
    observer: Option<Observer>,
    /// By queue: wakes those who wait for messages. The queues are those of `state`.
    wakers: BTreeMap<Arc<str>, Notify>,
    state: Mutex<State>,
}

struct State {
    queues: BTreeMap<Arc<str>, Queue>,
    caches: BTreeMap<Arc<str>, Store>,
    broker: Health,
}

#[derive(Clone, Copy)]
struct Health {
    max_payload: usize,
    is_down: bool,
}

struct Queue {
    stream: Stream,
    dead: Vec<(Duration, Dead)>,
    dead_sequences: BTreeSet<u64>,
    is_stopped: bool,
}

impl Emulator {
    /// Empty queues and caches with these names.
    pub fn new(
        queues: impl IntoIterator<Item = (String, StreamSettings)>,
        caches: impl IntoIterator<Item = String>,
        observer: Option<Observer>,
    ) -> Self {
        let queues: BTreeMap<Arc<str>, Queue> = queues
            .into_iter()
            .map(|(name, settings)| {
                let queue = Queue {
                    stream: Stream::new(settings),
                    dead: Vec::new(),
                    dead_sequences: BTreeSet::new(),
                    is_stopped: false,
                };
                (Arc::from(name), queue)
            })
            .collect();
        let wakers = queues
            .keys()
            .map(|name| (Arc::clone(name), Notify::new()))
            .collect();
        let caches = caches
            .into_iter()
            .map(|name| (Arc::from(name), Store::new()))
            .collect();
        let state = State {
            queues,
            caches,
            broker: Health {
                max_payload: MAX_PAYLOAD,
                is_down: false,
            },
        };
        let inner = Inner {
            start: Instant::now(),
            observer,
            wakers,
            state: Mutex::new(state),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The time since the emulator was made.
    pub fn now(&self) -> Duration {
        self.inner.now()
    }

    /// Looks at a queue, or does something to it; who waits for its messages looks again if it
    /// changed. Nothing else happens meanwhile, so it must not call the emulator.
    ///
    /// # Errors
    ///
    /// When there is no such queue.
    pub fn stream<R>(
        &self,
        name: &str,
        act: impl FnOnce(&mut Stream, Duration) -> R,
    ) -> Result<R, Failure> {
        let (result, changed) = self.inner.with_queue(name, |queue, now, _| {
            // Looking alone must wake nobody, or a test could not wait until all is idle.
            let before = queue.stream.offer(now);
            let result = act(&mut queue.stream, now);
            (result, before != queue.stream.offer(now))
        })?;
        if changed {
            self.inner.wake(name);
        }
        Ok(result)
    }

    /// Looks at a cache, or does something to it. Nothing else happens meanwhile, so it must not call
    /// the emulator.
    ///
    /// # Errors
    ///
    /// When there is no such cache.
    pub fn store<R>(
        &self,
        name: &str,
        act: impl FnOnce(&mut Store, Duration) -> R,
    ) -> Result<R, Failure> {
        self.inner.with_cache(name, act)
    }

    /// The messages of a queue that were buried, in this order, with the time.
    ///
    /// # Errors
    ///
    /// When there is no such queue.
    pub fn dead(&self, name: &str) -> Result<Vec<(Duration, Dead)>, Failure> {
        self.inner
            .with_queue(name, |queue, _, _| queue.dead.clone())
    }

    /// The names of the queues, sorted.
    pub fn queues(&self) -> Vec<Arc<str>> {
        self.inner.lock().queues.keys().cloned().collect()
    }

    /// The names of the caches, sorted.
    pub fn caches(&self) -> Vec<Arc<str>> {
        self.inner.lock().caches.keys().cloned().collect()
    }

    /// The next time at which something happens on its own in any queue or cache: a lease, a delay,
    /// an entry or a message ends.
    pub fn next_event(&self) -> Option<Duration> {
        let now = self.now();
        let mut state = self.inner.lock();
        let State { queues, caches, .. } = &mut *state;
        let queues = queues.values_mut().map(|one| one.stream.next_event(now));
        let caches = caches.values_mut().map(|one| one.next_event(now));
        let next = queues.chain(caches).flatten().min();
        let noticed = state.take_events();
        drop(state);
        self.inner.tell(noticed);
        next
    }

    /// A fault: the broker is gone or back again. While it is gone, nothing can be published, settled
    /// or buried, and who pulls waits; leases go on to end.
    pub fn set_down(&self, down: bool) {
        self.inner.lock().broker.is_down = down;
        for waker in self.inner.wakers.values() {
            waker.notify_waiters();
        }
    }

    /// A fault: the broker restarts, and loses what was published at this time or later, if one is given.
    pub fn restart(&self, lose_since: Option<Duration>) {
        let now = self.now();
        let mut state = self.inner.lock();
        for queue in state.queues.values_mut() {
            queue.stream.restart(now, lose_since);
        }
        let noticed = state.take_events();
        drop(state);
        self.inner.tell(noticed);
    }

    /// Changes the largest size of a message with its headers, in bytes; [`MAX_PAYLOAD`] until then.
    pub fn set_max_payload(&self, bytes: usize) {
        self.inner.lock().broker.max_payload = bytes;
    }

    /// As the broker's `publish`, at once, and with the sequences. None of the messages is taken if one is too large.
    ///
    /// # Errors
    ///
    /// When there is no such queue, the broker is down, or a message is too large.
    pub fn take(&self, queue: &str, messages: Vec<Outgoing>) -> Result<Vec<Taken>, Failure> {
        self.put(queue, messages, Stream::publish)
    }

    /// A fault: as [`Emulator::take`], also of messages whose ids are known.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn take_again(&self, queue: &str, messages: Vec<Outgoing>) -> Result<Vec<Taken>, Failure> {
        self.put(queue, messages, Stream::publish_again)
    }

    fn put(
        &self,
        queue: &str,
        messages: Vec<Outgoing>,
        how: fn(&mut Stream, Duration, Outgoing) -> Taken,
    ) -> Result<Vec<Taken>, Failure> {
        let size = messages.iter().map(wire_size).max().unwrap_or(0);
        let taken = self.inner.with_queue(queue, |queue, now, broker| {
            broker.up()?;
            let limit = broker.max_payload;
            if size > limit {
                return Err(Failure::TooLarge { size, limit });
            }
            let publish = |message| how(&mut queue.stream, now, message);
            Ok(messages.into_iter().map(publish).collect())
        })??;
        self.inner.wake(queue);
        Ok(taken)
    }

    /// As the broker's `pull`, for who wants to stand between deliveries and their settlements.
    ///
    /// # Errors
    ///
    /// When there is no such queue.
    pub async fn pull_raw(&self, queue: &str, most: usize) -> Result<Vec<Fetched>, Failure> {
        let Some(waker) = self.inner.wakers.get(queue) else {
            return Err(no_such_queue(queue));
        };
        loop {
            // Registered before it looks, so that nothing is missed in between.
            let mut woken = pin!(waker.notified());
            woken.as_mut().enable();
            let (fetched, next, is_over) = self.inner.with_queue(queue, |queue, now, broker| {
                if broker.is_down || queue.is_stopped {
                    return (Vec::new(), None, queue.is_stopped);
                }
                let fetched = queue.stream.fetch(now, most.max(1));
                (fetched, queue.stream.next_event(now), false)
            })?;
            if is_over || !fetched.is_empty() {
                return Ok(fetched);
            }
            match next.and_then(|at| self.inner.start.checked_add(at)) {
                None => woken.await,
                Some(at) => tokio::select! {
                    biased;
                    () = woken => {}
                    () = tokio::time::sleep_until(at) => {}
                },
            }
        }
    }

    /// As the broker's `stop`: who pulls, now or later, gets nothing more.
    ///
    /// # Errors
    ///
    /// When there is no such queue.
    pub fn stop_pulls(&self, queue: &str) -> Result<(), Failure> {
        self.inner
            .with_queue(queue, |queue, _, _| queue.is_stopped = true)?;
        self.inner.wake(queue);
        Ok(())
    }

    /// Settles the delivery number `attempt` of a message, as its hold would.
    ///
    /// # Errors
    ///
    /// When there is no such queue, or the broker is down.
    pub fn settle(
        &self,
        queue: &str,
        sequence: u64,
        attempt: u32,
        how: Settlement,
    ) -> Result<Settled, Failure> {
        self.inner.settle(queue, sequence, attempt, how)
    }

    /// As the broker's `bury`, at once. A message is kept once, by its number in the queue.
    ///
    /// # Errors
    ///
    /// When there is no such queue, or the broker is down.
    pub fn bury(&self, queue: &str, dead: Dead) -> Result<(), Failure> {
        self.inner.with_queue(queue, |queue, now, broker| {
            broker.up()?;
            if queue.dead_sequences.insert(dead.sequence) {
                queue.dead.push((now, dead));
            }
            Ok(())
        })?
    }
}

impl Inner {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// A test may panic while it looks at a queue; the others of its world go on.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_queue<R>(
        &self,
        name: &str,
        act: impl FnOnce(&mut Queue, Duration, Health) -> R,
    ) -> Result<R, Failure> {
        let mut state = self.lock();
        let now = self.now();
        let broker = state.broker;
        let Some(queue) = state.queues.get_mut(name) else {
            return Err(no_such_queue(name));
        };
        queue.stream.advance(now);
        let result = act(queue, now, broker);
        let events = queue.stream.take_events();
        let noticed = match state.queues.get_key_value(name) {
            Some((name, _)) => of_stream(name, events),
            None => Vec::new(),
        };
        drop(state);
        self.tell(noticed);
        Ok(result)
    }

    fn with_cache<R>(
        &self,
        name: &str,
        act: impl FnOnce(&mut Store, Duration) -> R,
    ) -> Result<R, Failure> {
        let mut state = self.lock();
        let now = self.now();
        let Some(cache) = state.caches.get_mut(name) else {
            return Err(Failure::Unavailable(format!("there is no cache `{name}`")));
        };
        cache.advance(now);
        let result = act(cache, now);
        let events = cache.take_events();
        let noticed = match state.caches.get_key_value(name) {
            Some((name, _)) => of_store(name, events),
            None => Vec::new(),
        };
        drop(state);
        self.tell(noticed);
        Ok(result)
    }

    fn settle(
        &self,
        queue: &str,
        sequence: u64,
        attempt: u32,
        how: Settlement,
    ) -> Result<Settled, Failure> {
        let (settled, wakes) = self.with_queue(queue, |queue, now, broker| {
            broker.up()?;
            let was_held_back = queue.stream.is_held_back();
            let settled = queue.stream.settle(now, sequence, attempt, how);
            let comes_again = matches!(how, Settlement::Retry(_) | Settlement::Returned);
            Ok((settled, was_held_back || comes_again))
        })??;
        if wakes && settled != Settled::Ignored {
            self.wake(queue);
        }
        Ok(settled)
    }

    fn wake(&self, queue: &str) {
        if let Some(waker) = self.wakers.get(queue) {
            waker.notify_waiters();
        }
    }

    /// Never under the lock: an observer may look at the emulator.
    fn tell(&self, noticed: Vec<(Duration, Happening)>) {
        if let Some(observer) = &self.observer {
            for (at, happening) in noticed {
                observer(at, happening);
            }
        }
    }
}

impl Health {
    fn up(self) -> Result<(), Failure> {
        if self.is_down {
            let why = "the broker is down".to_owned();
            return Err(Failure::Unavailable(why));
        }
        Ok(())
    }
}

impl State {
    fn take_events(&mut self) -> Vec<(Duration, Happening)> {
        let mut noticed = Vec::new();
        for (name, queue) in &mut self.queues {
            noticed.extend(of_stream(name, queue.stream.take_events()));
        }
        for (name, cache) in &mut self.caches {
            noticed.extend(of_store(name, cache.take_events()));
        }
        noticed.sort_by_key(|&(at, _)| at);
        noticed
    }
}

fn of_stream(
    name: &Arc<str>,
    events: Vec<(Duration, stream::StreamEvent)>,
) -> Vec<(Duration, Happening)> {
    events
        .into_iter()
        .map(|(at, event)| (at, Happening::of_stream(name, event)))
        .collect()
}

fn of_store(
    name: &Arc<str>,
    events: Vec<(Duration, store::StoreEvent)>,
) -> Vec<(Duration, Happening)> {
    events
        .into_iter()
        .map(|(at, event)| (at, Happening::of_store(name, event)))
        .collect()
}

fn no_such_queue(name: &str) -> Failure {
    Failure::Unavailable(format!("there is no queue `{name}`"))
}

/// What a message counts against the limit: nats-server counts the headers as they are written, the
/// message's id among them.
fn wire_size(message: &Outgoing) -> usize {
    let header = |name: &str, value: &str| name.len() + ": \r\n".len() + value.len();
    let headers: usize = message
        .headers
        .iter()
        .map(|(name, value)| header(name, value))
        .sum();
    let frame = "NATS/1.0\r\n\r\n".len() + header("Nats-Msg-Id", &message.id);
    frame + headers + message.payload.len()
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("queues", &self.queues())
            .field("caches", &self.caches())
            .finish_non_exhaustive()
    }
}
