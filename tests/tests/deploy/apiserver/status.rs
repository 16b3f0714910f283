//! What the server answers when it refuses, in the words of apimachinery's errors.

use serde_json::{Value, json};

use super::kinds::Kind;

/// A refusal: a `Status`, or plain text where the real server has no more.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The status code.
    pub(crate) code: u16,
    /// The body.
    pub(crate) body: Body,
    /// The header `Retry-After`, in seconds.
    pub(crate) retry_after: Option<u64>,
}

/// What stands in an answer.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// An object.
    Json(Value),
    /// Plain text.
    Text(String),
}

impl Failure {
    /// A Status with this code and reason.
    pub(crate) fn new(code: u16, reason: &str, message: impl Into<String>) -> Self {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message.into(),
            "code": code,
        });
        if !reason.is_empty() {
            status["reason"] = json!(reason);
        }
        Self {
            code,
            body: Body::Json(status),
            retry_after: None,
        }
    }

    /// Plain text.
    pub(crate) fn text(code: u16, message: &str) -> Self {
        Self {
            code,
            body: Body::Text(message.to_owned()),
            retry_after: None,
        }
    }

    /// With details.
    pub(crate) fn with_details(mut self, details: Value) -> Self {
        if let Body::Json(status) = &mut self.body {
            status["details"] = details;
        }
        self
    }

    /// The message of the Status, or the text.
    pub(crate) fn message(&self) -> &str {
        match &self.body {
            Body::Json(status) => status["message"].as_str().unwrap_or_default(),
            Body::Text(text) => text,
        }
    }

    /// A path that is not served.
    pub(crate) fn no_such_path() -> Self {
        Self::text(404, "404 page not found\n")
    }

    /// 400 in these words.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// An object that is not there.
    pub(crate) fn not_found(kind: &Kind, name: &str) -> Self {
        Self::new(
            404,
            "NotFound",
            format!("{} {name:?} not found", kind.qualified()),
        )
        .with_details(json!({"name": name, "group": kind.group, "kind": kind.plural}))
    }

    /// An object that is there already.
    pub(crate) fn exists(kind: &Kind, name: &str) -> Self {
        Self::new(
            409,
            "AlreadyExists",
            format!("{} {name:?} already exists", kind.qualified()),
        )
        .with_details(json!({"name": name, "group": kind.group, "kind": kind.plural}))
    }

    /// A write on top of an older version, or against a precondition.
    pub(crate) fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        Self::new(
            409,
            "Conflict",
            format!(
                "Operation cannot be fulfilled on {} {name:?}: {why}",
                kind.qualified()
            ),
        )
        .with_details(json!({"name": name, "group": kind.group, "kind": kind.plural}))
    }

    /// A write on top of an older version.
    pub(crate) fn modified(kind: &Kind, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(kind, name, why)
    }

    /// Not allowed.
    pub(crate) fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        let name_shown = if name.is_empty() {
            String::new()
        } else {
            format!(" {name:?}")
        };
        let details = json!({"name": name, "group": kind.group, "kind": kind.plural});
        Self::new(
            403,
            "Forbidden",
            format!("{}{name_shown} is forbidden: {why}", kind.qualified()),
        )
        .with_details(details)
    }

    /// An object that breaks rules: each a field and what is wrong with it.
    pub(crate) fn invalid(kind: &Kind, name: &str, wrong: &[(String, String)]) -> Self {
        let lines: Vec<String> = wrong
            .iter()
            .map(|(field, message)| format!("{field}: {message}"))
            .collect();
        let shown = match lines.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let causes: Vec<Value> = wrong
            .iter()
            .map(|(field, message)| json!({"reason": reason_of(message), "message": message, "field": field}))
            .collect();
        let qualified = match kind.group {
            "" => kind.kind.to_owned(),
            group => format!("{}.{group}", kind.kind),
        };
        Self::new(
            422,
            "Invalid",
            format!("{qualified} {name:?} is invalid: {shown}"),
        )
        .with_details(
            json!({"name": name, "group": kind.group, "kind": kind.kind, "causes": causes}),
        )
    }

    /// An applied configuration that the schema does not know. The real server answers 500 without a reason.
    pub(crate) fn untyped(config: &Value, message: &str) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let metadata = &config["metadata"];
        let message = format!(
            "failed to create typed patch object ({}/{}; {}, Kind={}): {message}",
            text(&metadata["namespace"]),
            text(&metadata["name"]),
            text(&config["apiVersion"]),
            text(&config["kind"]),
        );
        Self::new(500, "", message)
    }

    /// What an admission webhook says no with.
    pub(crate) fn denied(webhook: &str, code: u16, message: &str) -> Self {
        let reason = if code == 403 {
            "Forbidden"
        } else {
            "BadRequest"
        };
        Self::new(
            code,
            reason,
            format!("admission webhook {webhook:?} denied the request: {message}"),
        )
    }
}

fn reason_of(message: &str) -> &'static str {
    let known = [
        ("Required value", "FieldValueRequired"),
        ("Unsupported value", "FieldValueNotSupported"),
        ("Forbidden", "FieldValueForbidden"),
        ("Duplicate value", "FieldValueDuplicate"),
        ("Too long", "FieldValueTooLong"),
    ];
    known
        .iter()
        .find(|(start, _)| message.starts_with(start))
        .map_or("FieldValueInvalid", |(_, reason)| reason)
}
