//! The service: from a request to its answer.

use http_body_util::BodyExt;
use hyper::{Request, Response};
use kube::client::Body as Incoming;

use super::faults::{Trouble, strike};
use super::history::Entry;
use super::request::{Call, Target};
use super::status::{Body, Failure};
use super::store::State;
use super::{Cluster, delete, discovery, pods, read, review, settle, write};

/// 3 MiB: what the body of a request may have.
const MAX_BODY: usize = 3 * 1024 * 1024;

/// A connection that broke.
#[derive(Debug)]
pub(crate) struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("connection reset by peer")
    }
}

impl std::error::Error for Cut {}

/// Answers one request.
pub(crate) async fn serve(
    cluster: Cluster,
    request: Request<Incoming>,
) -> Result<Response<Incoming>, Cut> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes().to_vec();
    let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&head.uri)
        .map_err(|_| Cut)?
        .0;
    let content_type = head
        .headers
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let call = Call {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query,
        content_type: content_type.to_owned(),
        body,
    };
    let trouble = strike(&mut cluster.lock().faults, &call.method, &call.path);
    if matches!(trouble, Some(Trouble::Stall)) {
        std::future::pending::<()>().await;
    }
    answer(&mut cluster.lock(), &call, trouble.as_ref())
}

fn answer(
    state: &mut State,
    call: &Call,
    trouble: Option<&Trouble>,
) -> Result<Response<Incoming>, Cut> {
    let outcome = match trouble {
        Some(Trouble::CutBefore | Trouble::Stall) => None,
        Some(Trouble::Answer(failure)) => Some(Err(failure.clone())),
        Some(Trouble::CutAfter) => {
            // What it answers is lost with the connection.
            let _lost = act(state, call);
            None
        }
        None => Some(act(state, call)),
    };
    let status = outcome.as_ref().map(|outcome| match outcome {
        Ok((code, _)) => *code,
        Err(failure) => failure.code,
    });
    state.history.push(Entry {
        method: call.method.clone(),
        path: call.path.clone(),
        query: call.query.clone(),
        content_type: call.content_type.clone(),
        manager: call.parameter("fieldManager").to_owned(),
        status,
    });
    let (code, body, retry_after) = match outcome.ok_or(Cut)? {
        Ok((code, body)) => (code, body, None),
        Err(failure) => (failure.code, failure.body, failure.retry_after),
    };
    let (content_type, text) = match body {
        Body::Json(value) => ("application/json", value.to_string()),
        Body::Text(text) => ("text/plain; charset=utf-8", text),
    };
    let mut response = Response::builder()
        .status(code)
        .header("content-type", content_type);
    if let Some(seconds) = retry_after {
        response = response.header("retry-after", seconds);
    }
    response
        .body(Incoming::from(text.into_bytes()))
        .map_err(|_| Cut)
}

fn act(state: &mut State, call: &Call) -> Result<(u16, Body), Failure> {
    if call.body.len() > MAX_BODY {
        let message = format!("Request entity too large: limit is {MAX_BODY}");
        return Err(Failure::new(413, "RequestEntityTooLarge", message));
    }
    let settings = &state.settings;
    if let Some(found) = discovery::answer(&call.path, &settings.groups, &settings.version) {
        return Ok((200, Body::Json(found)));
    }
    let target = Target::of(&call.path, &settings.groups).ok_or_else(Failure::no_such_path)?;
    review::authorize(settings, &target, &call.method)?;
    if target.kind.group == "authorization.k8s.io" {
        return review::review(state, call).map(|(code, value)| (code, Body::Json(value)));
    }
    review::note(state, &target, &call.method);
    if target.subresource == "log" {
        return pods::log(state, &target, call).map(|text| (200, Body::Text(text)));
    }
    let watches = !matches!(call.parameter("watch"), "" | "false" | "0");
    if watches || target.subresource == "scale" {
        return Err(Failure::new(
            405,
            "MethodNotAllowed",
            "this server knows neither watches nor scales",
        ));
    }
    // Patches that follow one another are one burst for the controllers; whoever looks finds them done.
    if call.method != "PATCH" {
        settle::catch_up(state);
    }
    let before = state.revision();
    let (code, value) = match (call.method.as_str(), target.name.is_empty()) {
        ("GET", false) => read::get(state, &target),
        ("GET", true) => read::list(state, &target, call),
        ("POST", true) if !target.namespace.is_empty() || !target.kind.namespaced => {
            write::create(state, &target, call)
        }
        ("PUT", false) => write::replace(state, &target, call),
        ("PATCH", false) => write::change(state, &target, call),
        ("DELETE", false) => delete::delete(state, &target, call),
        ("DELETE", true) => delete::delete_all(state, &target, call),
        _ => {
            let message = "the server does not allow this method on the requested resource";
            Err(Failure::new(405, "MethodNotAllowed", message))
        }
    }?;
    if state.settings.auto_settle && state.revision() != before {
        // Nobody waits for a ConfigMap or a Lease: their writes come often, and the controllers take long.
        if settle::concerns(&target.kind) {
            state.unsettled = true;
        } else {
            delete::finish(state);
        }
    }
    if call.method != "PATCH" {
        settle::catch_up(state);
    }
    Ok((code, Body::Json(value)))
}
