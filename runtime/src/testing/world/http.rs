//! Requests to the services of a world: through the router of production, without a socket.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt as _;

use super::host::WorldHost;
use super::inside::Inside;
use super::pods::Pod;
use crate::app::{Kind, Workload};
use crate::gate::Gate;
use crate::router::{Limits, routes};
use crate::testing::trace::{Name, What};

/// A service: its routes, in one pod.
pub(crate) struct Service {
    name: Name,
    routes: Router,
    pod: Arc<Pod>,
}

/// The services of the application, by name.
pub(super) fn services(inside: &Arc<Inside>) -> BTreeMap<String, Arc<Service>> {
    let services = inside.app.workloads.iter();
    let services = services.filter(|workload| workload.kind == Kind::Service);
    services
        .map(|workload| (workload.name.clone(), Arc::new(service(inside, workload))))
        .collect()
}

fn service(inside: &Arc<Inside>, workload: &Workload) -> Service {
    let functions = workload.functions.iter();
    let names: Vec<_> = functions
        .filter_map(|index| inside.app.functions.get(*index))
        .map(|function| function.name)
        .collect();
    let pod = Pod::new(&workload.name);
    let host = WorldHost::new(inside, &pod);
    // As many requests at the same time as all pods of the service take, and as many wait.
    let pods = workload.scale.max.unwrap_or(u32::MAX).max(1);
    let limits = Limits {
        timeout: workload.timeout,
        gate: Some(Arc::new(Gate::new(
            workload.concurrency.saturating_mul(pods),
        ))),
    };
    Service {
        name: workload.name.as_str().into(),
        routes: routes(&names, &limits, &host),
        pod,
    }
}

/// Sends requests to one service. From [`World::http`](super::World::http).
#[derive(Clone)]
pub struct Http {
    inside: Arc<Inside>,
    service: Arc<Service>,
}

impl Http {
    pub(super) fn new(inside: &Arc<Inside>, service: &Arc<Service>) -> Self {
        Self {
            inside: Arc::clone(inside),
            service: Arc::clone(service),
        }
    }

    /// A `GET` request.
    pub fn get(&self, path: impl Into<String>) -> Sending {
        self.request(Method::GET, path)
    }

    /// A `POST` request.
    pub fn post(&self, path: impl Into<String>) -> Sending {
        self.request(Method::POST, path)
    }

    /// A `PUT` request.
    pub fn put(&self, path: impl Into<String>) -> Sending {
        self.request(Method::PUT, path)
    }

    /// A `PATCH` request.
    pub fn patch(&self, path: impl Into<String>) -> Sending {
        self.request(Method::PATCH, path)
    }

    /// A `DELETE` request.
    pub fn delete(&self, path: impl Into<String>) -> Sending {
        self.request(Method::DELETE, path)
    }

    /// A request with any method. The path may have a query: `/search?q=bell`.
    pub fn request(&self, method: Method, path: impl Into<String>) -> Sending {
        Sending {
            http: self.clone(),
            method,
            path: path.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Http").field(&self.service.name).finish()
    }
}

/// A request that is being put together; [`Sending::send`] sends it.
#[derive(Clone, Debug)]
#[must_use = "`.send().await` sends it"]
pub struct Sending {
    http: Http,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

/// The head of a request, in bytes, and how many headers it may have: the limits of a pod's server.
const MAX_HEAD: usize = 64 * 1024;
const MAX_HEADERS: usize = 100;

/// How often a client tries that tries again, and how long it waits before.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);

impl Sending {
    /// Adds a header.
    ///
    /// # Panics
    ///
    /// When the name or the value cannot be one.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let Ok(key) = name.parse::<HeaderName>() else {
            panic!("{name:?} cannot be the name of a header");
        };
        let Ok(value) = value.parse::<HeaderValue>() else {
            panic!("{value:?} cannot be the value of the header {name}");
        };
        self.headers.append(key, value);
        self
    }

