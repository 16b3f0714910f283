//! Which object one is.

use std::fmt;

use serde_json::Value;

/// What an object is called in the cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Group and version: `apps/v1`, `v1`.
    pub api_version: String,
    /// `Deployment`
    pub kind: String,
    /// The namespace; `None` for an object of the whole cluster.
    pub namespace: Option<String>,
    /// The name in it.
    pub name: String,
}

impl Key {
    /// The key of an object. Parts that it does not have are empty.
    pub fn of(object: &Value) -> Self {
        let text = |path: &str| object.pointer(path).and_then(Value::as_str);
        let owned = |path: &str| text(path).unwrap_or_default().to_owned();
        Self {
            api_version: owned("/apiVersion"),
            kind: owned("/kind"),
            namespace: text("/metadata/namespace").map(str::to_owned),
            name: owned("/metadata/name"),
        }
    }

    /// The key of a Knative Service's revision.
    pub fn revision(service: &Self, name: &str) -> Self {
        Self {
            kind: "Revision".to_owned(),
            name: name.to_owned(),
            ..service.clone()
        }
    }

    /// The group: `apps`; empty for the core's.
    pub fn group(&self) -> &str {
        self.api_version
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    /// Kind and group as the list of an ApplySet has them: `Deployment.apps`, `Service`.
    pub fn group_kind(&self) -> String {
        match self.group() {
            "" => self.kind.clone(),
            group => format!("{}.{group}", self.kind),
        }
    }
}

/// `Deployment charge`; a Knative Service is told from Kubernetes' own.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let knative = if self.group() == "serving.knative.dev" {
            "Knative "
        } else {
            ""
        };
        write!(f, "{knative}{} {}", self.kind, self.name)
    }
}
