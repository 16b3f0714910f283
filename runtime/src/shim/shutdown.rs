//! When a pod has to leave: SIGTERM, or Ctrl-C on a developer's machine.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::SetOnce;
use tokio::time::Instant;

/// Telemetry is flushed and connections are closed in what is left of the grace period after this: the manifests give
/// a pod the timeout of its handlers and ten seconds.
pub(super) const AFTER_TIMEOUT: Duration = Duration::from_millis(5_500);

/// So long after it was told to leave a pod takes new work. What it begins by then has the whole timeout, and a little time to
/// be handed back.
pub(super) const LAST_CALL: Duration = Duration::from_secs(3);

/// Whether, and since when, a pod has to leave. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Shutdown {
    since: Arc<SetOnce<Instant>>,
}

/// Says that a pod has to leave.
pub(super) struct Trigger(Shutdown);

impl Trigger {
    /// From now on. A second word changes nothing.
    pub(super) fn pull(&self) {
        let _ = self.0.since.set(Instant::now());
    }
}

impl Shutdown {
    pub(super) fn new() -> (Trigger, Self) {
        let shutdown = Self {
            since: Arc::default(),
        };
        (Trigger(shutdown.clone()), shutdown)
    }

    /// Follows the process's signals, of which a second one ends it at once.
    ///
    /// # Errors
    ///
    /// When the system lets nobody listen to them.
    pub(super) fn on_signals() -> std::io::Result<Self> {
        let (trigger, shutdown) = Self::new();
        let mut signals = Signals::listen()?;
        tokio::spawn(async move {
            let name = signals.next().await;
            tracing::info!(
                signal = name,
                "leaving: no new work, and what has begun is finished"
            );
            trigger.pull();
            signals.next().await;
            tracing::warn!("told twice to leave; what has begun is given up");
            std::process::exit(1);
        });
        Ok(shutdown)
    }

    /// Whether it has to leave. Each request asks, and no two of them wait for each other.
    pub(super) fn has_begun(&self) -> bool {
        self.since.initialized()
    }

    /// Waits until it has to leave.
    pub(super) async fn begins(&self) {
        self.since.wait().await;
    }

    /// Waits until it is too late to begin with anything.
    pub(super) async fn is_too_late(&self) {
        self.is_after(LAST_CALL).await;
    }

    /// Waits until it has to be gone: when handlers with this timeout have had theirs, and a little time to hand their
    /// work back.
    pub(super) async fn is_over(&self, timeout: Duration) {
        self.is_after(timeout.saturating_add(AFTER_TIMEOUT)).await;
    }

    async fn is_after(&self, left: Duration) {
        match self.since.wait().await.checked_add(left) {
            Some(end) => tokio::time::sleep_until(end).await,
            None => std::future::pending().await,
        }
    }
}

/// As process 1 of a container, a program that does not ask for a signal does not get it.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_end_follows_from_the_beginning() {
        let (trigger, shutdown) = Shutdown::new();
        assert!(!shutdown.has_begun());
        let second = Duration::from_secs(1);
        tokio::time::timeout(second, shutdown.begins())
            .await
            .expect_err("nobody said so");
        trigger.pull();
        tokio::time::sleep(second).await;
        // A second word changes nothing.
        trigger.pull();
        assert!(shutdown.has_begun());
        let began = Instant::now();
        shutdown.is_too_late().await;
        assert_eq!(began.elapsed(), LAST_CALL - second);
        let began = Instant::now();
        shutdown.is_over(second * 20).await;
        assert_eq!(began.elapsed() + LAST_CALL, second * 20 + AFTER_TIMEOUT);
    }
}
