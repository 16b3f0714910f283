//! What a container requests, and its limits.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::quantity;

/// Memory is limited to what is requested, so a pod is never killed for what another took; for CPU see
/// [`quantity::cpu_limit`]. The ephemeral storage holds `/tmp` and the logs that the node keeps.
pub(super) fn of(cpu: &str, memory: &str) -> ResourceRequirements {
    let exact = |text: &str| Quantity(text.to_owned());
    ResourceRequirements {
        requests: Some(list(exact(cpu), exact("64Mi"), exact(memory))),
        limits: Some(list(
            quantity::cpu_limit(cpu),
            exact("256Mi"),
            exact(memory),
        )),
        ..Default::default()
    }
}

fn list(cpu: Quantity, storage: Quantity, memory: Quantity) -> BTreeMap<String, Quantity> {
    [
        ("cpu", cpu),
        ("ephemeral-storage", storage),
        ("memory", memory),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}
