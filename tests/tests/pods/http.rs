//! A client of a pod.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Longer than any answer takes that comes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends requests, and keeps connections.
#[derive(Clone)]
pub(crate) struct Http(Client<HttpConnector, Full<Bytes>>);

/// An answer: its status and its body.
pub(crate) type Answer = Result<(u16, String), String>;

impl Http {
    pub(crate) fn new() -> Self {
        // A client that tries by itself again would hide what the test looks for.
        let client = Client::builder(TokioExecutor::new())
            .retry_canceled_requests(false)
            .build_http();
        Self(client)
    }

    /// The same, in HTTP/2 from the first byte.
    pub(crate) fn http2() -> Self {
        let client = Client::builder(TokioExecutor::new())
            .http2_only(true)
            .build_http();
        Self(client)
    }

    pub(crate) async fn get(&self, port: u16, path: &str) -> Answer {
        self.send("GET", port, path, String::new(), None).await
    }

    pub(crate) async fn post(&self, port: u16, path: &str, body: String) -> Answer {
        self.send("POST", port, path, body, None).await
    }

    pub(crate) async fn put(&self, port: u16, path: &str, body: String) -> Answer {
        self.send("PUT", port, path, body, None).await
    }

    /// Asks with a header of so many bytes.
    pub(crate) async fn get_with_header(&self, port: u16, path: &str, bytes: usize) -> Answer {
        let header = ("x-long", &*"x".repeat(bytes));
        self.send("GET", port, path, String::new(), Some(header))
            .await
    }

    /// Posts as a part of a trace.
    pub(crate) async fn post_in(&self, trace: &str, port: u16, path: &str, body: String) -> Answer {
        self.send("POST", port, path, body, Some(("traceparent", trace)))
            .await
    }

    /// Asks, and reads no more than the head of the answer.
    pub(crate) async fn begin(&self, port: u16, path: &str) -> Response<Incoming> {
        let request = Request::get(format!("http://127.0.0.1:{port}{path}")).body(Full::default());
        let answer = self.0.request(request.expect("a request")).await;
        answer.expect("an answer")
    }

    async fn send(
        &self,
        method: &str,
        port: u16,
        path: &str,
        body: String,
        extra: Option<(&str, &str)>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://127.0.0.1:{port}{path}"))
            .header(header::CONTENT_TYPE, "application/json");
        if let Some((name, value)) = extra {
            request = request.header(name, value);
        }
        let request = request.body(Full::from(body));
        self.ask(request.expect("a request")).await
    }

    async fn ask(&self, request: Request<Full<Bytes>>) -> Answer {
        let answer = async {
            let answer = self.0.request(request).await.map_err(|error| {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                format!("{error}: {}", cause.unwrap_or_default())
            })?;
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await;
            let body = body.map_err(|error| error.to_string())?.to_bytes();
            Ok((status, String::from_utf8_lossy(&body).into_owned()))
        };
        tokio::time::timeout(PATIENCE, answer)
            .await
            .unwrap_or_else(|_| Err("no answer".to_owned()))
    }
}
