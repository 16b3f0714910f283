//! How a world runs a call: as production does, and looking on.

use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::response::Response;
use tokio::time::Instant;

use super::calls::Call;
use super::explore::Explored;
use super::inside::Inside;
use super::pods::Pod;
use crate::handler::Reply;
use crate::host::{self, BoxError, Host, Outcome, bounded};
use crate::testing::faults::Kind;
use crate::testing::trace::{End, What};

/// Runs calls in one pod of a world.
#[derive(Clone)]
pub(crate) struct WorldHost {
    inside: Arc<Inside>,
    pod: Arc<Pod>,
}

impl WorldHost {
    pub(super) fn new(inside: &Arc<Inside>, pod: &Arc<Pod>) -> Self {
        Self {
            inside: Arc::clone(inside),
            pod: Arc::clone(pod),
        }
    }
}

impl Host for WorldHost {
    async fn run<T, F>(&self, call: host::Call, handler: F) -> Outcome<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, BoxError>> + Send + 'static,
    {
        let inside = &self.inside;
        let timeout = call.timeout;
        let call = inside.begin(call, &self.pod);
        let mut running = Running {
            inside: Arc::clone(inside),
            call: Arc::clone(&call),
        };
        if let Some(hold) = call.plan.hold {
            inside.fault(&call, Kind::Hold(hold));
            tokio::time::sleep(hold).await;
        }
        if call.plan.redeliver_at == Some(0) {
            inside.redeliver(&call, 0);
        }
        if call.plan.crash_at == Some(0) && inside.crash(&call, 0) {
            return std::future::pending().await;
        }
        inside.note(What::Started {
            call: Arc::clone(&call.name),
        });
        let handler: Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>> = if call.plan.hang {
            inside.fault(&call, Kind::Hang);
            Box::pin(std::future::pending())
        } else {
            Box::pin(handler)
        };
        let yields = inside.plan.yields(&call.name);
        let outcome = bounded(
            Instant::now(),
            timeout,
            Explored::new(handler, inside, &call, yields),
        )
        .await;
        running.end(end(&outcome));
        outcome
    }

    /// With its body, which may well be a stream that the handler makes.
    async fn whole(reply: Reply) -> Result<Response, BoxError> {
        let (head, body) = reply.await.into_parts();
        let body = to_bytes(body, usize::MAX).await;
        let body = body.map_err(|error| format!("its body broke off: {error}"))?;
        Ok(Response::from_parts(head, Body::from(body)))
    }
}

/// A call from its begin to its end. Dropped before its end, its pod died, or whoever waited for it
/// went away.
struct Running {
    inside: Arc<Inside>,
    call: Arc<Call>,
}

impl Running {
    fn end(&mut self, end: End) {
        if self.call.end() {
            self.inside.ended(&self.call, end);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end(End::Crashed);
    }
}

fn end<T>(outcome: &Outcome<T>) -> End {
    match outcome {
        Outcome::Done(_) => End::Done,
        Outcome::Panicked(text) => End::Panicked(text.clone()),
        Outcome::TimedOut => End::TimedOut,
        Outcome::Failed(error) => End::Failed(host::with_causes(&**error)),
    }
}
