//! `metadata.managedFields`: who owns which fields.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fields::{Fields, Step};

/// Who writes, and how: the identity of an entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Manager {
    /// The field manager's name.
    pub(crate) name: String,
    /// `Apply` or `Update`.
    pub(crate) operation: &'static str,
    /// The version of the API that the fields are of.
    pub(crate) api_version: String,
    /// The subresource, empty for the object itself.
    pub(crate) subresource: String,
}

/// What a manager owns.
#[derive(Clone, Debug)]
pub(crate) struct Owned {
    /// The fields.
    pub(crate) fields: Fields,
    /// When that last changed; `None` stands for now.
    pub(crate) time: Option<String>,
}

/// All managers of an object.
pub(crate) type Managers = BTreeMap<Manager, Owned>;

/// The fields that nobody owns: identity, and what the server writes itself.
fn without_identity(mut fields: Fields) -> Fields {
    let meta = Step::field("metadata");
    for name in ["apiVersion", "kind"] {
        fields.remove(&[Step::field(name)]);
    }
    let server = [
        "name",
        "namespace",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
        "uid",
        "generation",
        "managedFields",
        "resourceVersion",
    ];
    for name in server {
        fields.remove(&[meta.clone(), Step::field(name)]);
    }
    if let Some(metadata) = fields.children.get_mut(&meta) {
        metadata.member = false;
        if metadata.is_empty() {
            fields.children.remove(&meta);
        }
    }
    fields.member = false;
    fields
}

/// Reads an object's entries.
pub(crate) fn read(object: &Value) -> Managers {
    let entries = object["metadata"]["managedFields"].as_array();
    let read = |entry: &Value| {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let operation = if entry["operation"] == "Apply" {
            "Apply"
        } else {
            "Update"
        };
        let manager = Manager {
            name: text("manager"),
            operation,
            api_version: text("apiVersion"),
            subresource: text("subresource"),
        };
        (
            manager,
            Owned {
                fields: Fields::from_json(&entry["fieldsV1"]),
                time: Some(text("time")),
            },
        )
    };
    entries.into_iter().flatten().map(read).collect()
}

/// Writes the entries: those of `Apply` first, then by time and name. New times are `now`.
pub(crate) fn write(object: &mut Value, managers: &Managers, now: &str) {
    let mut entries: Vec<(&Manager, String, Fields)> = managers
        .iter()
        .map(|(manager, owned)| {
            let time = owned.time.clone().unwrap_or_else(|| now.to_owned());
            (manager, time, without_identity(owned.fields.clone()))
        })
        .filter(|(_, _, fields)| !fields.is_empty())
        .collect();
    entries.sort_by(|left, right| {
        (left.0.operation, &left.1, left.0).cmp(&(right.0.operation, &right.1, right.0))
    });
    let entries = entries.into_iter().map(|(manager, time, fields)| {
        let mut entry = json!({
            "manager": manager.name,
            "operation": manager.operation,
            "apiVersion": manager.api_version,
            "time": time,
            "fieldsType": "FieldsV1",
            "fieldsV1": fields.to_json(),
        });
        if !manager.subresource.is_empty() {
            entry["subresource"] = json!(manager.subresource);
        }
        entry
    });
    object["metadata"]["managedFields"] = entries.collect();
}

/// The owned fields as they are kept.
pub(crate) fn owned(fields: Fields) -> Fields {
    without_identity(fields)
}

/// A manager as messages name it: `"kubectl" using apps/v1 at 2026-01-01T00:00:00Z`, by its name alone where it applied.
pub(crate) fn shown(manager: &Manager, owned: &Owned) -> String {
    let mut text = format!("{:?}", manager.name);
    if !manager.subresource.is_empty() {
        text += &format!(" with subresource {:?}", manager.subresource);
    }
    if manager.operation == "Update" {
        text += &format!(" using {}", manager.api_version);
        if let Some(time) = &owned.time {
            text += &format!(" at {time}");
        }
    }
    text
}
