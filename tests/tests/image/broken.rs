//! Registries that fail in ways of which a real one can't be asked.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cloudc_compiler::image::{Facts, Image, Platform, build};
use cloudc_compiler::registry::{Destination, Failure, Progress, Pushed, push};
use futures_util::StreamExt as _;

/// What a registry does before it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// It answers this to everything.
    Always(StatusCode, &'static str),
    /// It answers this to so many uploads.
    Uploads(StatusCode, usize),
    /// It hangs up in the middle of so many blobs.
    Cuts(usize),
    /// It has another manifest than was sent.
    OtherDigest,
}

/// What it has, and what it was asked.
#[derive(Default)]
struct Store {
    blobs: HashMap<String, Bytes>,
    manifests: HashMap<String, Bytes>,
    failed: usize,
    uploads: usize,
}

type Shared = Arc<(Fault, Mutex<Store>)>;

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let (fault, store) = &*shared;
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let last = path.rsplit('/').next().unwrap_or_default().to_owned();
    if let Fault::Always(status, text) = *fault {
        return (status, text).into_response();
    }
    if path == "/v2/" {
        return StatusCode::OK.into_response();
    }
    match (
        &parts.method,
        path.contains("/blobs/"),
        path.contains("/uploads/"),
    ) {
        (&Method::HEAD, true, _) => match store
            .lock()
            .expect("nobody panics in it")
            .blobs
            .contains_key(&last)
        {
            true => StatusCode::OK.into_response(),
            false => StatusCode::NOT_FOUND.into_response(),
        },
        (&Method::POST, _, true) => {
            let mut store = store.lock().expect("nobody panics in it");
            store.uploads += 1;
            if let Fault::Uploads(status, times) = *fault
                && store.failed < times
            {
                store.failed += 1;
                return status.into_response();
            }
            let place = [(
                header::LOCATION,
                "/v2/team/app/blobs/uploads/1?state=a-secret",
            )];
            (StatusCode::ACCEPTED, place).into_response()
        }
        (&Method::PUT, _, true) => {
            let cut = {
                let mut store = store.lock().expect("nobody panics in it");
                let cut = matches!(*fault, Fault::Cuts(times) if store.failed < times);
                store.failed += usize::from(cut);
                cut
            };
            if cut {
                // The connection ends with the task.
                let _ = body.into_data_stream().next().await;
                panic!("cut");
            }
            let query = parts.uri.query().unwrap_or_default();
            let digest = query
                .rsplit("digest=")
                .next()
                .unwrap_or_default()
                .replace("%3A", ":");
            let bytes = to_bytes(body, usize::MAX).await.expect("it does");
            store
                .lock()
                .expect("nobody panics in it")
                .blobs
                .insert(digest, bytes);
            let place = [(header::LOCATION, "/v2/team/app/blobs/1")];
            (StatusCode::CREATED, place).into_response()
        }
        (&Method::PUT, ..) => {
            let bytes = to_bytes(body, usize::MAX).await.expect("it does");
            store
                .lock()
                .expect("nobody panics in it")
                .manifests
                .insert(last, bytes);
            let place = [(header::LOCATION, "/v2/team/app/manifests/1")];
            (StatusCode::CREATED, place).into_response()
        }
        _ => match store
            .lock()
            .expect("nobody panics in it")
            .manifests
            .get(&last)
        {
            Some(_) if *fault == Fault::OtherDigest => "{}".into_response(),
            Some(bytes) => Body::from(bytes.clone()).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        },
    }
}

/// Starts it on a free port, and pushes.
async fn pushed(fault: Fault) -> (Result<Pushed, Failure>, Shared, Heard) {
    let shared: Shared = Arc::new((fault, Mutex::default()));
    let app = Router::new()
        .fallback(answer)
        .with_state(Arc::clone(&shared));
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)));
    let listener = listener.await.expect("it does");
    let host = listener.local_addr().expect("it does").to_string();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let heard = Heard::default();
    let to = Destination {
        name: format!("{host}/team/app"),
        plain_http: true,
    };
    let result = push(&image(), &to, Arc::new(heard.clone())).await;
    server.abort();
    (result, shared, heard)
}

