//! Getting and listing.

use serde_json::{Value, json};

use super::request::{Call, Target};
use super::selector;
use super::status::Failure;
use super::store::State;
use super::write::Answer;

/// `GET` on an object.
pub(crate) fn get(state: &State, target: &Target) -> Answer {
    let found = state.get(&target.kind, &target.namespace, &target.name);
    found
        .map(|object| (200, object.clone()))
        .ok_or_else(|| Failure::not_found(&target.kind, &target.name))
}

/// `GET` on a collection: what the selectors choose, page by page where a limit is given. A page goes on after the name
/// that its token holds, at the state of that moment and not of the first page.
pub(crate) fn list(state: &State, target: &Target, call: &Call) -> Answer {
    let kind = &target.kind;
    let mut items = Vec::new();
    for object in state.list(kind, &target.namespace) {
        if selector::labels(call.parameter("labelSelector"), &object)?
            && selector::fields(call.parameter("fieldSelector"), kind, &object)?
        {
            items.push(object);
        }
    }
    let place = |object: &Value| {
        let text = |field: &str| {
            object["metadata"][field]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        format!("{}/{}", text("namespace"), text("name"))
    };
    let after = call.parameter("continue");
    if !after.is_empty() {
        items.retain(|object| place(object).as_str() > after);
    }
    let mut metadata = json!({"resourceVersion": state.revision()});
    let limit = call.parameter("limit").parse::<usize>().unwrap_or_default();
    if limit > 0 && items.len() > limit {
        metadata["remainingItemCount"] = json!(items.len() - limit);
        items.truncate(limit);
        metadata["continue"] = json!(items.last().map(place));
    }
    // Only what comes from a CustomResourceDefinition says in a list what it is.
    if !kind.custom() {
        for object in items.iter_mut().filter_map(Value::as_object_mut) {
            object.remove("kind");
            object.remove("apiVersion");
        }
    }
    Ok((
        200,
        json!({
            "kind": format!("{}List", kind.kind),
            "apiVersion": kind.api_version(),
            "metadata": metadata,
            "items": items,
        }),
    ))
}
