//! The backends as handlers and tests see them: the emulator's, with what goes wrong on purpose, and with
//! a look at who does what.

use std::sync::Arc;
use std::time::Duration;

use super::acts::Reading;
use super::calls::Call;
use super::inside::Inside;
use crate::backend::{Answer, Broker, Dead, Failure, Lease, Outgoing, Published, Store};
use crate::registry::ResourceKind;
use crate::testing::agreement::Use;
use crate::testing::faults::{Kind, OperationFault, OperationKind, RestartFault};
use crate::testing::trace::{Name, What, Who};

/// How long the broker is away when it restarts.
const RESTART: Duration = Duration::from_secs(2);

/// What the queues and caches of a world are connected to.
pub(crate) struct Client {
    inside: Arc<Inside>,
}

/// One use of a queue or cache.
struct Operation<'a> {
    kind: OperationKind,
    resource: ResourceKind,
    name: &'a str,
}

impl Client {
    pub(crate) fn new(inside: &Arc<Inside>) -> Self {
        let inside = Arc::clone(inside);
        Self { inside }
    }

    /// Does something for a handler or the test, and lets others go first before it answers: the effect
    /// is there, and who asked does not know yet. So each use is one wait, and a handler whose pod dies
    /// in it has had its effect.
    async fn operate<T>(
        &self,
        operation: Operation<'_>,
        effect: impl FnOnce(&Inside, Who, Option<OperationFault>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let inside = &self.inside;
        let call = inside.families.caller();
        if inside
            .bound_use(call.as_ref(), operation.resource, operation.name)
            .is_err()
        {
            never(inside).await;
        }
        if let Some(call) = &call {
            still_alive(inside, call).await;
            inside.outlived(call);
            self.agree(call, &operation)?;
        }
        let fault = call.as_ref().and_then(|call| self.fault(call, &operation));
        match fault {
            Some(OperationFault::Slow(time)) => tokio::time::sleep(time).await,
            Some(OperationFault::Fail) => {
                tokio::task::yield_now().await;
                return Err(Failure::Unavailable("it failed on purpose".to_owned()));
            }
            _ => {}
        }
        if operation.resource == ResourceKind::Queue {
            inside.broker().await?;
        }
        if let Some(call) = &call {
            still_alive(inside, call).await;
        }
        inside.stir();
        let answer = effect(inside, who(call.as_ref()), fault);
        tokio::task::yield_now().await;
        if let Some(call) = &call {
            still_alive(inside, call).await;
        }
        if fault == Some(OperationFault::NoAnswer) {
            return Err(Failure::NoAnswer(
                "its answer was lost on purpose".to_owned(),
            ));
        }
        answer
    }

    fn read(&self, cache: &str, key: &[u8], how: Reading) -> Answer<'_, Option<Vec<u8>>> {
        let (cache, key) = (Name::from(cache), key.to_vec());
        Box::pin(async move {
            self.operate(cached(&cache, OperationKind::Read), |inside, by, fault| {
                inside.read(&cache, &key, by, fault, how)
            })
            .await
        })
    }

    /// A use that the graph does not have is refused, as the cluster would refuse it.
    fn agree(&self, call: &Arc<Call>, operation: &Operation<'_>) -> Result<(), Failure> {
        let Some(agreement) = self.inside.agreement else {
            return Ok(());
        };
        let how = match operation.kind {
            OperationKind::Send { .. } => Use::Send,
            OperationKind::Read => Use::Read,
            OperationKind::Write => Use::Write,
        };
        let function = &call.name.function;
        agreement
            .used(function, how, operation.resource, operation.name)
            .map_err(|reason| {
                self.inside.refuse(call, &reason);
                Failure::NotInGraph(reason)
            })
    }

    fn fault(&self, call: &Arc<Call>, operation: &Operation<'_>) -> Option<OperationFault> {
        let number = call.next_operation();
        let fault = call.plan.operation(number, operation.kind)?;
        let kind = Kind::Operation {
            call: number,
            fault,
        };
        self.inside.fault(call, kind);
        Some(fault)
    }
}

