//! What the suite has to know of a backend, and how a case uses one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cloudc::backend::{Answer, Broker, Lease, Outgoing, Settlement, Store};
use tokio::time::{sleep, timeout};

/// The one queue of a case.
pub(crate) const QUEUE: &str = "work";

/// The one cache of a case.
pub(crate) const CACHE: &str = "entries";

/// What a case asks of its backend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) max_deliveries: Option<u32>,
    pub(crate) ack_wait: Duration,
    pub(crate) dedupe: Duration,
    pub(crate) max_age: Option<Duration>,
    /// Messages that may be delivered and not settled at the same time, before new ones are held back. A thousand is
    /// what NATS has where nobody says.
    pub(crate) max_unsettled: usize,
    pub(crate) memory: Option<Room>,
}

/// Room for the entries of a cache, beyond what an empty server needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) bytes: usize,
    /// Evicts any entry (`allkeys-lru`), or refuses more (`noeviction`).
    pub(crate) evicts: bool,
}

/// A broker, and what the suite wants to see of it besides.
pub(crate) trait Queues: Broker {
    /// How many messages are in the queue, whatever they wait for.
    fn left(&self) -> Answer<'_, usize>;
}

/// A kind of backend: of queues, of caches, or of both.
pub(crate) trait Subject {
    /// The unit of all times of the suite: much longer than the backend takes for an operation.
    const TICK: Duration;

    /// How many sequences a property test tries.
    const SEQUENCES: u32;

    /// A message with a delay is delivered once before its time, to the client alone, which sends it back. The server
    /// counts that delivery, so of a bound that the server has there is one less for handlers. In production the server
    /// has no bound.
    const DELAY_TAKES_A_DELIVERY: bool = false;

    /// Whether it is on this machine. If not, a note says so, or the test fails.
    fn is_there() -> bool {
        true
    }

    /// Runs a case to its end, on a runtime whose clock is the backend's.
    fn run<R>(case: impl Future<Output = R>) -> R;
}

/// A subject with queues.
pub(crate) trait QueueSubject: Subject {
    /// A broker of its own, with an empty queue [`QUEUE`].
    fn start(wish: Wish) -> impl Future<Output = Arc<dyn Queues>>;
}

/// A subject with caches.
pub(crate) trait CacheSubject: Subject {
    /// A store of its own, with an empty cache [`CACHE`].
    fn start(wish: Wish) -> impl Future<Output = Arc<dyn Store>>;
}

/// What cases ask for that ask for nothing else.
pub(crate) fn plain<S: Subject>() -> Wish {
    Wish {
        max_deliveries: None,
        ack_wait: S::TICK * 4,
        dedupe: S::TICK * 20,
        max_age: None,
        max_unsettled: 1_000,
        memory: None,
    }
}

/// A message whose payload is its id.
pub(crate) fn message(id: &str) -> Outgoing {
    Outgoing {
        id: id.to_owned(),
        keyed: true,
        payload: format!("\"{id}\"").into_bytes(),
        headers: BTreeMap::new(),
        delay: Duration::ZERO,
    }
}

/// Sends messages with these ids. Says which of them were duplicates.
pub(crate) async fn send(backend: &dyn Queues, ids: &[&str]) -> Vec<bool> {
    let messages = ids.iter().map(|id| message(id)).collect();
    let published = backend.publish(QUEUE, messages).await;
    let published = published.expect("the queue is there");
    published.iter().map(|one| one.duplicate).collect()
}

/// Waits for exactly so many deliveries.
pub(crate) async fn take(backend: &dyn Queues, count: usize) -> Vec<Lease> {
    let mut leases = Vec::new();
    while leases.len() < count {
        let pull = backend.pull(QUEUE, count - leases.len());
        let pulled = timeout(Duration::from_secs(60), pull).await;
        let pulled = pulled.unwrap_or_else(|_| panic!("{count} should come, {leases:?} came"));
        leases.extend(pulled.expect("the queue is there"));
    }
    leases
}

/// Fails if anything is delivered within this time.
pub(crate) async fn nothing_comes(backend: &dyn Queues, within: Duration) {
    if let Ok(pulled) = timeout(within, backend.pull(QUEUE, 1)).await {
        panic!("nothing should come within {within:?}, but {pulled:?} came");
    }
}

/// Settles a delivery.
pub(crate) async fn settle(lease: &Lease, how: Settlement) {
    lease.hold.settle(how).await.expect("the queue is there");
}

/// How many messages are in the queue once it had time to do what it was told.
pub(crate) async fn left<S: Subject>(backend: &dyn Queues) -> usize {
    sleep(S::TICK / 2).await;
    backend.left().await.expect("the queue is there")
}

/// Ids and attempts.
pub(crate) fn names(leases: &[Lease]) -> Vec<(&str, u32)> {
    leases
        .iter()
        .map(|lease| (lease.delivery.id.as_str(), lease.delivery.attempt))
        .collect()
}

/// Fails unless the deliveries are one of these, by id.
pub(crate) fn one_of(leases: &[Lease], allowed: &[&[&str]]) {
    let ids: Vec<&str> = leases.iter().map(|lease| &*lease.delivery.id).collect();
    assert!(
        allowed.contains(&ids.as_slice()),
        "{ids:?} came; allowed is one of {allowed:?}"
    );
}
