//! What it means to an application that a server of its own starts anew.

use serde_json::Value;

use crate::lower::names;
use crate::release::Key;

/// What is to be known before the pods of an application's own servers are replaced; nothing where they are not.
pub(super) fn restart(app: &str, key: &Key, live: Option<&Value>, then: &Value) -> Option<String> {
    let template = |object: &Value| object.pointer("/spec/template").cloned();
    if key.kind != "StatefulSet" || template(live?) == template(then) {
        return None;
    }
    let name = &key.name;
    if *name == names::nats(app) {
        Some(format!(
            "the broker {name} starts anew: messages stay, and pods wait for it"
        ))
    } else if *name == names::valkey(app) {
        Some(format!(
            "the cache server {name} starts anew: its caches are empty then"
        ))
    } else {
        None
    }
}
