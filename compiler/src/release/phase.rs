//! The order in which objects are applied: what something needs comes before it.

use super::Key;

/// One step of a deploy. The order of the variants is the order of the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The namespace.
    Namespace,
    /// Identities, network policies, configurations.
    Accounts,
    /// The broker and the cache server.
    Backends,
    /// The Job that makes streams and consumers.
    Provision,
    /// All that runs the user's functions.
    Workloads,
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [
        Self::Namespace,
        Self::Accounts,
        Self::Backends,
        Self::Provision,
        Self::Workloads,
    ];

    /// The step of an object. A Kubernetes Service is of no use before its pods, and does no harm: the servers' ones have
    /// to be there first, so all are.
    pub fn of(key: &Key) -> Self {
        match (key.group(), key.kind.as_str()) {
            ("", "Namespace") => Self::Namespace,
            ("", "ServiceAccount" | "ConfigMap") | ("networking.k8s.io", _) => Self::Accounts,
            ("", "Service") | ("apps", "StatefulSet") => Self::Backends,
            ("batch", "Job") => Self::Provision,
            _ => Self::Workloads,
        }
    }
}
