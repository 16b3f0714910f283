//! What goes wrong, and when.

use serde_json::json;

use super::status::Failure;

/// A rule: what happens to the nth request that fits.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// The method; `*` for any.
    pub(crate) method: String,
    /// The path, where `*` stands for any text.
    pub(crate) path: String,
    /// The requests that are left alone first.
    pub(crate) skip: usize,
    /// The requests that it happens to; `usize::MAX` for all from then on.
    pub(crate) times: usize,
    /// What happens.
    pub(crate) trouble: Trouble,
}

/// What can happen to a request.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// The server answers this and does nothing.
    Answer(Failure),
    /// The connection is cut before the server acts.
    CutBefore,
    /// The server acts, and the connection is cut before the answer.
    CutAfter,
    /// The server takes the request and never answers.
    Stall,
}

impl Trouble {
    /// 401: the token is not valid any more.
    pub(crate) fn expired() -> Self {
        Self::Answer(Failure::new(401, "Unauthorized", "Unauthorized"))
    }

    /// 429 of a server that has too much to do: plain text, and when to come again.
    pub(crate) fn too_many_requests(seconds: u64) -> Self {
        let mut failure = Failure::text(429, "Too many requests, please try again later.\n");
        failure.retry_after = Some(seconds);
        Self::Answer(failure)
    }

    /// 500 with a Status.
    pub(crate) fn internal() -> Self {
        let message = "Internal error occurred: etcdserver: leader changed";
        Self::Answer(Failure::new(500, "InternalError", message))
    }

    /// 503 with a Status.
    pub(crate) fn unavailable() -> Self {
        let message = "the server is currently unable to handle the request";
        Self::Answer(Failure::new(503, "ServiceUnavailable", message))
    }

    /// 409 of a write that another one overtook.
    pub(crate) fn conflict(resource: &str, name: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {resource} {name:?}: the object has been modified; please apply your \
             changes to the latest version and try again"
        );
        Self::Answer(
            Failure::new(409, "Conflict", message)
                .with_details(json!({"name": name, "kind": resource})),
        )
    }

    /// 403 or 400 of an admission webhook.
    pub(crate) fn webhook(name: &str, code: u16, message: &str) -> Self {
        Self::Answer(Failure::denied(name, code, message))
    }

    /// 500 of an admission webhook that cannot be reached.
    pub(crate) fn webhook_unreachable(name: &str) -> Self {
        let message = format!(
            "Internal error occurred: failed calling webhook {name:?}: failed to call webhook: Post \
             \"https://webhook.example.svc:443/?timeout=10s\": context deadline exceeded"
        );
        Self::Answer(Failure::new(500, "InternalError", message))
    }
}

/// What happens to a request by the first rule that fits; counts it.
pub(crate) fn strike(faults: &mut [Fault], method: &str, path: &str) -> Option<Trouble> {
    for fault in faults {
        let fits = (fault.method == "*" || fault.method == method) && matches(&fault.path, path);
        if !fits || fault.times == 0 {
            continue;
        }
        if fault.skip > 0 {
            fault.skip -= 1;
            continue;
        }
        if fault.times != usize::MAX {
            fault.times -= 1;
        }
        return Some(fault.trouble.clone());
    }
    None
}

/// Whether a text fits a pattern in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            (0..=text.len())
                .filter(|index| text.is_char_boundary(*index))
                .any(|index| matches(rest, &text[index..]))
        }),
    }
}
