//! The controllers: what a cluster does with the objects when all goes well, and when a workload hangs.
//!
//! One call brings everything to its end. Nothing takes time.

mod keda;
mod knative;
mod stateful;
mod workloads;

use serde_json::{Value, json};

use super::kinds::{Kind, by_name};
use super::managed::Manager;
use super::store::{State, text};
use super::{apply, defaults, delete, prepare};

/// Lets every controller act until nothing changes.
pub(crate) fn settle(state: &mut State) {
    // A few rounds are enough: a Service makes a Revision, which makes a Deployment, which makes pods.
    for _ in 0..8 {
        let before = state.revision();
        knative::settle(state);
        keda::settle(state);
        workloads::settle(state);
        delete::collect(state);
        if before == state.revision() {
            return;
        }
    }
}

/// Lets them act on the writes that they have not seen yet.
pub(crate) fn catch_up(state: &mut State) {
    if std::mem::take(&mut state.unsettled) {
        settle(state);
    }
}

/// Whether a controller acts on objects of a kind.
pub(crate) fn concerns(kind: &Kind) -> bool {
    matches!(
        kind.group,
        "apps" | "batch" | "serving.knative.dev" | "keda.sh"
    ) || kind.kind == "Pod"
}

/// A controller.
struct Controller(&'static str);

const MANAGER: Controller = Controller("kube-controller-manager");

impl Controller {
    /// Keeps an object that the controller wants: makes it, or sets what differs. Labels, spec and status are set as
    /// far as they are given.
    fn keep(&self, state: &mut State, wanted: &Value) -> Value {
        let kind = by_name(&text(&wanted["apiVersion"]), &text(&wanted["kind"]));
        let (namespace, name) = (
            text(&wanted["metadata"]["namespace"]),
            text(&wanted["metadata"]["name"]),
        );
        let live = state.get(&kind, &namespace, &name).cloned();
        let mut object = live.clone().unwrap_or_else(|| wanted.clone());
        for part in ["spec", "status", "data"] {
            if !wanted[part].is_null() {
                object[part] = wanted[part].clone();
            }
        }
        defaults::complete(&kind, &mut object);
        match &live {
            Some(live) => prepare_update(&kind, live, &mut object, wanted),
            None => prepare::identify(state, &kind, &namespace, &mut object),
        }
        defaults::clear_nulls(&mut object);
        self.write(state, &kind, live.as_ref(), object, "")
    }

    /// Writes a status.
    fn status(&self, state: &mut State, object: &Value, status: &Value) -> Value {
        let kind = by_name(&text(&object["apiVersion"]), &text(&object["kind"]));
        let mut new = object.clone();
        new["status"] = status.clone();
        defaults::clear_nulls(&mut new);
        self.write(state, &kind, Some(object), new, "status")
    }

    fn write(
        &self,
        state: &mut State,
        kind: &Kind,
        live: Option<&Value>,
        mut object: Value,
        subresource: &str,
    ) -> Value {
        if live == Some(&object) {
            return object;
        }
        let manager = Manager {
            name: self.0.to_owned(),
            operation: "Update",
            api_version: kind.api_version(),
            subresource: subresource.to_owned(),
        };
        let node = state.schemas.kind(&kind.api_version(), kind.kind);
        let now = state.now();
        apply::update(live, &mut object, &manager, node, &now)
            .expect("a controller's object fits its schema");
        state.put(kind, object)
    }
}

fn prepare_update(kind: &Kind, live: &Value, object: &mut Value, wanted: &Value) {
    let status = object["status"].clone();
    prepare::carry_over(kind, live, object, "");
    if !wanted["status"].is_null() {
        object["status"] = status;
    }
}

/// The reference by which an object belongs to its controller.
fn owner(object: &Value) -> Value {
    json!([{
        "apiVersion": object["apiVersion"],
        "kind": object["kind"],
        "name": object["metadata"]["name"],
        "uid": object["metadata"]["uid"],
        "controller": true,
        "blockOwnerDeletion": true,
    }])
}

/// Whether an object belongs to another.
fn owned(object: &Value, by: &Value) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array();
    owners
        .into_iter()
        .flatten()
        .any(|owner| owner["uid"] == by["metadata"]["uid"])
}

/// The objects of a kind that belong to another object.
fn dependents(state: &State, api_version: &str, kind: &str, of: &Value) -> Vec<Value> {
    let kind = by_name(api_version, kind);
    let namespace = text(&of["metadata"]["namespace"]);
    state
        .of_kind(&kind, &namespace)
        .filter(|object| owned(object, of))
        .cloned()
        .collect()
}

/// A condition of an object's status.
fn condition(object: &Value, kind: &str, status: &str, reason: &str, message: &str) -> Value {
    let mut condition = json!({
        "type": kind,
        "status": status,
        "lastTransitionTime": object["metadata"]["creationTimestamp"],
    });
    if !reason.is_empty() {
        condition["reason"] = json!(reason);
    }
    if !message.is_empty() {
        condition["message"] = json!(message);
    }
    condition
}

/// A short name for a content, of the letters that Kubernetes takes.
fn hash(content: &Value) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut sum = content
        .to_string()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    let mut text = String::new();
    for _ in 0..10 {
        let letter = usize::try_from(sum % 27).expect("below 27");
        text.push(char::from(LETTERS[letter]));
        sum /= 27;
    }
    text
}

/// Writes an event about an object.
fn event(state: &mut State, about: &Value, severity: &str, reason: &str, message: &str) {
    let (namespace, name) = (
        text(&about["metadata"]["namespace"]),
        text(&about["metadata"]["name"]),
    );
    let id = hash(&json!([about["metadata"]["uid"], reason, message]));
    let name = format!("{name}.{id}");
    if state
        .get(&by_name("v1", "Event"), &namespace, &name)
        .is_some()
    {
        return;
    }
    let now = state.now();
    let event = json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {
            "apiVersion": about["apiVersion"],
            "kind": about["kind"],
            "name": about["metadata"]["name"],
            "namespace": namespace,
            "uid": about["metadata"]["uid"],
        },
        "type": severity,
        "reason": reason,
        "message": message,
        "count": 1,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "source": {"component": "controller"},
    });
    MANAGER.keep(state, &event);
}
