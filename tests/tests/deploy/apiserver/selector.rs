//! Label and field selectors.

use serde_json::Value;

use super::kinds::Kind;
use super::status::Failure;

/// Whether an object fits a label selector, set-based requirements included.
pub(crate) fn labels(selector: &str, object: &Value) -> Result<bool, Failure> {
    for requirement in requirements(selector) {
        if !fits(requirement.trim(), &object["metadata"]["labels"])? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Splits at the commas that are not within brackets.
fn requirements(selector: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (index, character) in selector.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&selector[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&selector[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn fits(requirement: &str, labels: &Value) -> Result<bool, Failure> {
    let value = |key: &str| labels[key.trim()].as_str();
    if let Some(list) = requirement.strip_suffix(')') {
        let (head, values) = list
            .split_once('(')
            .ok_or_else(|| unreadable(requirement))?;
        let one_of = |key: &str| {
            value(key).is_some_and(|value| values.split(',').any(|other| other.trim() == value))
        };
        if let Some(key) = head.trim().strip_suffix(" notin") {
            return Ok(!one_of(key));
        }
        let key = head
            .trim()
            .strip_suffix(" in")
            .ok_or_else(|| unreadable(requirement))?;
        return Ok(one_of(key));
    }
    if let Some((key, other)) = requirement.split_once("!=") {
        return Ok(value(key) != Some(other.trim()));
    }
    if let Some((key, other)) = requirement
        .split_once("==")
        .or_else(|| requirement.split_once('='))
    {
        return Ok(value(key) == Some(other.trim()));
    }
    if let Some(key) = requirement.strip_prefix('!') {
        return Ok(value(key).is_none());
    }
    if requirement.contains(char::is_whitespace) {
        return Err(unreadable(requirement));
    }
    Ok(value(requirement).is_some())
}

fn unreadable(requirement: &str) -> Failure {
    Failure::bad_request(format!("unable to parse requirement: {requirement}"))
}

/// Whether an object fits a field selector. Names and namespaces of all kinds are known, and what Events and Pods have
/// beside; any other field is refused.
pub(crate) fn fields(selector: &str, kind: &Kind, object: &Value) -> Result<bool, Failure> {
    for requirement in selector.split(',').filter(|part| !part.is_empty()) {
        let (field, wanted, equal) = match requirement.split_once("!=") {
            Some((field, wanted)) => (field, wanted, false),
            None => {
                let (field, wanted) = requirement
                    .split_once("==")
                    .or_else(|| requirement.split_once('='))
                    .ok_or_else(|| {
                        Failure::bad_request(format!(
                            "invalid selector: '{requirement}'; can't understand"
                        ))
                    })?;
                (field, wanted, true)
            }
        };
        let known = matches!(field, "metadata.name" | "metadata.namespace")
            || kind.kind == "Event"
                && (field.starts_with("involvedObject.") || matches!(field, "reason" | "type"))
            || kind.kind == "Event" && field.starts_with("regarding.")
            || kind.kind == "Pod"
                && matches!(
                    field,
                    "status.phase" | "spec.nodeName" | "spec.serviceAccountName"
                )
            || kind.kind == "Secret" && field == "type"
            || kind.kind == "Job" && field == "status.successful"
            || kind.kind == "Namespace" && field == "status.phase";
        if !known {
            return Err(Failure::bad_request(format!(
                "field label not supported: {field}"
            )));
        }
        let pointer = format!("/{}", field.replace('.', "/"));
        let value = object
            .pointer(&pointer)
            .and_then(Value::as_str)
            .unwrap_or_default();
        if (value == wanted) != equal {
            return Ok(false);
        }
    }
    Ok(true)
}