impl Broker for Client {
    fn publish(&self, queue: &str, messages: Vec<Outgoing>) -> Answer<'_, Vec<Published>> {
        let queue = Name::from(queue);
        Box::pin(async move {
            if let Some(RestartFault { losing }) = self.inside.next_publish() {
                self.inside.restart(RESTART, losing);
            }
            let keyed = messages.iter().any(|message| message.keyed);
            let operation = Operation {
                kind: OperationKind::Send { keyed },
                resource: ResourceKind::Queue,
                name: &queue,
            };
            self.operate(operation, |inside, by, fault| {
                let twice = match fault {
                    Some(OperationFault::Duplicate) => messages.clone(),
                    _ => Vec::new(),
                };
                let published = inside.send(&queue, &by, messages, false)?;
                inside.send(&queue, &by, twice, true)?;
                Ok(published)
            })
            .await
        })
    }

    fn pull(&self, queue: &str, most: usize) -> Answer<'_, Vec<Lease>> {
        Broker::pull(&self.inside.emulator, queue, most)
    }

    fn bury(&self, queue: &str, dead: Dead) -> Answer<'_, ()> {
        Broker::bury(&self.inside.emulator, queue, dead)
    }

    fn stop<'a>(&'a self, queue: &'a str) -> Answer<'a, ()> {
        Broker::stop(&self.inside.emulator, queue)
    }

    fn lag<'a>(&'a self, queue: &'a str) -> Answer<'a, u64> {
        Broker::lag(&self.inside.emulator, queue)
    }
}

impl Store for Client {
    fn get(&self, cache: &str, key: &[u8]) -> Answer<'_, Option<Vec<u8>>> {
        self.read(cache, key, Reading::Value)
    }

    fn contains(&self, cache: &str, key: &[u8]) -> Answer<'_, bool> {
        let found = self.read(cache, key, Reading::Presence);
        Box::pin(async move { Ok(found.await?.is_some()) })
    }

    fn set(
        &self,
        cache: &str,
        key: &[u8],
        value: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Answer<'_, ()> {
        let (cache, key) = (Name::from(cache), key.to_vec());
        Box::pin(async move {
            self.operate(cached(&cache, OperationKind::Write), |inside, by, _| {
                inside.emulator.store(&cache, |store, now| {
                    store.set(now, &key, value.clone(), ttl)
                })??;
                inside.note(What::Wrote {
                    by,
                    cache: Name::clone(&cache),
                    key: text(&key),
                    value: text(&value),
                });
                Ok(())
            })
            .await
        })
    }

    fn remove(&self, cache: &str, key: &[u8]) -> Answer<'_, ()> {
        let (cache, key) = (Name::from(cache), key.to_vec());
        Box::pin(async move {
            self.operate(cached(&cache, OperationKind::Write), |inside, by, _| {
                inside
                    .emulator
                    .store(&cache, |store, now| store.remove(now, &key))?;
                inside.note(What::Removed {
                    by,
                    cache: Name::clone(&cache),
                    key: text(&key),
                });
                Ok(())
            })
            .await
        })
    }
}

fn cached(cache: &str, kind: OperationKind) -> Operation<'_> {
    Operation {
        kind,
        resource: ResourceKind::Cache,
        name: cache,
    }
}

/// Waits for ever if the pod is dead: what ran in it does nothing any more, nor do tasks that it spawned.
async fn still_alive(inside: &Inside, call: &Call) {
    if call.is_dead() {
        never(inside).await;
    }
}

/// Waits for ever. A thread that blocks would hold the world's clock with it, so it ends as by a panic, of which
/// nothing is said.
async fn never(inside: &Inside) {
    if inside.is_at_home() {
        std::future::pending::<()>().await;
    }
    std::panic::resume_unwind(Box::new("its pod is gone"));
}

pub(super) fn who(call: Option<&Arc<Call>>) -> Who {
    call.map_or(Who::Test, |call| Who::Call(Arc::clone(&call.name)))
}

pub(super) fn text(json: &[u8]) -> String {
    String::from_utf8_lossy(json).into_owned()
}