    /// Sets the body: this value as JSON, with the header that says so.
    ///
    /// # Panics
    ///
    /// When serde cannot make JSON of it.
    #[track_caller]
    pub fn json(mut self, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(json) => self.body = Bytes::from(json),
            Err(error) => panic!("the body of {} cannot be JSON: {error}", self.path),
        }
        let json = HeaderValue::from_static("application/json");
        self.headers.insert(header::CONTENT_TYPE, json);
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it as a client that tries again: while the answer is a server's failure (5xx), a second later the same
    /// request is sent, ten times at the most. In a simulation requests fail as well.
    ///
    /// # Panics
    ///
    /// As [`Sending::send`].
    pub async fn send_until_answered(self) -> Answer {
        let mut answer = self.clone().send().await;
        for _ in 1..TRIES {
            if !answer.status.is_server_error() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
            answer = self.clone().send().await;
        }
        answer
    }

    /// Sends it and waits for the answer. `502 Bad Gateway` if the pod died that handled it, as
    /// Knative's proxy answers then.
    ///
    /// # Panics
    ///
    /// When the path is none, or does not begin with `/`.
    pub async fn send(self) -> Answer {
        let request = format!("{} {}", self.method, self.path);
        assert!(
            self.path.starts_with('/'),
            "{:?} is no path of a request: it does not begin with `/`",
            self.path
        );
        let Http { inside, service } = self.http;
        let mut sent = match Request::builder()
            .method(self.method)
            .uri(&self.path)
            .body(Body::from(self.body))
        {
            Ok(sent) => sent,
            Err(error) => panic!("{:?} is no path of a request: {error}", self.path),
        };
        sent.headers_mut().extend(self.headers);
        let is_too_large = is_too_large(&request, sent.headers());
        let _waiting = inside.waiting();
        let routes = service.routes.clone();
        // Its body is whole by now.
        let answer = async {
            let Ok(response) = routes.oneshot(sent).await;
            let (head, body) = response.into_parts();
            (head, to_bytes(body, usize::MAX).await)
        };
        let (status, headers, body) = tokio::select! {
            biased;
            () = std::future::ready(()), if is_too_large => {
                (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, HeaderMap::new(), Bytes::new())
            }
            () = service.pod.dies() => (StatusCode::BAD_GATEWAY, HeaderMap::new(), Bytes::new()),
            (head, body) = answer => match body {
                Ok(body) => (head.status, head.headers, body),
                // The connection breaks off in the middle of the body.
                Err(_) => (StatusCode::BAD_GATEWAY, head.headers, Bytes::new()),
            },
        };
        inside.note(What::Answered {
            service: Name::clone(&service.name),
            request: request.clone(),
            status: status.as_u16(),
        });
        Answer {
            request,
            elsewhere: elsewhere(&inside, &service, status, &self.path),
            status,
            headers,
            body,
        }
    }
}

/// Whether a pod's server takes no such head: `METHOD /path HTTP/1.1`, and a line for each header.
fn is_too_large(request: &str, headers: &HeaderMap) -> bool {
    let lines = headers.iter();
    let lines = lines.map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    let head = request.len() + " HTTP/1.1\r\n".len() + lines.sum::<usize>() + "\r\n".len();
    head > MAX_HEAD || headers.len() > MAX_HEADERS
}

/// What else there is, where this service does not know a path.
fn elsewhere(inside: &Inside, service: &Service, status: StatusCode, path: &str) -> String {
    if status != StatusCode::NOT_FOUND {
        return String::new();
    }
    let others: Vec<_> = inside
        .services()
        .into_iter()
        .filter(|name| **name != *service.name)
        .map(|name| format!("`{name}`"))
        .collect();
    if others.is_empty() {
        return String::new();
    }
    format!(
        "; {path} was asked of the service `{}`, and there is also {}: `world.service(\"…\")`",
        service.name,
        others.join(", ")
    )
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    request: String,
    elsewhere: String,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as text; what is no UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body, read as JSON.
    ///
    /// # Panics
    ///
    /// When it is something else, with what it is.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!(
                "the answer to {} is no {}: {error}\n{self}",
                self.request,
                std::any::type_name::<T>()
            ),
        }
    }

    /// Asserts that the answer has this status, and returns it.
    ///
    /// # Panics
    ///
    /// When it has another one, with the whole answer.
    #[track_caller]
    pub fn assert_status(self, status: u16) -> Self {
        assert!(
            self.status == status,
            "{} was answered with {}, and {status} was expected{}\n{self}",
            self.request,
            self.status,
            self.elsewhere
        );
        self
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.status)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
        }
        write!(f, "\n{}", self.text())
    }
}
