//! Taking messages: what those who wait for them and the [task](super::puller) that asks the server have in common.
//!
//! Who waits may be dropped and come again at any time. So the requests to the server are the task's, and what has come
//! waits here. A message that is here has an ack wait that runs: the task starts it anew while nobody takes it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::hold::Held;
use super::ledger;
use crate::backend::{Failure, Lease};
use crate::handler::Delivery;

/// How many of the messages that were settled last are remembered.
const GONE: usize = 64;

/// Which message of a queue it is: its number in the stream, and when it got that, for a stream that is made anew counts from 1
/// again.
pub(super) type Place = (u64, i128);

/// A message that came, and that nobody has taken yet.
pub(super) struct Arrived {
    pub(super) delivery: Delivery,
    pub(super) sequence: u64,
    pub(super) stored: i128,
    pub(super) held: Held,
    /// When its ack wait began.
    pub(super) since: Instant,
}

impl Arrived {
    fn place(&self) -> Place {
        (self.sequence, self.stored)
    }
}

/// The messages of one queue in this process.
pub(super) struct Pulls {
    state: Mutex<State>,
    /// There is something to see in the state.
    news: Notify,
    /// There is something to do for the task.
    pub(super) wishes: Notify,
    /// A message that was here no longer than this is handed out as it is.
    fresh: Duration,
}

#[derive(Default)]
struct State {
    arrived: VecDeque<Arrived>,
    /// The messages that are out of the queue, the last of them. One may have been on its way here once more.
    gone: VecDeque<Place>,
    /// How many messages those want that wait.
    wanted: usize,
    /// How many the server owed when the task looked last.
    owed: usize,
    /// The last failure, and how many there were.
    failure: Option<Failure>,
    failures: u64,
    /// Nothing more shall be asked for.
    stopping: bool,
    /// Nothing more will come.
    over: bool,
}

impl State {
    /// How many messages to ask for.
    fn missing(&self) -> usize {
        ledger::missing(self.wanted, self.owed + self.arrived.len())
    }

    fn forget(&mut self, place: Place) {
        self.arrived.retain(|known| known.place() != place);
    }
}

impl Pulls {
    /// Of a queue with this ack wait.
    pub(super) fn new(ack_wait: Duration) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            news: Notify::new(),
            wishes: Notify::new(),
            fresh: ack_wait / 20,
        })
    }

    /// Waits for messages. An empty list means that there will be no more.
    pub(super) async fn pull(&self, most: usize) -> Result<Vec<Lease>, Failure> {
        let failures = self.state().failures;
        let mut wish = None;
        loop {
            let news = self.news.notified();
            tokio::pin!(news);
            // From here on nothing is missed.
            news.as_mut().enable();
            if let Some(answer) = self.answer(most, failures) {
                return answer;
            }
            wish.get_or_insert_with(|| Wish::new(self, most));
            news.await;
        }
    }

    fn answer(&self, most: usize, failures: u64) -> Option<Result<Vec<Lease>, Failure>> {
        let mut state = self.state();
        if !state.arrived.is_empty() {
            let taken = most.max(1).min(state.arrived.len());
            let leases = state
                .arrived
                .drain(..taken)
                .map(|arrived| self.lease(arrived));
            return Some(Ok(leases.collect()));
        }
        // Before the end, whose reason it may be.
        if state.failures != failures {
            return state.failure.clone().map(Err);
        }
        state.over.then(|| Ok(Vec::new()))
    }

    /// Hands a message out with its whole ack wait.
    fn lease(&self, arrived: Arrived) -> Lease {
        if arrived.since.elapsed() > self.fresh {
            arrived.held.touch();
        }
        Lease {
            delivery: arrived.delivery,
            sequence: arrived.sequence,
            stored: arrived.stored,
            hold: Box::new(arrived.held),
        }
    }

    /// How many messages to ask the server for that owes so many.
    pub(super) fn missing(&self, owed: usize) -> usize {
        let mut state = self.state();
        state.owed = owed;
        state.missing()
    }

    /// How many messages are here.
    pub(super) fn here(&self) -> usize {
        self.state().arrived.len()
    }

    /// Takes messages in. One that was here, and was delivered again in spite of that, is no longer.
    pub(super) fn arrive(&self, all: impl IntoIterator<Item = Arrived>) {
        let mut state = self.state();
        for arrived in all {
            let place = arrived.place();
            if !state.gone.contains(&place) {
                state.forget(place);
                state.arrived.push_back(arrived);
            }
        }
        drop(state);
        self.news.notify_waiters();
    }

    /// Notes that a message was sent back. The server takes that for its latest delivery, whoever has it: one that waits here is none
    /// any more.
    pub(super) fn back(&self, place: Place) {
        self.state().forget(place);
    }

    /// Notes that a message is out of the queue: delivered again in the meantime, it is not handed out.
    pub(super) fn gone(&self, place: Place) {
        let mut state = self.state();
        state.forget(place);
        state.gone.push_back(place);
        if state.gone.len() > GONE {
            state.gone.pop_front();
        }
    }

    /// Starts the ack waits of messages anew that have run for so long.
    pub(super) fn touch(&self, older: Duration) {
        for arrived in &mut self.state().arrived {
            if arrived.since.elapsed() >= older {
                arrived.held.touch();
                arrived.since = Instant::now();
            }
        }
    }

    /// Tells those who wait that they wait in vain.
    pub(super) fn fail(&self, failure: Failure) {
        let mut state = self.state();
        state.failure = Some(failure);
        state.failures += 1;
        drop(state);
        self.news.notify_waiters();
    }

    /// Asks for an end, and waits for it.
    pub(super) async fn stop(&self) {
        self.state().stopping = true;
        self.wishes.notify_one();
        loop {
            let news = self.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            if self.state().over {
                return;
            }
            news.await;
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.state().stopping
    }

    /// Nothing will come any more.
    pub(super) fn end(&self) {
        self.state().over = true;
        self.news.notify_waiters();
    }

    /// Takes out what nobody took.
    pub(super) fn rest(&self) -> Vec<Arrived> {
        self.state().arrived.drain(..).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is a whole one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// That somebody waits for so many messages.
struct Wish<'a> {
    pulls: &'a Pulls,
    most: usize,
}

impl<'a> Wish<'a> {
    fn new(pulls: &'a Pulls, most: usize) -> Self {
        let missing = {
            let mut state = pulls.state();
            state.wanted += most;
            state.missing()
        };
        // The task looks by itself after whatever the server sends.
        if missing > 0 {
            pulls.wishes.notify_one();
        }
        Self { pulls, most }
    }
}

impl Drop for Wish<'_> {
    fn drop(&mut self) {
        self.pulls.state().wanted -= self.most;
    }
}
