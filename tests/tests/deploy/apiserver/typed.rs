//! Objects with their schema: the fields they have, merges, differences, removals. The rules are those of
//! structured-merge-diff, which server-side apply is built on.

use serde_json::{Map, Value};

use super::fields::{Fields, Step};
use super::schema::{ListKind, Node, Shape};

/// The difference of two objects.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Fields of the second alone.
    pub(crate) added: Fields,
    /// Fields of both, with other values.
    pub(crate) modified: Fields,
    /// Fields of the first alone.
    pub(crate) removed: Fields,
}

impl Changes {
    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.modified.is_empty() && self.removed.is_empty()
    }
}

/// The children of a value that may have owners of their own; `None` for what has one owner alone.
type Children<'v, 'n> = Option<Vec<(Step, &'v Value, Node<'n>)>>;

/// What an item of a list is called.
pub(crate) fn step_of(kind: &ListKind, item: &Value) -> Result<Step, String> {
    match kind {
        ListKind::Atomic => Err("an atomic list has no items of their own".to_owned()),
        ListKind::Set => Ok(Step::Member(item.to_string())),
        ListKind::Map(keys) => {
            let mut named = Map::new();
            for (key, default) in keys {
                match item.get(key).or(default.as_ref()) {
                    Some(value) => named.insert(key.clone(), value.clone()),
                    None => {
                        return Err(format!(
                            "associative list with keys has an element that omits key field {key:?} (and doesn't have \
                             default value)"
                        ));
                    }
                };
            }
            named.sort_keys();
            Ok(Step::Item(Value::Object(named).to_string()))
        }
    }
}

fn children<'v, 'n>(value: &'v Value, node: Node<'n>) -> Result<Children<'v, 'n>, String> {
    let shape = node.shape();
    match (value, &shape) {
        (Value::Object(fields), Shape::Object { atomic: false, .. } | Shape::Unknown) => {
            let children = fields.iter().filter_map(|(name, value)| {
                let place = node.field_of(&shape, name)?;
                Some((Step::field(name), value, place))
            });
            Ok(Some(children.collect()))
        }
        (Value::Array(items), Shape::List(kind, element)) if *kind != ListKind::Atomic => {
            let mut named = Vec::new();
            for item in items {
                named.push((step_of(kind, item)?, item, *element));
            }
            Ok(Some(named))
        }
        _ => Ok(None),
    }
}

/// The fields that an object sets.
pub(crate) fn fields_of(value: &Value, node: Node<'_>) -> Result<Fields, String> {
    collect(value, node, &mut Vec::new())
}

fn collect(value: &Value, node: Node<'_>, path: &mut Vec<Step>) -> Result<Fields, String> {
    let within = |path: &[Step], why: String| format!("{}: {why}", super::fields::shown(path));
    let Some(parts) = children(value, node).map_err(|why| within(path, why))? else {
        return Ok(Fields {
            member: true,
            ..Fields::default()
        });
    };
    let mut fields = Fields::default();
    let shape = node.shape();
    for (step, child, place) in parts {
        path.push(step.clone());
        let mut below = collect(child, place, path)?;
        path.pop();
        let named = match &step {
            Step::Field(name) => {
                !shape.declares(name) || child.as_object().is_some_and(Map::is_empty)
            }
            Step::Item(_) | Step::Member(_) => true,
        };
        below.member |= named;
        if fields.children.insert(step.clone(), below).is_some() {
            let key = super::fields::shown(&[step]);
            return Err(within(path, format!("duplicate entries for key {key}")));
        }
    }
    Ok(fields)
}

/// The first object with what the second one sets.
pub(crate) fn merge(live: &Value, applied: &Value, node: Node<'_>) -> Result<Value, String> {
    let shape = node.shape();
    match (live, applied, &shape) {
        (
            Value::Object(old),
            Value::Object(new),
            Shape::Object { atomic: false, .. } | Shape::Unknown,
        ) => {
            let mut merged = old.clone();
            for (name, value) in new {
                let value = match (old.get(name), node.field_of(&shape, name)) {
                    (Some(before), Some(place)) => merge(before, value, place)?,
                    _ => value.clone(),
                };
                merged.insert(name.clone(), value);
            }
            Ok(Value::Object(merged))
        }
        (Value::Array(old), Value::Array(new), Shape::List(kind, element))
            if *kind != ListKind::Atomic =>
        {
            merge_lists(old, new, kind, *element)
        }
        _ => Ok(applied.clone()),
    }
}

