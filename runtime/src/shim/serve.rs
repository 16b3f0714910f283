//! An HTTP service.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

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
    // One socket for IPv6 and IPv4, as Linux has it by default; IPv4 alone where there is no IPv6.
    let listener = match TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await?,
    };
    let terminated = terminated()?;
    axum::serve(listener, routes)
        .with_graceful_shutdown(terminated)
        .await
}

/// SIGTERM. As process 1 of a container, a program that does not ask for it does not get it.
#[cfg(unix)]
fn terminated() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        terminate.recv().await;
    })
}

/// Elsewhere Ctrl-C, for a developer's machine.
#[cfg(not(unix))]
fn terminated() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without the signal the service runs until it is stopped in some other way.
        let _ = tokio::signal::ctrl_c().await;
    })
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
