//! HTTP/1.1, and HTTP/2 without TLS for who speaks it at once (h2c), on one port.

use std::convert::Infallible;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderValue, Request, Version, header};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tower::Service as _;

use super::head_timer::HeadTimer;
use super::shutdown::Shutdown;

/// The head of a request, in bytes; more is `431`. So are more than 100 headers, which is hyper's own bound: another one costs
/// it an allocation for each request.
const MAX_HEAD: usize = 64 * 1024;
/// How long a client may take until it has said a word, and for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The first that a client says who speaks HTTP/2.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How often an HTTP/2 client is asked whether it is still there.
const PING: Duration = Duration::from_secs(30);
/// Streams of one HTTP/2 connection.
const MAX_STREAMS: u32 = 1024;
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
        let (open, closing) = watch::channel(());
        // Who sends requests hears of it with some delay.
        let end = shutdown.is_too_late();
        tokio::pin!(end);
        loop {
            tokio::select! {
                biased;
                () = &mut end => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let watcher = connections.watcher();
                        connect(stream, routes.clone(), shutdown.clone(), closing.clone(), watcher);
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be taken");
                        sleep(PAUSE).await;
                    }
                },
            }
        }
        drop((self.listener, open));
        connections.shutdown().await;
    }
}

/// Answers a request. Tells clients of a pod that leaves to take another connection for the next one, so that none is under
/// way when this one is closed.
fn answer(
    mut routes: Router,
    shutdown: Arc<Shutdown>,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response, Infallible>> {
    // HTTP/2 has a frame for it, which the server sends at the end.
    let is_http1 = request.version() < Version::HTTP_2;
    let reply = routes.call(request.map(body));
    async move {
        let mut response = reply.await?;
        if is_http1 && shutdown.has_begun() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        Ok(response)
    }
}

/// Most requests have none, which needs no place of its own.
fn body(incoming: Incoming) -> Body {
    if incoming.is_end_stream() {
        Body::empty()
    } else {
        Body::new(incoming)
    }
}

fn connect(
    stream: TcpStream,
    routes: Router,
    shutdown: Shutdown,
    mut closing: watch::Receiver<()>,
    watcher: Watcher,
) {
    // Small answers leave at once; without it they would only wait for their acknowledgement.
    let _ = stream.set_nodelay(true);
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(HeadTimer::default())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD as u32);
    let shutdown = Arc::new(shutdown);
    // A router is ready at any time.
    let service = service_fn(move |request| answer(routes.clone(), Arc::clone(&shutdown), request));
    tokio::spawn(async move {
        let has_spoken = tokio::select! {
            biased;
            spoken = timeout(HEAD_TIMEOUT, speaks(&stream)) => spoken.is_ok(),
            _ = closing.changed() => false,
        };
        if !has_spoken {
            return tracing::debug!("a client said nothing");
        }
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        // A client that hangs up is no mistake of ours.
        if let Err(error) = watcher.watch(connection.into_owned()).await {
            tracing::debug!(%error, "a connection broke off");
        }
    });
}

/// Waits until a client has said enough to know which version it speaks. hyper would wait for that without end.
async fn speaks(stream: &TcpStream) {
    let mut said = [0; PREFACE.len()];
    while let Ok(count @ 1..) = stream.peek(&mut said).await {
        if count == PREFACE.len() || !PREFACE.starts_with(&said[..count]) {
            return;
        }
        // What has come is there at each look.
        sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::Instant;

    use super::*;
    use crate::shim::shutdown::LAST_CALL;

    /// Time stands until nothing else is left to wait for.
    #[tokio::test(start_paused = true)]
    async fn a_client_that_says_nothing_is_not_kept() {
        let server = Server::bind(0).await.expect("a port");
        let address = (Ipv4Addr::LOCALHOST, server.address().expect("one").port());
        let (trigger, shutdown) = Shutdown::new();
        let serving = tokio::spawn(server.serve(Router::new(), shutdown));
        for said in ["", "PRI * HT", "GET /"] {
            let mut client = TcpStream::connect(address).await.expect("a connection");
            client.write_all(said.as_bytes()).await.expect("sent");
            let end = timeout(HEAD_TIMEOUT * 3, client.read(&mut [0; 64])).await;
            assert!(end.is_ok(), "{said:?}");
        }
        let silent = TcpStream::connect(address).await.expect("a connection");
        let began = Instant::now();
        trigger.pull();
        serving.await.expect("it ends");
        assert!(began.elapsed() < LAST_CALL * 2, "{:?}", began.elapsed());
        drop(silent);
    }
}
