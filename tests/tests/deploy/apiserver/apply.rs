//! Server-side apply, and the ownership that every other write takes.

use serde_json::{Value, json};

use super::fields::{Fields, shown};
use super::managed::{self, Manager, Managers, Owned};
use super::schema::Node;
use super::status::Failure;
use super::typed::{compare, fields_of, merge, remove};

/// Applies a configuration to an object: the object as it then is, `managedFields` included.
///
/// Fields that the manager applied before and does not now are removed unless somebody else owns them. A field with
/// another value that another manager owns is a conflict; with `force` it changes hands.
pub(crate) fn apply(
    live: &Value,
    config: &Value,
    manager: &Manager,
    force: bool,
    node: Node<'_>,
    now: &str,
) -> Result<Value, Failure> {
    let fault = |message: String| Failure::untyped(config, &message);
    let mut managers = managed::read(live);
    let last = managers
        .get(manager)
        .map(|owned| owned.fields.clone())
        .unwrap_or_default();
    // With its identity for now: what holds the name is not to be removed.
    let set = fields_of(config, node).map_err(fault)?;
    let mut merged = merge(live, config, node).map_err(fault)?;
    let unchanged = last == managed::owned(set.clone());
    let time = managers
        .get(manager)
        .filter(|_| unchanged)
        .and_then(|owned| owned.time.clone());
    managers.insert(manager.clone(), Owned { fields: set, time });

    let kept = managers
        .values()
        .fold(Fields::default(), |all, owned| all.union(&owned.fields));
    let gone = last
        .with_named_parents()
        .difference(&kept.with_named_parents());
    remove(&mut merged, &gone, node);
    settle(live, &mut merged, manager, &mut managers, force, node).map_err(|conflict| {
        match conflict {
            Trouble::Conflicts(conflicts) => refused(&conflicts),
            Trouble::Schema(message) => fault(message),
        }
    })?;
    managed::write(&mut merged, &managers, now);
    Ok(merged)
}

/// Notes what a write other than an apply changed: the manager owns it from now on.
pub(crate) fn update(
    live: Option<&Value>,
    object: &mut Value,
    manager: &Manager,
    node: Node<'_>,
    now: &str,
) -> Result<(), String> {
    let nothing = json!({"metadata": {}});
    let before = live.unwrap_or(&nothing);
    let mut managers = managed::read(before);
    let changes = changed(before, object, node)?;
    for owned in managers.values_mut() {
        let left = owned
            .fields
            .difference(&changes.removed)
            .difference(&changes.modified)
            .difference(&changes.added);
        if left != owned.fields {
            *owned = Owned {
                fields: left,
                time: owned.time.clone(),
            };
        }
    }
    let own = managers.get(manager).cloned().unwrap_or(Owned {
        fields: Fields::default(),
        time: None,
    });
    let mut fields = own
        .fields
        .union(&changes.added)
        .union(&changes.modified)
        .difference(&changes.removed);
    fields = managed::owned(fields);
    let time = if changes.is_empty() { own.time } else { None };
    if !fields.is_empty() {
        managers.insert(manager.clone(), Owned { fields, time });
    }
    managed::write(object, &managers, now);
    Ok(())
}

/// What differs, without what the server writes.
fn changed(old: &Value, new: &Value, node: Node<'_>) -> Result<super::typed::Changes, String> {
    let mut changes = compare(old, new, node)?;
    changes.added = managed::owned(changes.added);
    changes.modified = managed::owned(changes.modified);
    changes.removed = managed::owned(changes.removed);
    Ok(changes)
}

enum Trouble {
    Conflicts(Vec<(String, String)>),
    Schema(String),
}

/// Takes changed fields from the other managers, where they may be taken.
fn settle(
    live: &Value,
    merged: &mut Value,
    manager: &Manager,
    managers: &mut Managers,
    force: bool,
    node: Node<'_>,
) -> Result<(), Trouble> {
    let changes = changed(live, merged, node).map_err(Trouble::Schema)?;
    let written = changes.added.union(&changes.modified);
    let mut conflicts = Vec::new();
    for (other, owned) in managers.iter().filter(|(other, _)| *other != manager) {
        let disputed = owned.fields.intersection(&written);
        let name = managed::shown(other, owned);
        conflicts.extend(
            disputed
                .paths()
                .iter()
                .map(|path| (name.clone(), shown(path))),
        );
    }
    if !force && !conflicts.is_empty() {
        return Err(Trouble::Conflicts(conflicts));
    }
    for (_, owned) in managers.iter_mut().filter(|(other, _)| *other != manager) {
        owned.fields = owned
            .fields
            .difference(&written)
            .difference(&changes.removed);
    }
    Ok(())
}

fn refused(conflicts: &[(String, String)]) -> Failure {
    let message = match conflicts {
        [(manager, path)] => {
            format!("Apply failed with 1 conflict: conflict with {manager}: {path}")
        }
        _ => {
            let mut lines = Vec::new();
            let mut last = "";
            for (manager, path) in conflicts {
                if manager != last {
                    lines.push(format!("conflicts with {manager}:"));
                    last = manager;
                }
                lines.push(format!("- {path}"));
            }
            format!(
                "Apply failed with {} conflicts: {}",
                conflicts.len(),
                lines.join("\n")
            )
        }
    };
    let causes = conflicts.iter().map(|(manager, path)| {
        json!({
            "reason": "FieldManagerConflict",
            "message": format!("conflict with {manager}"),
            "field": path,
        })
    });
    Failure::new(409, "Conflict", message)
        .with_details(json!({"causes": causes.collect::<Vec<_>>()}))
}
