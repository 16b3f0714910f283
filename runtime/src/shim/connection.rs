//! One connection: HTTP/1.1, or HTTP/2 without TLS for who speaks it at once (h2c).

use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::Response;
use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tower::Service as _;

use super::pulse::Pulse;
use super::shutdown::Shutdown;

/// The head of a request, in bytes; more is `431`. So are more than 100 headers, which is hyper's own bound: another one costs
/// it an allocation for each request.
const MAX_HEAD: usize = 64 * 1024;
/// How long a client may take until it has said a word, and for the head of a request.
pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The same when connections have to end.
const LINGER: Duration = Duration::from_secs(1);
/// The first that a client says who speaks HTTP/2.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How often an HTTP/2 client is asked whether it is still there.
const PING: Duration = Duration::from_secs(30);
/// Streams of one HTTP/2 connection.
const MAX_STREAMS: u32 = 1024;
/// Between two looks at what a client has said.
const LOOK: Duration = Duration::from_millis(20);

/// What connections answer with, and until when.
#[derive(Clone)]
pub(super) struct Answers {
    pub(super) routes: Router,
    pub(super) shutdown: Shutdown,
    /// Changes when connections have to end.
    pub(super) closing: watch::Receiver<()>,
}

impl Answers {
    /// Answers the requests of one connection to its end. What is under way when connections have to end is finished.
    pub(super) async fn serve(mut self, stream: TcpStream) {
        let version = tokio::select! {
            biased;
            version = timeout(HEAD_TIMEOUT, version(&stream)) => version.ok(),
            _ = self.closing.changed() => None,
        };
        let ended = match version {
            Some(Version::Http1) => self.serve_http1(stream).await,
            Some(Version::Http2) => self.serve_http2(stream).await,
            None => return tracing::debug!("a client said nothing"),
        };
        // A client that hangs up is no mistake of ours.
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection broke off");
        }
    }

    async fn serve_http1(self, stream: TcpStream) -> hyper::Result<()> {
        let Self {
            routes,
            shutdown,
            mut closing,
        } = self;
        let pulse = Pulse::default();
        let routes = RefCell::new(routes);
        let (pulse_of, shutdown_of) = (&pulse, &shutdown);
        let service = service_fn(move |request| {
            pulse_of.begin();
            answer(&mut routes.borrow_mut(), request).map(move |reply| {
                Ok::<_, Infallible>(pulse_of.answer(leaving(reply?, shutdown_of)))
            })
        });
        let connection = http1::Builder::new()
            // The pulse is looked after instead: hyper would set a timer for each request.
            .header_read_timeout(None)
            .max_buf_size(MAX_HEAD)
            .serve_connection(pulse.of(TokioIo::new(stream)), service)
            .with_upgrades();
        let mut gone = closing.clone();
        let leaves = closing.changed().map(|_| Event::Leaves);
        // hyper waits for the rest of a head, and who has sent half of one may never send it.
        let left = async {
            let _ = gone.changed().await;
            pulse.stands_still(LINGER).await;
        };
        let stands_still = async {
            tokio::select! {
                () = pulse.stands_still(HEAD_TIMEOUT) => Event::StandsStill,
                () = left => Event::StandsStill,
            }
        };
        let events = [leaves.boxed(), stands_still.boxed()];
        let mut connection = std::pin::pin!(connection);
        drive(
            connection.as_mut(),
            |connection| connection.graceful_shutdown(),
            events,
        )
        .await
    }

    async fn serve_http2(self, stream: TcpStream) -> hyper::Result<()> {
        let Self {
            routes,
            mut closing,
            ..
        } = self;
        let routes = RefCell::new(routes);
        let service = service_fn(move |request| answer(&mut routes.borrow_mut(), request));
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEAD as u32)
            .serve_connection(TokioIo::new(stream), service);
        let leaves = closing.changed().map(|_| Event::Leaves);
        let mut connection = std::pin::pin!(connection);
        // HTTP/2 has a frame that tells clients to leave, which is sent at the end.
        drive(
            connection.as_mut(),
            |connection| connection.graceful_shutdown(),
            [leaves.boxed()],
        )
        .await
    }
}

/// What happens to a connection, beside requests.
enum Event {
    /// It ends when it has answered what is under way.
    Leaves,
    /// Nothing has moved for too long.
    StandsStill,
}

/// Runs a connection to its end.
async fn drive<C: Future<Output = hyper::Result<()>>>(
    mut connection: Pin<&mut C>,
    leave: impl Fn(Pin<&mut C>),
    events: impl IntoIterator<Item = BoxFuture<'_, Event>>,
) -> hyper::Result<()> {
    // It looks at an event only when that has something to say, and not at each request.
    let mut events: FuturesUnordered<_> = events.into_iter().collect();
    loop {
        tokio::select! {
            biased;
            ended = &mut connection => return ended,
            Some(event) = events.next() => match event {
                Event::Leaves => leave(connection.as_mut()),
                Event::StandsStill => {
                    tracing::debug!("a client took too long");
                    return Ok(());
                }
            },
        }
    }
}

fn answer(
    routes: &mut Router,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response, Infallible>> + use<> {
    // A router is ready at any time.
    routes.call(request.map(body))
}

/// Most requests have none, which needs no place of its own.
fn body(incoming: Incoming) -> Body {
    if incoming.is_end_stream() {
        Body::empty()
    } else {
        Body::new(incoming)
    }
}

/// Tells clients of a pod that leaves to take another connection for the next request, so that none is under way when this one is
/// closed.
fn leaving(mut response: Response, shutdown: &Shutdown) -> Response {
    // The connection of an upgrade is no longer HTTP's.
    if shutdown.has_begun() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

/// What a client speaks.
enum Version {
    Http1,
    Http2,
}

/// Waits until a client has said enough to know. hyper would wait for that without end.
async fn version(stream: &TcpStream) -> Version {
    let mut said = [0; PREFACE.len()];
    while let Ok(count @ 1..) = stream.peek(&mut said).await {
        if !PREFACE.starts_with(&said[..count]) {
            return Version::Http1;
        }
        if count == PREFACE.len() {
            return Version::Http2;
        }
        // What has come is there at each look.
        sleep(LOOK).await;
    }
    // It hung up, which is found again.
    Version::Http1
}
