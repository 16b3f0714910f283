//! The objects as they are applied: a release's, as members of the application, and with what the cluster alone knows.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::release::{Key, all_to_the_latest};

use super::credentials::{ROTATED, Rotated};
use super::members::{self, Members};

/// Makes objects ready to be applied. Pods that read a Secret which was made anew carry the time of it, so that they
/// start again. A Job's pod can't change, and has done its work.
pub(super) fn ready(objects: &[Value], members: &Members, rotated: &Rotated) -> Vec<Value> {
    let objects = objects.iter().cloned();
    objects
        .map(|mut object| {
            let key = Key::of(&object);
            if members::is_one(&key) {
                members.label(&mut object);
            }
            let Some(path) = template(&key) else {
                return object;
            };
            let times = object
                .pointer(path)
                .map(|template| times(template, rotated));
            if let Some(time) = times.and_then(|times| times.last().map(|time| (*time).to_owned()))
                && let Some(template) = object.pointer_mut(path)
            {
                template["metadata"]["annotations"][ROTATED] = Value::String(time);
                // Its revision's name follows from the template.
                object = all_to_the_latest(object);
            }
            object
        })
        .collect()
}

fn template(key: &Key) -> Option<&'static str> {
    match key.kind.as_str() {
        "Deployment" | "StatefulSet" => Some("/spec/template"),
        "Service" if key.group() == "serving.knative.dev" => Some("/spec/template"),
        "CronJob" => Some("/spec/jobTemplate/spec/template"),
        _ => None,
    }
}

/// When the Secrets that a pod reads were made anew, sorted.
fn times<'a>(template: &Value, rotated: &'a Rotated) -> BTreeSet<&'a str> {
    if rotated.is_empty() {
        return BTreeSet::new();
    }
    let mut names = BTreeSet::new();
    secrets(template, &mut names);
    let times = names.iter().filter_map(|name| rotated.get(*name));
    times.map(String::as_str).collect()
}

/// The Secrets that are named anywhere in a pod: in volumes, and in variables of the bundled servers.
fn secrets<'a>(value: &'a Value, names: &mut BTreeSet<&'a str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| secrets(item, names)),
        Value::Object(fields) => {
            for (key, value) in fields {
                let name = match key.as_str() {
                    "secretName" => value.as_str(),
                    "secretKeyRef" => value.get("name").and_then(Value::as_str),
                    _ => None,
                };
                names.extend(name);
                secrets(value, names);
            }
        }
        _ => {}
    }
}
