//! What every kind of workload does at its begin and at its end.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::backends::{self, Connected};
use super::config::Config;
use super::shutdown::Shutdown;
use crate::app::{App, Workload};
use crate::context;

/// How long a run that has an end waits for its servers. Kubernetes tries a `Job` again.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it looks whether its servers are there that were not at once.
const LOOK: Duration = Duration::from_millis(50);
/// How long connections may take to send what is under way.
const CLOSING: Duration = Duration::from_secs(2);

/// A workload that is about to run.
pub(super) struct Pod<'a> {
    pub(super) app: &'a str,
    pub(super) config: &'a Config,
    pub(super) shutdown: Shutdown,
}

impl Pod<'_> {
    /// The workload as it is linked into this program, with its defaults filled in.
    ///
    /// # Errors
    ///
    /// When there is none of this name, though the graph has it.
    pub(super) fn linked(&self) -> Result<&'static Workload, String> {
        let name = self.config.runs.name();
        let workloads = &App::linked().workloads;
        let found = workloads.iter().find(|workload| workload.name == name);
        found.ok_or_else(|| {
            format!("no function of the workload `{name}` is linked into this program")
        })
    }

    /// Connects to what the workload needs, and waits until all of it is there, as long as it takes.
    ///
    /// # Errors
    ///
    /// What waiting does not mend.
    pub(super) async fn connect(&self) -> Result<Connected, String> {
        self.connect_until(None).await
    }

    /// The same, for a run that has an end.
    ///
    /// # Errors
    ///
    /// As there, and what was missing after a minute.
    pub(super) async fn connect_in_time(&self) -> Result<Connected, String> {
        self.connect_until(Some(Instant::now() + PATIENCE)).await
    }

    async fn connect_until(&self, end: Option<Instant>) -> Result<Connected, String> {
        let connected = backends::connect(self.config, self.app).await?;
        context::connect(connected.backends.clone());
        loop {
            let reasons = connected.reasons();
            if reasons.is_empty() {
                tracing::info!("connected");
                return Ok(connected);
            }
            if end.is_some_and(|end| Instant::now() >= end) {
                return Err(format!(
                    "cannot connect within {} s to what the workload `{}` needs: {}",
                    PATIENCE.as_secs(),
                    self.config.runs.name(),
                    reasons.join("; ")
                ));
            }
            sleep(LOOK).await;
        }
    }
}

/// Sends what is under way, and hangs up: all at once, for the grace period may be nearly over.
pub(super) async fn close(connected: &Connected) {
    let all = connected.connections.iter().map(async |connection| {
        match tokio::time::timeout(CLOSING, connection.close()).await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => tracing::warn!(%failure, "a connection was not closed well"),
            Err(_) => tracing::warn!("a connection took too long to close"),
        }
    });
    join_all(all).await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::backend::{Answer, Connection};
    use crate::context::Backends;
    use crate::shim::shutdown::AFTER_TIMEOUT;
    use crate::telemetry::FLUSH;

    struct Frozen;

    impl Connection for Frozen {
        fn ready(&self) -> Result<(), String> {
            Ok(())
        }

        fn close(&self) -> Answer<'_, ()> {
            Box::pin(std::future::pending())
        }
    }

    /// The manifests give a pod the timeout of its handlers and ten seconds.
    #[tokio::test(start_paused = true)]
    async fn a_pod_whose_servers_are_frozen_is_gone_within_its_grace_period() {
        let connected = Connected {
            backends: Backends {
                broker: None,
                store: None,
            },
            nats: None,
            connections: vec![Arc::new(Frozen), Arc::new(Frozen)],
        };
        let began = Instant::now();
        close(&connected).await;
        let whole = AFTER_TIMEOUT + began.elapsed() + FLUSH;
        assert!(whole < Duration::from_secs(10), "{whole:?}");
    }
}
