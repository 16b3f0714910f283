//! What is left in a namespace once the application is gone: whether anything in it is somebody else's.

use futures_util::StreamExt as _;
use futures_util::stream;
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::discovery::{Discovery, Scope, verbs};
use kube::{Api, Client, ResourceExt as _};

use super::request::patiently;

/// Kinds that are listed at the same time.
const AT_ONCE: usize = 8;

/// Something in the namespace that is not the cluster's own furniture, not the Lease of whoever asks, and not on its way out with
/// what was just deleted. Every kind is looked at that the cluster has, as all of it would go with the namespace.
pub(super) async fn anything(client: &Client, namespace: &str, lease: &str) -> Option<String> {
    let discovered = patiently(|| Discovery::new(client.clone()).run()).await;
    let Ok(discovered) = discovered else {
        // What cannot be seen may be somebody's.
        return Some("kinds that the cluster does not name now".to_owned());
    };
    let kinds = kinds(&discovered);
    let mut looks = stream::iter(&kinds)
        .map(|kind| look(client, (namespace, lease), kind, &kinds))
        .buffered(AT_ONCE);
    while let Some(found) = looks.next().await {
        if found.is_some() {
            return found;
        }
    }
    None
}

/// The kinds whose objects live in namespaces and are kept: what can be listed and not deleted is computed, such as the metrics
/// of pods.
fn kinds(discovered: &Discovery) -> Vec<ApiResource> {
    let every = discovered
        .groups()
        .flat_map(|group| group.resources_by_stability());
    let mut kinds: Vec<ApiResource> = every
        .filter(|(kind, can)| {
            can.scope == Scope::Namespaced
                && can.supports_operation(verbs::LIST)
                && can.supports_operation(verbs::DELETE)
                && !comes_by_itself(kind)
        })
        .map(|(kind, _)| kind)
        .collect();
    // The answer is the same every time.
    kinds.sort_by(|one, other| (&one.group, &one.kind).cmp(&(&other.group, &other.kind)));
    kinds
}

/// Kinds of which nobody makes an object that is missed: events, and the addresses behind a Service, which go after it and name
/// no owner, or each other.
fn comes_by_itself(kind: &ApiResource) -> bool {
    matches!(
        (kind.group.as_str(), kind.kind.as_str()),
        ("" | "events.k8s.io", "Event") | ("", "Endpoints") | ("discovery.k8s.io", "EndpointSlice")
    )
}

async fn look(
    client: &Client,
    (namespace, lease): (&str, &str),
    kind: &ApiResource,
    kinds: &[ApiResource],
) -> Option<String> {
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, kind);
    let everything = ListParams::default();
    let Ok(found) = patiently(|| api.list(&everything)).await else {
        return Some(format!("{} that cannot be listed", kind.plural));
    };
    let other = found.items.iter().find(|object| {
        let is_lease = kind.kind == "Lease" && object.name_any() == lease;
        !is_lease && !is_furniture(kind, object) && !leaves(object, kinds)
    })?;
    Some(format!("{} {}", kind.kind, other.name_any()))
}

/// What every namespace has.
fn is_furniture(kind: &ApiResource, object: &DynamicObject) -> bool {
    kind.group.is_empty()
        && matches!(
            (kind.kind.as_str(), object.name_any().as_str()),
            (
                "ConfigMap",
                "kube-root-ca.crt" | "istio-ca-root-cert" | "openshift-service-ca.crt"
            ) | ("ServiceAccount", "default")
        )
}

/// Whether an object goes by itself: it is being deleted, or belongs to another one of the namespace, which is looked at too.
fn leaves(object: &DynamicObject, kinds: &[ApiResource]) -> bool {
    object.metadata.deletion_timestamp.is_some()
        || object.owner_references().iter().any(|owner| {
            let group = owner
                .api_version
                .split_once('/')
                .map_or("", |(group, _)| group);
            kinds
                .iter()
                .any(|kind| kind.group == group && kind.kind == owner.kind)
        })
}
