//! How one workload is, read off its object.

use std::fmt;

use serde_json::Value;

use crate::release::Key;
use crate::text::plain;

/// How a workload is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// All that was asked for is there: what that is.
    Ready(String),
    /// On its way: how far.
    Coming(String),
    /// It does not go on by itself, most likely: the reason that a person needs.
    Hangs(String),
    /// It ended without success, and nothing will change that.
    Failed(String),
}

impl State {
    /// The state in a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ready(_) => "ready",
            Self::Coming(_) => "coming",
            Self::Hangs(_) => "hangs",
            Self::Failed(_) => "failed",
        }
    }

    /// What there is to say beside the word.
    pub fn text(&self) -> &str {
        match self {
            Self::Ready(text) | Self::Coming(text) | Self::Hangs(text) | Self::Failed(text) => text,
        }
    }

    /// The same without what a terminal would take for a command.
    pub(super) fn plain(self) -> Self {
        match self {
            Self::Ready(text) => Self::Ready(plain(&text)),
            Self::Coming(text) => Self::Coming(plain(&text)),
            Self::Hangs(text) => Self::Hangs(plain(&text)),
            Self::Failed(text) => Self::Failed(plain(&text)),
        }
    }

    /// Whether it is ready.
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Ready(_))
    }
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which workload: `Deployment charge`.
    pub workload: String,
    /// How it is.
    pub state: State,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.state.word();
        match self.state.text() {
            "" => write!(f, "{}: {word}", self.workload),
            text => write!(f, "{}: {word}, {text}", self.workload),
        }
    }
}

/// A condition of an object's status.
pub(super) struct Condition<'a> {
    pub(super) status: &'a str,
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
}

/// The condition of this type, if the object has one.
pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> Option<Condition<'a>> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    let found = conditions
        .iter()
        .find(|condition| condition["type"] == kind)?;
    let text = |key: &str| found.get(key).and_then(Value::as_str).unwrap_or_default();
    Some(Condition {
        status: text("status"),
        reason: text("reason"),
        message: text("message"),
    })
}

/// Whether a deploy waits for objects of this kind.
pub(super) fn is_waited_for(key: &Key) -> bool {
    matches!(
        (key.group(), key.kind.as_str()),
        ("apps", "Deployment" | "StatefulSet")
            | ("batch", "Job")
            | ("serving.knative.dev", "Service")
            | ("keda.sh", "ScaledObject")
    )
}

/// Whether the status of objects of this kind does not say of which generation it is: KEDA has no `observedGeneration`.
pub(super) fn lags(key: &Key) -> bool {
    (key.group(), key.kind.as_str()) == ("keda.sh", "ScaledObject")
}

/// How an object is, as far as it says itself. `object` is all of it, with its status.
pub(super) fn of(key: &Key, generation: i64, object: &Value) -> State {
    let observed = object
        .pointer("/status/observedGeneration")
        .and_then(Value::as_i64);
    if observed.is_some_and(|observed| observed < generation) {
        return State::Coming("not looked at yet".to_owned());
    }
    match key.kind.as_str() {
        "Job" => job(object),
        "ScaledObject" => scaled_object(object),
        "Service" => knative_service(object, observed.is_some()),
        "StatefulSet" => stateful_set(object, observed.is_some()),
        _ => deployment(object, observed.is_some()),
    }
}

fn number(object: &Value, path: &str) -> i64 {
    object.pointer(path).and_then(Value::as_i64).unwrap_or(0)
}

fn waiting() -> State {
    State::Coming("waiting for its controller".to_owned())
}

fn deployment(object: &Value, seen: bool) -> State {
    if !seen {
        return waiting();
    }
    let wanted = number(object, "/spec/replicas");
    let updated = number(object, "/status/updatedReplicas");
    let available = number(object, "/status/availableReplicas");
    let all = number(object, "/status/replicas");
    if wanted == 0 && all == 0 {
        return State::Ready("sleeps".to_owned());
    }
    // How many pods there are is its autoscaler's affair, and may be more than the nodes have room for: the release is there when
    // one of its pods is, and no older one.
    if all <= updated && available >= wanted.min(1) {
        return State::Ready(match available {
            some if some < wanted => format!("{some} of {}", pods(wanted)),
            _ => pods(wanted),
        });
    }
    if let Some(progress) = condition(object, "Progressing")
        && progress.status == "False"
    {
        return State::Hangs(progress.message.to_owned());
    }
    if let Some(failure) = condition(object, "ReplicaFailure")
        && failure.status == "True"
    {
        return State::Hangs(failure.message.to_owned());
    }
    match number(object, "/status/unavailableReplicas") {
        0 => State::Coming("old pods leave".to_owned()),
        late => State::Coming(format!("{} not ready", pods(late))),
    }
}

