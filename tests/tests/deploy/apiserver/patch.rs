//! The patches that are no apply: JSON merge patch, strategic merge patch and JSON patch.

use serde_json::{Map, Value};

use super::schema::{Node, Shape};
use super::status::Failure;

/// RFC 7386: objects are merged, null removes, anything else replaces.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    for (name, value) in fields {
        if value.is_null() {
            target.as_object_mut().map(|target| target.remove(name));
        } else {
            merge(&mut target[name], value);
        }
    }
}

/// Kubernetes' strategic merge: as above, and lists with a merge key item by item. `$patch: delete` removes an item;
/// the other directives are refused.
pub(crate) fn strategic(target: &mut Value, patch: &Value, node: Node<'_>) -> Result<(), Failure> {
    match (patch, node.shape()) {
        (Value::Object(fields), _) => {
            if let Some(directive) = fields.keys().find(|key| key.starts_with('$')) {
                return Err(Failure::bad_request(format!(
                    "the directive {directive} is not known here"
                )));
            }
            if !target.is_object() {
                *target = Value::Object(Map::new());
            }
            for (name, value) in fields {
                if value.is_null() {
                    target.as_object_mut().map(|target| target.remove(name));
                } else if let Some(place) = node.field(name) {
                    strategic(&mut target[name], value, place)?;
                } else {
                    target[name] = value.clone();
                }
            }
        }
        (Value::Array(items), Shape::List(_, element)) => {
            let strategy = node
                .keyword("x-kubernetes-patch-strategy")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let merges = strategy.split(',').any(|strategy| strategy == "merge");
            let key = node
                .keyword("x-kubernetes-patch-merge-key")
                .and_then(Value::as_str);
            match (merges, key) {
                (true, Some(key)) => items
                    .iter()
                    .try_for_each(|item| merge_item(target, item, key, element))?,
                (true, None) => {
                    let mut list = target.as_array().cloned().unwrap_or_default();
                    list.extend(
                        items
                            .iter()
                            .filter(|item| !list.contains(item))
                            .cloned()
                            .collect::<Vec<_>>(),
                    );
                    *target = Value::Array(list);
                }
                (false, _) => *target = patch.clone(),
            }
        }
        _ => *target = patch.clone(),
    }
    Ok(())
}

fn merge_item(list: &mut Value, item: &Value, key: &str, element: Node<'_>) -> Result<(), Failure> {
    if !list.is_array() {
        *list = Value::Array(Vec::new());
    }
    let items = list.as_array_mut().expect("a list");
    let found = items.iter().position(|other| other[key] == item[key]);
    match (found, item["$patch"] == "delete") {
        (Some(index), true) => {
            items.remove(index);
        }
        (None, true) => {}
        (Some(index), false) => strategic(&mut items[index], item, element)?,
        (None, false) => items.push(item.clone()),
    }
    Ok(())
}

/// RFC 6902, of which add, remove, replace and test are known.
pub(crate) fn json(target: &mut Value, patch: &Value) -> Result<(), Failure> {
    let steps = patch
        .as_array()
        .ok_or_else(|| Failure::bad_request("a JSON patch is a list"))?;
    for step in steps {
        let path = step["path"].as_str().unwrap_or_default();
        let operation = step["op"].as_str().unwrap_or_default();
        let unable = || {
            let message = format!(
                "{operation} operation does not apply: doc is missing path: {path}: missing value"
            );
            Failure::new(
                422,
                "Invalid",
                format!(
                    "the server rejected our request due to an error in our request: {message}"
                ),
            )
        };
        let (parent, last) = path.rsplit_once('/').ok_or_else(unable)?;
        let last = last.replace("~1", "/").replace("~0", "~");
        if operation == "test" {
            if target.pointer(path) != Some(&step["value"]) {
                return Err(Failure::new(
                    422,
                    "Invalid",
                    format!("testing value {path} failed"),
                ));
            }
            continue;
        }
        let place = target.pointer_mut(parent).ok_or_else(unable)?;
        let index = last.parse::<usize>().ok();
        match (operation, place) {
            ("add", Value::Array(items)) => match index {
                Some(index) if index <= items.len() => items.insert(index, step["value"].clone()),
                None if last == "-" => items.push(step["value"].clone()),
                _ => return Err(unable()),
            },
            ("add", Value::Object(fields)) => {
                fields.insert(last, step["value"].clone());
            }
            ("replace", place) => {
                let value = match place {
                    Value::Array(items) => index.and_then(|index| items.get_mut(index)),
                    other => other.get_mut(&last),
                };
                *value.ok_or_else(unable)? = step["value"].clone();
            }
            ("remove", Value::Object(fields)) => {
                fields.remove(&last).ok_or_else(unable)?;
            }
            ("remove", Value::Array(items)) => {
                let index = index
                    .filter(|index| *index < items.len())
                    .ok_or_else(unable)?;
                items.remove(index);
            }
            _ => return Err(unable()),
        }
    }
    Ok(())
}
