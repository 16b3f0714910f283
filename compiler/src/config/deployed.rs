//! What is no key of `cloudc.toml`, because only who deploys knows it: what is in the cluster already.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A queue that left the graph, whose streams may still be at the broker.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Retired {
    /// Its name: `orders`.
    pub queue: String,
    /// Whether failed messages were kept in a stream of their own.
    pub dead_letter: bool,
    /// Whether its streams go with all that is in them. Else each goes once it is empty.
    pub delete: bool,
}

/// What the users of an application's servers may do. As JSON it is kept beside what was deployed.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub struct Permissions {
    /// At the broker, by user: the workloads that use it, the provisioner and the operator.
    pub nats: BTreeMap<String, NatsPermissions>,
    /// At the cache server, by user: the workloads that use a cache, each with its ACL rules after the password.
    pub valkey: BTreeMap<String, Vec<String>>,
}

/// Subjects that a user of the broker may publish and subscribe to; the server denies everything else.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub struct NatsPermissions {
    /// Sorted, each once. Never empty for a workload that uses the broker: the server takes an
    /// empty list for no limit.
    pub publish: Vec<String>,
    /// Likewise.
    pub subscribe: Vec<String>,
}
