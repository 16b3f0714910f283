//! What a container requests, and its limits.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::graph::quantity;

/// Memory is limited to what is requested, so a pod is never killed for what another took; for CPU see
/// [`cpu_limit`]. The ephemeral storage holds `/tmp` and the logs that the node keeps.
pub(super) fn of(cpu: &str, memory: &str) -> ResourceRequirements {
    let exact = |text: &str| Quantity(text.to_owned());
    ResourceRequirements {
        requests: Some(list(exact(cpu), exact("64Mi"), exact(memory))),
        limits: Some(list(cpu_limit(cpu), exact("256Mi"), exact(memory))),
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

/// The CPU limit that goes with a request: four times as much, at least one core. So a pod can start
/// quickly and work off a burst, and one that runs away still can't starve its node.
fn cpu_limit(request: &str) -> Quantity {
    let request = quantity::parse(request).map_or(0, quantity::Quantity::millis);
    let limit = request.saturating_mul(4).max(1000);
    Quantity(if limit.is_multiple_of(1000) {
        (limit / 1000).to_string()
    } else {
        format!("{limit}m")
    })
}

/// Bytes of memory or storage. Zero for what is no quantity: the checks have reported it.
pub(super) fn bytes(text: &str) -> u128 {
    quantity::parse(text).map_or(0, quantity::Quantity::units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_cpu_at_four_times_the_request_but_at_least_a_core() {
        assert_eq!(cpu_limit("100m").0, "1");
        assert_eq!(cpu_limit("500m").0, "2");
        assert_eq!(cpu_limit("330m").0, "1320m");
        assert_eq!(cpu_limit("2e0").0, "8");
    }
}
