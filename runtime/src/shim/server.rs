//! HTTP/1.1, and HTTP/2 without TLS for who speaks it at once (h2c), on one port.

use std::convert::Infallible;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Version, header};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tower::Service as _;

use super::shutdown::Shutdown;

/// The head of a request, in bytes; more is `431`. So are more than 100 headers, which is hyper's own bound: another one costs
/// it an allocation for each request.
const MAX_HEAD: usize = 64 * 1024;
/// How long a client may take for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How often an HTTP/2 client is asked whether it is still there.
const PING: Duration = Duration::from_secs(30);
/// Streams of one HTTP/2 connection.
const MAX_STREAMS: u32 = 1024;
/// So long a pod that leaves takes new connections: who sends requests hears of it with some delay.
const LINGER: Duration = Duration::from_secs(3);
/// The wait after a connection could not be taken: the process may have too many files open.
const PAUSE: Duration = Duration::from_millis(100);

/// A port that answers.
pub(super) struct Server {
    listener: TcpListener,
}

impl Server {
    /// Takes a port, on IPv6 and IPv4, as one socket has it on Linux; on IPv4 alone where there is no IPv6. Port 0 is
    /// any free one.
    ///
    /// # Errors
    ///
    /// When the port is not to be had.
    pub(super) async fn bind(port: u16) -> Result<Self, String> {
        let listener = match TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))
                .await
                .map_err(|error| format!("cannot listen on port {port}, as PORT says: {error}"))?,
        };
        let server = Self { listener };
        if let Some(address) = server.address() {
            tracing::info!(port = address.port(), "listening");
        }
        Ok(server)
    }

    fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Answers until the shutdown, takes connections for a little while longer, and ends when every request has its
    /// answer.
    pub(super) async fn serve(self, routes: Router, shutdown: Shutdown) {
        let connections = GracefulShutdown::new();
        let end = async {
            shutdown.begins().await;
            tokio::time::sleep(LINGER).await;
        };
        tokio::pin!(end);
        loop {
            tokio::select! {
                biased;
                () = &mut end => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => connect(stream, routes.clone(), shutdown.clone(), &connections),
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be taken");
                        tokio::time::sleep(PAUSE).await;
                    }
                },
            }
        }
        drop(self.listener);
        connections.shutdown().await;
    }
}

/// Answers a request. Tells clients of a pod that leaves to take another connection for the next one, so that none is under
/// way when this one is closed.
async fn answer(
    mut routes: Router,
    shutdown: Shutdown,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    // HTTP/2 has a frame for it, which the server sends at the end.
    let is_http1 = request.version() < Version::HTTP_2;
    let mut response = routes.call(request.map(Body::new)).await?;
    if is_http1 && shutdown.has_begun() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    Ok(response)
}

fn connect(stream: TcpStream, routes: Router, shutdown: Shutdown, connections: &GracefulShutdown) {
    // Small answers leave at once; without it they would only wait for their acknowledgement.
    let _ = stream.set_nodelay(true);
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD as u32);
    // A router is ready at any time.
    let service = service_fn(move |request| answer(routes.clone(), shutdown.clone(), request));
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let connection = connections.watch(connection.into_owned());
    tokio::spawn(async move {
        // A client that hangs up is no mistake of ours.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection broke off");
        }
    });
}
