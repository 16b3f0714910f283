//! A new tree beside the old one: services share their requests, everything else of the old one goes on.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::revision::{is_knative_service, name_the_revision, revision_name};
use super::{Key, Phase};

/// How the requests of a service are shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The service.
    pub service: String,
    /// The revision that runs.
    pub stable: String,
    /// The new one.
    pub canary: String,
    /// How many of a hundred requests the new one gets.
    pub percent: u8,
}

/// The objects of a canary, and the services whose requests are shared: what `new` adds, beside all that `old` has. Both as they are
/// applied: a revision's name follows from all of its template.
///
/// Services that changed get `percent` of their requests on the new revision, the others are as they were. Functions of queues and
/// schedules stay as they are in `old`, those that `new` adds wait for the promotion. A network policy allows what either
/// tree's does. `running` is the revision that each service has now.
pub fn canary(
    old: &[Value],
    new: &[Value],
    percent: u8,
    running: &BTreeMap<String, String>,
) -> (Vec<Value>, Vec<Share>) {
    let mut shares = Vec::new();
    let objects = new.iter().filter_map(|object| {
        let key = Key::of(object);
        let before = old.iter().find(|object| Key::of(object) == key);
        if is_knative_service(object) {
            let Some(stable) = running.get(&key.name) else {
                return Some(object.clone());
            };
            let share = Share {
                service: key.name,
                stable: stable.clone(),
                canary: revision_name(object),
                percent,
            };
            if share.stable == share.canary {
                return Some(object.clone());
            }
            let shared = shared(object.clone(), &share);
            shares.push(share);
            return Some(shared);
        }
        match (Phase::of(&key), before) {
            (Phase::Accounts, Some(before)) if key.kind == "NetworkPolicy" => {
                Some(either(before, object))
            }
            (Phase::Workloads, before) => before.cloned(),
            _ => Some(object.clone()),
        }
    });
    let objects = objects.collect();
    (objects, shares)
}

/// A service whose requests are shared. Both revisions have tags, so each has an address of its own.
fn shared(mut service: Value, share: &Share) -> Value {
    name_the_revision(&mut service);
    service["spec"]["traffic"] = json!([
        {"revisionName": share.stable, "percent": 100 - share.percent, "tag": "stable"},
        {"revisionName": share.canary, "percent": share.percent, "tag": "canary"},
    ]);
    service
}

/// A network policy that allows what either of two does: rules of one policy add up.
fn either(old: &Value, new: &Value) -> Value {
    let mut both = new.clone();
    for list in ["ingress", "egress"] {
        let rules = |policy: &Value| {
            let rules = policy.pointer(&format!("/spec/{list}"));
            rules.and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let mut all = rules(new);
        for rule in rules(old) {
            if !all.contains(&rule) {
                all.push(rule);
            }
        }
        if !all.is_empty() {
            both["spec"][list] = Value::Array(all);
        }
    }
    both
}
