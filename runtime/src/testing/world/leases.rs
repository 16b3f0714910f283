//! The broker as the loop of a queue function sees it: the emulator's, with acknowledgements that get lost.

use std::sync::Arc;

use super::inside::Inside;
use crate::backend::{Answer, Broker, Dead, Failure, Hold, Lease, Outgoing, Published, Settlement};
use crate::testing::faults::{AckFault, Kind};
use crate::testing::lock;
use crate::testing::trace::{Fate, Name, What};

/// The broker of a pod.
pub(super) struct Leases {
    inside: Arc<Inside>,
}

impl Leases {
    pub(super) fn new(inside: &Arc<Inside>) -> Self {
        let inside = Arc::clone(inside);
        Self { inside }
    }
}

impl Broker for Leases {
    fn publish(&self, queue: &str, messages: Vec<Outgoing>) -> Answer<'_, Vec<Published>> {
        Broker::publish(&self.inside.emulator, queue, messages)
    }

    fn pull(&self, queue: &str, most: usize) -> Answer<'_, Vec<Lease>> {
        let queue = Name::from(queue);
        Box::pin(async move {
            let leases = Broker::pull(&self.inside.emulator, &queue, most).await?;
            self.inside.stir();
            let held = leases.into_iter().map(|lease| self.held(&queue, lease));
            Ok(held.collect())
        })
    }

    fn bury(&self, queue: &str, dead: Dead) -> Answer<'_, ()> {
        let queue = Name::from(queue);
        Box::pin(async move {
            self.inside.broker().await?;
            self.inside.stir();
            let (id, reason) = (dead.delivery.id.clone(), dead.reason.clone());
            self.inside.emulator.bury(&queue, dead)?;
            self.inside.note(What::Buried { queue, id, reason });
            self.inside.changed.notify_waiters();
            Ok(())
        })
    }

    fn stop<'a>(&'a self, queue: &'a str) -> Answer<'a, ()> {
        Broker::stop(&self.inside.emulator, queue)
    }

    fn lag<'a>(&'a self, queue: &'a str) -> Answer<'a, u64> {
        Broker::lag(&self.inside.emulator, queue)
    }
}

impl Leases {
    fn held(&self, queue: &Name, lease: Lease) -> Lease {
        let hold = Held {
            inside: Arc::clone(&self.inside),
            queue: Name::clone(queue),
            message: lease.sequence,
            attempt: lease.delivery.attempt,
            hold: lease.hold,
        };
        Lease {
            hold: Box::new(hold),
            ..lease
        }
    }
}

/// The hold on a message, with what the world does to its settlement.
struct Held {
    inside: Arc<Inside>,
    queue: Name,
    message: u64,
    attempt: u32,
    hold: Box<dyn Hold>,
}

impl Hold for Held {
    fn settle(&self, how: Settlement) -> Answer<'_, ()> {
        Box::pin(async move {
            self.inside.stir();
            let settled = self.settled(how).await;
            self.inside.stir();
            // The call has ended by now, so this may be the last thing that anybody waits for.
            self.inside.changed.notify_waiters();
            settled
        })
    }
}

impl Held {
    async fn settled(&self, how: Settlement) -> Result<(), Failure> {
        if how == Settlement::Done
            && let Some(fault) = self.ack_fault()
        {
            match fault {
                AckFault::Lost => {
                    self.note(Fate::AckLost);
                    self.forget();
                    return Ok(());
                }
                AckFault::Late(time) => {
                    self.note(Fate::AckLate(time));
                    tokio::time::sleep(time).await;
                }
            }
        }
        self.inside.broker().await?;
        let settled = self.hold.settle(how).await;
        if let Some(fate) = fate(how) {
            if settled.is_ok() {
                self.note(fate);
                if matches!(how, Settlement::Done | Settlement::Dropped) {
                    let place = (Name::clone(&self.queue), self.message);
                    lock(&self.inside.chains).remove(&place);
                }
            }
            self.forget();
        }
        settled
    }

    /// What the call's plan says of its acknowledgement.
    fn ack_fault(&self) -> Option<AckFault> {
        let call = self
            .inside
            .call_of(&self.queue, self.message, self.attempt)?;
        let fault = call.plan.ack?;
        self.inside.fault(&call, Kind::Ack(fault));
        Some(fault)
    }

    /// The call has nothing to do with the message any more.
    fn forget(&self) {
        self.inside.forget(&self.queue, self.message, self.attempt);
    }

    fn note(&self, how: Fate) {
        self.inside.note(What::Settled {
            queue: Name::clone(&self.queue),
            message: self.message,
            attempt: self.attempt,
            how,
        });
    }
}

fn fate(how: Settlement) -> Option<Fate> {
    Some(match how {
        Settlement::Done => Fate::Acked,
        Settlement::Retry(delay) => Fate::Retried(delay),
        Settlement::Returned => Fate::Returned,
        Settlement::Dropped => Fate::Dropped,
        Settlement::Progress => return None,
    })
}