fn image() -> Image {
    let facts = Facts {
        name: "app".to_owned(),
        platform: Platform::default(),
        labels: Vec::new(),
        components: Vec::new(),
    };
    // Random, so that it is not made small: a connection can be cut in the middle of it.
    let mut program = vec![0; 3 << 20];
    rand::fill(&mut program[..]);
    build(&program, &facts).expect("it does")
}

/// What was tried again, and how much was sent.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<(Vec<String>, u64)>>);

impl Progress for Heard {
    fn sent(&self, bytes: u64) {
        self.0.lock().expect("nobody panics in it").1 += bytes;
    }

    fn again(&self, what: &str, why: &str, _: Duration) {
        self.0
            .lock()
            .expect("nobody panics in it")
            .0
            .push(format!("{what}: {why}"));
    }
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    let busy = Fault::Uploads(StatusCode::TOO_MANY_REQUESTS, 1);
    for fault in [
        Fault::None,
        Fault::Uploads(StatusCode::INTERNAL_SERVER_ERROR, 2),
        busy,
    ] {
        let (result, shared, heard) = pushed(fault).await;
        assert_eq!(
            result.map(|pushed| (pushed.sent, pushed.there)),
            Ok((3, 0)),
            "{fault:?}"
        );
        let store = shared.1.lock().expect("nobody panics in it");
        assert_eq!(
            heard.0.lock().expect("nobody panics in it").0.len(),
            store.failed,
            "{fault:?}"
        );
        // With the two of the attached document, its manifest, and the tag that lists it.
        assert_eq!(store.uploads, 5 + store.failed, "{fault:?}");
        assert_eq!((store.blobs.len(), store.manifests.len()), (5, 3));
    }
}

#[tokio::test]
async fn a_blob_that_was_cut_off_is_sent_from_its_start() {
    let (result, shared, heard) = pushed(Fault::Cuts(1)).await;
    assert_eq!(result.map(|pushed| pushed.sent), Ok(3));
    let store = shared.1.lock().expect("nobody panics in it");
    let sizes: usize = store.blobs.values().map(Bytes::len).sum();
    let (again, sent) = &*heard.0.lock().expect("nobody panics in it");
    assert_eq!(again.len(), 1, "{again:?}");
    assert!(again[0].starts_with("send a blob: "), "{again:?}");
    assert!(*sent > sizes as u64, "what was sent in vain counts");
}

#[tokio::test]
async fn who_says_no_is_asked_once() {
    let denied = r#"{"errors":[{"code":"DENIED","message":"no quota\u001b[31m left"}]}"#;
    let cases = [
        (
            StatusCode::UNAUTHORIZED,
            "",
            "does not let in who comes without a login",
        ),
        (
            StatusCode::FORBIDDEN,
            denied,
            "does not let push who comes without a login: no quota [31m left",
        ),
        (StatusCode::NOT_FOUND, "", "it answers 404"),
        (StatusCode::BAD_REQUEST, "<html>", "it answers 400"),
    ];
    for (status, text, words) in cases {
        let (result, _, heard) = pushed(Fault::Always(status, text)).await;
        let said = result.unwrap_err().to_string();
        assert!(said.ends_with(words), "{said}");
        assert!(
            heard.0.lock().expect("nobody panics in it").0.is_empty(),
            "{said}"
        );
    }
}

#[tokio::test]
async fn another_digest_than_was_pushed_is_an_error() {
    let (result, ..) = pushed(Fault::OtherDigest).await;
    let failure = result.unwrap_err();
    let Failure::Digest { ours, theirs, .. } = &failure else {
        panic!("{failure}");
    };
    assert_ne!(ours, theirs);
}
