//! What runs now: the revision of each Knative Service that gets the requests.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::release::{Key, Release};

use super::apis::Apis;
use super::failure::failed;
use super::request::patiently;

/// The revision that each service of a release has now: the one with the tag `stable` while requests are shared, else the newest that
/// is ready. Services that the cluster does not have are left out.
pub(super) async fn revisions(
    apis: &Apis,
    release: &Release,
) -> Result<BTreeMap<String, String>, Diagnostic> {
    let mut revisions = BTreeMap::new();
    let services = release
        .keys()
        .filter(|key| key.group() == "serving.knative.dev");
    for key in services {
        let api = apis.of(&key)?;
        let found = patiently(|| api.get_opt(&key.name)).await;
        let found = found.map_err(|error| failed(&format!("cannot look at {key}"), &error))?;
        if let Some(revision) = found.and_then(|service| stable(&service.data)) {
            revisions.insert(key.name, revision);
        }
    }
    Ok(revisions)
}

fn stable(service: &Value) -> Option<String> {
    let targets = service.pointer("/spec/traffic").and_then(Value::as_array);
    let mut targets = targets.into_iter().flatten();
    let tagged = targets.find(|target| target["tag"] == "stable");
    let tagged = tagged.and_then(|target| target["revisionName"].as_str());
    let ready = || service.pointer("/status/latestReadyRevisionName")?.as_str();
    tagged.or_else(ready).map(str::to_owned)
}

/// Whether an API object of this key is a service whose requests can be shared.
pub(super) fn shares(key: &Key) -> bool {
    key.group() == "serving.knative.dev"
}
