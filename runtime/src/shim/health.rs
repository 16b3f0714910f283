//! What the probes of the manifests ask: is the process alive, and shall it get work?

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::shutdown::Shutdown;
use crate::backend::Connection;
use crate::problem::problem;

/// Nobody's route begins with it: the compiler refuses such a one.
const ALIVE: &str = "/.cloudc/healthz";
const READY: &str = "/.cloudc/readyz";

/// Whether a pod can work.
#[derive(Clone)]
pub(super) struct Health {
    shutdown: Shutdown,
    /// `None` until it has connected for the first time.
    connections: Arc<Mutex<Option<Connections>>>,
}

/// What a pod is connected to.
type Connections = Vec<Arc<dyn Connection>>;

impl Health {
    pub(super) fn new(shutdown: Shutdown) -> Self {
        Self {
            shutdown,
            connections: Arc::default(),
        }
    }

    /// The pod has connected to what it needs; it is ready while these stand.
    pub(super) fn connected(&self, connections: Connections) {
        *self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(connections);
    }

    fn ready(&self) -> Result<(), String> {
        if self.shutdown.has_begun() {
            return Err("it is leaving".to_owned());
        }
        let connections = self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match &*connections {
            None => Err("it has not connected to its servers yet; its log says why".to_owned()),
            Some(connections) => connections.iter().try_for_each(|one| one.ready()),
        }
    }

    /// The probes' routes.
    pub(super) fn routes(&self) -> Router {
        let health = self.clone();
        let other = async || problem(StatusCode::METHOD_NOT_ALLOWED, None);
        Router::new()
            .route(ALIVE, get(async || "alive").fallback(other))
            .route(READY, get(async move || health.answer()).fallback(other))
    }

    fn answer(&self) -> Response {
        match self.ready() {
            Ok(()) => "ready".into_response(),
            Err(why) => problem(StatusCode::SERVICE_UNAVAILABLE, Some(&why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;
    use crate::backend::Answer;

    struct Line(Result<(), String>);

    impl Connection for Line {
        fn ready(&self) -> Result<(), String> {
            self.0.clone()
        }

        fn close(&self) -> Answer<'_, ()> {
            Box::pin(async { Ok(()) })
        }
    }

    async fn ask(health: &Health, path: &str) -> u16 {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let Ok(answer) = health.routes().oneshot(request).await;
        answer.status().as_u16()
    }

    #[tokio::test]
    async fn ready_means_connected_and_not_leaving() {
        let (trigger, shutdown) = Shutdown::new();
        let health = Health::new(shutdown);
        assert_eq!(ask(&health, READY).await, 503, "not connected yet");
        let broken = Line(Err("the broker is away".to_owned()));
        health.connected(vec![Arc::new(Line(Ok(()))), Arc::new(broken)]);
        assert_eq!(ask(&health, READY).await, 503, "one is away");
        health.connected(vec![Arc::new(Line(Ok(())))]);
        assert_eq!(ask(&health, READY).await, 200);
        trigger.pull();
        assert_eq!(ask(&health, READY).await, 503, "it is leaving");
        assert_eq!(ask(&health, ALIVE).await, 200);
    }
}
