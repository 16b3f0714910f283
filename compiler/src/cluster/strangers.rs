//! Objects of the application that no deploy applied: somebody applied the tree by other means, as GitOps does.

use kube::ResourceExt as _;
use kube::api::ListParams;

use crate::diagnostic::Diagnostic;
use crate::release::Key;

use super::apis::Apis;
use super::failure::failed;
use super::members::Members;
use super::request::patiently;

/// The kinds that run something.
const KINDS: [(&str, &str); 5] = [
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("serving.knative.dev/v1", "Service"),
];

/// What runs of the application and is no member of its set.
///
/// # Errors
///
/// The cluster does not answer.
pub(super) async fn strangers(
    apis: &Apis,
    app: &str,
    namespace: &str,
    members: &Members,
) -> Result<Vec<Key>, Diagnostic> {
    let labels = format!(
        "app.kubernetes.io/part-of={app},app.kubernetes.io/managed-by=cloudc,{}",
        members.others()
    );
    let selector = ListParams::default().labels(&labels);
    let mut strangers = Vec::new();
    for (version, kind) in KINDS {
        let Some(resource) = apis.resource(version, kind) else {
            continue;
        };
        let api = apis.all(resource, namespace);
        let found = match patiently(|| api.list(&selector)).await {
            Ok(found) => found,
            // Who may not see them has none of them.
            Err(kube::Error::Api(status)) if status.code == 403 => continue,
            Err(error) => return Err(failed(&format!("cannot list {}", resource.plural), &error)),
        };
        // What a controller made has the labels of what it made it from.
        let own = found.items.into_iter().filter(|object| {
            object.owner_references().is_empty() && object.metadata.deletion_timestamp.is_none()
        });
        strangers.extend(own.map(|object| Key {
            api_version: resource.api_version.clone(),
            kind: resource.kind.clone(),
            namespace: object.namespace(),
            name: object.name_any(),
        }));
    }
    Ok(strangers)
}
