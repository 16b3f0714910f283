//! A request, taken apart.

use serde_json::Value;

use super::kinds::{KINDS, Kind};
use super::status::Failure;

/// What a request asks for.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The method.
    pub(crate) method: String,
    /// The path, without the query.
    pub(crate) path: String,
    /// The query's pairs, decoded.
    pub(crate) query: Vec<(String, String)>,
    /// The media type of the body.
    pub(crate) content_type: String,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// What a path names.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The kind.
    pub(crate) kind: Kind,
    /// The namespace; empty for cluster-wide kinds, and for a list over all namespaces.
    pub(crate) namespace: String,
    /// The object; empty for the collection.
    pub(crate) name: String,
    /// The subresource; empty for the object itself.
    pub(crate) subresource: String,
}

impl Call {
    /// A parameter of the query; empty where it is not given.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    /// Whether nothing shall be kept.
    pub(crate) fn dry_run(&self) -> bool {
        self.parameter("dryRun") == "All"
    }

    /// The field manager that a write names.
    pub(crate) fn manager(&self) -> &str {
        match self.parameter("fieldManager") {
            "" => "unknown",
            name => name,
        }
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Value, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Failure::bad_request(format!("the object provided is unrecognized: {error}"))
        })
    }
}

impl Target {
    /// What a path names among the served groups.
    pub(crate) fn of(path: &str, groups: &[&str]) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] if groups.contains(group) => {
                (*group, *version, rest)
            }
            _ => return None,
        };
        let (namespace, rest) = match rest {
            // A namespace's own subresources and its contents share their prefix.
            ["namespaces", namespace, rest @ ..]
                if !matches!(rest, [] | ["status" | "finalize"]) =>
            {
                ((*namespace).to_owned(), rest)
            }
            _ => (String::new(), rest),
        };
        let (plural, name, subresource) = match rest {
            [plural] => (plural, "", ""),
            [plural, name] => (plural, *name, ""),
            [plural, name, subresource] => (plural, *name, *subresource),
            _ => return None,
        };
        let kind = *KINDS
            .iter()
            .find(|kind| (kind.group, kind.version, kind.plural) == (group, version, *plural))?;
        let known = match subresource {
            "" => true,
            "status" => kind.status,
            "scale" => kind.scale,
            "log" => kind.kind == "Pod",
            _ => false,
        };
        let placed =
            kind.namespaced != namespace.is_empty() || (kind.namespaced && name.is_empty());
        (known && placed).then(|| Self {
            kind,
            namespace,
            name: name.to_owned(),
            subresource: subresource.to_owned(),
        })
    }

    /// The verb that authorization asks about.
    pub(crate) fn verb(&self, method: &str) -> &'static str {
        match (method, self.name.is_empty()) {
            ("GET", true) => "list",
            ("GET", false) => "get",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", true) => "deletecollection",
            ("DELETE", false) => "delete",
            _ => "unknown",
        }
    }
}