/// Keeps the order of the applied list, and what only the live one has at its place before the next common item.
fn merge_lists(
    old: &[Value],
    new: &[Value],
    kind: &ListKind,
    element: Node<'_>,
) -> Result<Value, String> {
    let steps = |items: &[Value]| {
        items
            .iter()
            .map(|item| step_of(kind, item))
            .collect::<Result<Vec<_>, _>>()
    };
    let (old_steps, new_steps) = (steps(old)?, steps(new)?);
    let mut merged = Vec::new();
    let mut left = 0;
    for (index, step) in new_steps.iter().enumerate() {
        while let Some(before) = old_steps.get(left).filter(|before| *before != step) {
            let common = new_steps.iter().position(|other| other == before);
            match common {
                None => merged.push(old[left].clone()),
                Some(later) if later > index => break,
                Some(_) => {}
            }
            left += 1;
        }
        let value = match old_steps.iter().position(|before| before == step) {
            Some(before) => merge(&old[before], &new[index], element)?,
            None => new[index].clone(),
        };
        left += usize::from(old_steps.get(left) == Some(step));
        merged.push(value);
    }
    let rest = old_steps
        .iter()
        .zip(old)
        .skip(left)
        .filter(|(step, _)| !new_steps.contains(step));
    merged.extend(rest.map(|(_, item)| item.clone()));
    Ok(Value::Array(merged))
}

/// What differs between two objects: leaves, and the items of lists that come or go.
pub(crate) fn compare(old: &Value, new: &Value, node: Node<'_>) -> Result<Changes, String> {
    let mut changes = Changes::default();
    walk(Some(old), Some(new), node, &mut Vec::new(), &mut changes)?;
    Ok(changes)
}

fn walk(
    old: Option<&Value>,
    new: Option<&Value>,
    node: Node<'_>,
    path: &mut Vec<Step>,
    changes: &mut Changes,
) -> Result<(), String> {
    // Most of an object is as it was, and equal values need no look at their schema.
    if old == new {
        return Ok(());
    }
    let before = parts(old, node)?;
    let after = parts(new, node)?;
    match (&before, &after) {
        (None, None) => {}
        (Some((_, Some(before))), Some((_, Some(after)))) => {
            for (step, value, place) in before {
                let other = after
                    .iter()
                    .find(|(other, ..)| other == step)
                    .map(|(_, value, _)| *value);
                descend(step, Some(value), other, *place, path, changes)?;
            }
            for (step, value, place) in after
                .iter()
                .filter(|(step, ..)| !before.iter().any(|(other, ..)| other == step))
            {
                descend(step, None, Some(value), *place, path, changes)?;
            }
        }
        (Some((before, _)), Some((after, _))) => {
            if before != after {
                changes.modified.insert(path);
            }
        }
        (None, Some((_, parts))) => {
            changes.added.insert(path);
            for (step, value, place) in parts.iter().flatten() {
                descend(step, None, Some(value), *place, path, changes)?;
            }
        }
        (Some((_, parts)), None) => {
            changes.removed.insert(path);
            for (step, value, place) in parts.iter().flatten() {
                descend(step, Some(value), None, *place, path, changes)?;
            }
        }
    }
    Ok(())
}

/// A value, and its children where they may have owners of their own.
type Parts<'v, 'n> = Option<(&'v Value, Children<'v, 'n>)>;

fn parts<'v, 'n>(value: Option<&'v Value>, node: Node<'n>) -> Result<Parts<'v, 'n>, String> {
    value
        .map(|value| Ok((value, children(value, node)?)))
        .transpose()
}

fn descend(
    step: &Step,
    old: Option<&Value>,
    new: Option<&Value>,
    place: Node<'_>,
    path: &mut Vec<Step>,
    changes: &mut Changes,
) -> Result<(), String> {
    path.push(step.clone());
    let result = walk(old, new, place, path, changes);
    path.pop();
    result
}

/// The object without these fields. A list or map that loses its last item goes too where something was removed.
pub(crate) fn remove(value: &mut Value, fields: &Fields, node: Node<'_>) {
    let shape = node.shape();
    match (&mut *value, &shape) {
        (Value::Object(map), Shape::Object { atomic: false, .. } | Shape::Unknown) => {
            for (step, below) in &fields.children {
                let Step::Field(name) = step else { continue };
                if below.member {
                    map.remove(name);
                } else if let (Some(child), Some(place)) =
                    (map.get_mut(name), node.field_of(&shape, name))
                {
                    remove(child, below, place);
                }
            }
        }
        (Value::Array(items), Shape::List(kind, element)) => {
            items.retain_mut(|item| {
                let Some(below) = step_of(kind, item)
                    .ok()
                    .and_then(|step| fields.child(&step))
                else {
                    return true;
                };
                if !below.member {
                    remove(item, below, *element);
                }
                !below.member
            });
        }
        _ => {}
    }
}
