//! A person's wish that it ends.

use std::sync::Arc;

use tokio::sync::watch;

use crate::codes;
use crate::diagnostic::Diagnostic;

/// Tells work under way to end where it stands. Clones are the same one.
///
/// Most work is simply dropped: every step can be repeated. What holds a Lease listens, to give it back before it goes.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    /// One that nobody has said yet.
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Says it.
    pub fn now(&self) {
        self.0.send_replace(true);
    }

    /// Whether anybody has something to give back before it ends.
    pub fn is_heard(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Listens until what this returns is dropped.
    pub(super) fn listen(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }
}

/// What there is to say of work that was stopped.
pub fn stopped() -> Diagnostic {
    Diagnostic::error(codes::CLUSTER_BUSY, "stopped").help(
        "what was done stays; run the command again to go on. After a deploy `cloudc rollback` goes back",
    )
}
