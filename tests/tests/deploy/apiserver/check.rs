//! Whether an object is what its schema says.

use serde_json::Value;

use super::schema::{Node, Shape};

/// Something that is not as the schema says.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// Where, as `spec.containers[0].image`.
    pub(crate) path: String,
    /// What.
    pub(crate) problem: Problem,
}

/// What is wrong at a place.
#[derive(Clone, Debug)]
pub(crate) enum Problem {
    /// No such field.
    Unknown,
    /// Another type: the expected ones, and what is there.
    Type(String, String),
    /// A field that has to be there.
    Missing,
    /// None of the values that there are: what is there, and those.
    Choice(String, Vec<String>),
}

/// Everything that is wrong with an object.
pub(crate) fn findings(object: &Value, node: Node<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    walk(object, node, String::new(), &mut found);
    found
}

fn walk(value: &Value, node: Node<'_>, path: String, found: &mut Vec<Finding>) {
    let mut report = |path: &str, problem: Problem| {
        found.push(Finding {
            path: path.to_owned(),
            problem,
        })
    };
    let shape = node.shape();
    match (value, &shape) {
        (_, Shape::Unknown) | (Value::Null, _) => {}
        (Value::Object(fields), Shape::Object { .. }) => {
            let required = node.keyword("required").and_then(Value::as_array);
            for name in required.into_iter().flatten().filter_map(Value::as_str) {
                if fields.get(name).is_none_or(Value::is_null) {
                    report(&join(&path, name), Problem::Missing);
                }
            }
            for (name, child) in fields {
                match node.field_of(&shape, name) {
                    Some(place) => walk(child, place, join(&path, name), found),
                    None => found.push(Finding {
                        path: join(&path, name),
                        problem: Problem::Unknown,
                    }),
                }
            }
        }
        (Value::Array(items), Shape::List(_, element)) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, *element, format!("{path}[{index}]"), found);
            }
        }
        (scalar, Shape::Scalar(types))
            if types.is_empty() || types.iter().any(|name| is(scalar, name)) =>
        {
            let choices = node.keyword("enum").and_then(Value::as_array);
            if let Some(choices) = choices.filter(|choices| !choices.contains(scalar)) {
                let choices = choices.iter().map(Value::to_string).collect();
                report(&path, Problem::Choice(scalar.to_string(), choices));
            }
        }
        (other, shape) => {
            let expected = match shape {
                Shape::Object { .. } => "map".to_owned(),
                Shape::List(..) => "list".to_owned(),
                Shape::Scalar(types) => types.join(" or "),
                Shape::Unknown => String::new(),
            };
            report(&path, Problem::Type(expected, type_of(other).to_owned()));
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => true,
    }
}

/// The type of a value, as messages name it.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
    }
}

/// Removes what the schema does not know, and nulls, as decoding does.
pub(crate) fn prune(value: &mut Value, node: Node<'_>) {
    let shape = node.shape();
    match (value, &shape) {
        (Value::Object(fields), _) => {
            let known = matches!(shape, Shape::Object { .. } | Shape::Unknown);
            fields.retain(|name, child| {
                !child.is_null() && (!known || node.field_of(&shape, name).is_some())
            });
            for (name, child) in fields {
                if let Some(place) = node.field_of(&shape, name) {
                    prune(child, place);
                }
            }
        }
        (Value::Array(items), Shape::List(_, element)) => {
            items.iter_mut().for_each(|item| prune(item, *element))
        }
        _ => {}
    }
}

/// Removes lists without items and maps without keys, which Go's types do not write.
pub(crate) fn omit_empty(value: &mut Value, node: Node<'_>) {
    let shape = node.shape();
    match (value, &shape) {
        (Value::Object(fields), _) => {
            let is_map =
                |place: Node<'_>| matches!(place.shape(), Shape::Object { fields: None, .. });
            fields.retain(|name, child| {
                let place = node.field_of(&shape, name);
                if let Some(place) = place {
                    omit_empty(child, place);
                }
                let required = matches!(shape, Shape::Object { .. })
                    && node
                        .keyword("required")
                        .and_then(Value::as_array)
                        .is_some_and(|all| all.contains(&Value::from(name.as_str())));
                let empty = match child {
                    Value::Array(items) => items.is_empty(),
                    Value::Object(keys) => keys.is_empty() && place.is_some_and(is_map),
                    _ => false,
                };
                required || !empty
            });
        }
        (Value::Array(items), Shape::List(_, element)) => {
            items.iter_mut().for_each(|item| omit_empty(item, *element))
        }
        _ => {}
    }
}
