//! An HTTP service.

use std::net::{Ipv6Addr, SocketAddr};

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::router::router;

/// The port where `PORT` says nothing.
const DEFAULT_PORT: u16 = 8080;

/// Answers the routes of these functions until SIGTERM, then finishes what it has begun.
pub(super) fn serve(functions: &[String]) -> Result<(), String> {
    let port = port(std::env::var("PORT").ok().as_deref())?;
    let names: Vec<&str> = functions.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the threads of the service: {error}"))?;
    runtime
        .block_on(listen(port, with_probes(router(&names))))
        .map_err(|error| format!("cannot serve on port {port}: {error}"))
}

async fn listen(port: u16, routes: Router) -> std::io::Result<()> {
    // Both IPv6 and IPv4: a dual-stack socket is Linux's default.
    let listener = TcpListener::bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))).await?;
    // As process 1 of a container, a program that does not ask for SIGTERM does not get it.
    let mut terminate = signal(SignalKind::terminate())?;
    axum::serve(listener, routes)
        .with_graceful_shutdown(async move {
            terminate.recv().await;
        })
        .await
}

/// The routes that the manifests' probes ask for.
fn with_probes(routes: Router) -> Router {
    routes
        .route("/.cloudc/healthz", get(async || "ok"))
        .route("/.cloudc/readyz", get(async || "ok"))
}

fn port(text: Option<&str>) -> Result<u16, String> {
    text.map_or(Ok(DEFAULT_PORT), |text| {
        text.parse()
            .map_err(|_| format!("PORT is no port: {text:?}; set it to a number from 0 to 65535"))
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn probes() {
        for path in ["/.cloudc/healthz", "/.cloudc/readyz"] {
            let request = Request::get(path).body(Body::empty()).expect("a request");
            let answer = with_probes(Router::new())
                .oneshot(request)
                .await
                .expect("an answer");
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
        }
    }

    #[test]
    fn ports() {
        assert_eq!(port(None), Ok(8080));
        assert_eq!(port(Some("80")), Ok(80));
        assert!(port(Some("http")).is_err());
        assert!(port(Some("65536")).is_err());
    }
}