fn stateful_set(object: &Value, seen: bool) -> State {
    if !seen {
        return waiting();
    }
    let wanted = number(object, "/spec/replicas");
    let ready = number(object, "/status/readyReplicas");
    let updated = number(object, "/status/updatedReplicas");
    let revision = |name: &str| object.pointer(&format!("/status/{name}Revision"));
    if ready >= wanted && (updated >= wanted || revision("current") == revision("update")) {
        return State::Ready(pods(wanted));
    }
    State::Coming(format!("{} of {} ready", ready.min(updated), pods(wanted)))
}

/// The revision that a StatefulSet's pods are to have.
pub(super) fn newest<'a>(key: &Key, object: &'a Value) -> Option<&'a str> {
    let newest = object.pointer("/status/updateRevision");
    newest?.as_str().filter(|_| key.kind == "StatefulSet")
}

fn job(object: &Value) -> State {
    let is = |kind| condition(object, kind).filter(|condition| condition.status == "True");
    if is("Complete").is_some() {
        return State::Ready("done".to_owned());
    }
    if let Some(failed) = is("Failed") {
        return State::Failed(failed.message.to_owned());
    }
    match number(object, "/status/failed") {
        0 => State::Coming("runs".to_owned()),
        times => State::Coming(format!("failed {times} times, and is tried again")),
    }
}

fn knative_service(object: &Value, seen: bool) -> State {
    let Some(ready) = condition(object, "Ready").filter(|_| seen) else {
        return waiting();
    };
    match ready.status {
        "True" => {
            let url = object.pointer("/status/url").and_then(Value::as_str);
            State::Ready(url.unwrap_or_default().to_owned())
        }
        "False" => State::Hangs(said(&ready)),
        _ => State::Coming(said(&ready)),
    }
}

fn scaled_object(object: &Value) -> State {
    // Ready says that there is an autoscaler. Whether the queue can be looked at says Active, either way, a moment later; paused by a
    // person it never does.
    let is = |kind, status: &str| condition(object, kind).is_some_and(|one| one.status == status);
    let is_asked = is("Active", "True") || is("Active", "False") || is("Paused", "True");
    match condition(object, "Ready") {
        Some(ready) if ready.status == "True" && is_asked => State::Ready(String::new()),
        Some(ready) if ready.status == "True" => {
            State::Coming("its queue was not looked at yet".to_owned())
        }
        Some(ready) if ready.status == "False" => State::Hangs(said(&ready)),
        Some(ready) => State::Coming(said(&ready)),
        None => waiting(),
    }
}

fn said(condition: &Condition<'_>) -> String {
    let message = if condition.message.is_empty() {
        condition.reason
    } else {
        condition.message
    };
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn pods(count: i64) -> String {
    match count {
        1 => "1 pod".to_owned(),
        count => format!("{count} pods"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A Deployment that wants so many pods, of which there are so many: in all, of the new template, and available.
    fn scaled(wanted: i64, all: i64, updated: i64, available: i64) -> State {
        let object = json!({
            "spec": {"replicas": wanted},
            "status": {
                "observedGeneration": 1,
                "replicas": all,
                "updatedReplicas": updated,
                "availableReplicas": available,
                "unavailableReplicas": all - available,
            },
        });
        deployment(&object, true)
    }

    #[test]
    fn a_scaled_object_is_ready_when_its_queue_was_looked_at() {
        let with = |ready: &str, active: &str, paused: &str| {
            let condition =
                |kind: &str, status: &str| json!({"type": kind, "status": status, "reason": "Why"});
            let object = json!({"status": {"conditions": [
                condition("Ready", ready), condition("Active", active), condition("Paused", paused),
            ]}});
            scaled_object(&object)
        };
        assert!(with("True", "True", "Unknown").is_ready());
        assert!(with("True", "False", "Unknown").is_ready());
        assert!(with("True", "Unknown", "True").is_ready());
        assert_eq!(with("True", "Unknown", "Unknown").word(), "coming");
        assert_eq!(with("False", "Unknown", "Unknown").word(), "hangs");
        assert_eq!(with("Unknown", "Unknown", "Unknown").word(), "coming");
    }

    #[test]
    fn a_deployment_is_ready_with_the_first_of_its_new_pods_and_none_of_the_old() {
        assert_eq!(scaled(0, 0, 0, 0), State::Ready("sleeps".to_owned()));
        assert_eq!(scaled(1, 1, 1, 1), State::Ready("1 pod".to_owned()));
        assert_eq!(
            scaled(20, 20, 20, 3),
            State::Ready("3 of 20 pods".to_owned())
        );
        assert_eq!(
            scaled(1, 1, 1, 0),
            State::Coming("1 pod not ready".to_owned())
        );
        assert_eq!(
            scaled(2, 3, 2, 3),
            State::Coming("old pods leave".to_owned())
        );
        assert_eq!(
            scaled(2, 3, 1, 2),
            State::Coming("1 pod not ready".to_owned())
        );
    }
}
