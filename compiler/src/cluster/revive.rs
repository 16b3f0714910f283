//! Revisions of Knative that failed. One that was not ready in its time is given up for good, and the same template is the same
//! revision: what was in its way may be gone, and nothing would try it again.

use kube::api::DynamicObject;
use serde_json::Value;
use tokio::time::Instant;

use crate::diagnostic::Diagnostic;
use crate::release::Key;

use super::apis::Apis;
use super::apply::read;
use super::gone::until_gone;
use super::prune::delete;
use super::running::shares;
use super::{Event, Listener};

/// Deletes the revisions among these objects that have failed and get no request. Knative's reconciler of configurations makes one
/// anew that it does not find under its name (`latestCreatedRevision`).
///
/// # Errors
///
/// The cluster denies it, or does not answer.
pub(super) async fn revive(
    apis: &Apis,
    objects: &[Value],
    deadline: Instant,
    tell: Listener<'_>,
) -> Result<(), Diagnostic> {
    for object in objects {
        let service = Key::of(object);
        let name = object.pointer("/spec/template/metadata/name");
        let Some(name) = name.and_then(Value::as_str).filter(|_| shares(&service)) else {
            continue;
        };
        let revision = Key {
            kind: "Revision".to_owned(),
            name: name.to_owned(),
            ..service.clone()
        };
        let Some(live) = read(apis, &revision).await?.filter(has_failed) else {
            continue;
        };
        if gets_requests(read(apis, &service).await?.as_ref(), name) {
            continue;
        }
        let uid = live.metadata.uid.as_deref();
        delete(apis, &revision, uid).await?;
        until_gone(apis, &revision, uid, deadline).await?;
        tell(Event::Done(format!(
            "{service}: its revision {name} had failed, and is made anew"
        )));
    }
    Ok(())
}

fn has_failed(revision: &DynamicObject) -> bool {
    let conditions = revision.data.pointer("/status/conditions");
    let mut conditions = conditions.and_then(Value::as_array).into_iter().flatten();
    conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "False")
}

fn gets_requests(service: Option<&DynamicObject>, revision: &str) -> bool {
    let targets = service.and_then(|service| service.data.pointer("/status/traffic"));
    let mut targets = targets.and_then(Value::as_array).into_iter().flatten();
    targets.any(|target| target["revisionName"] == revision)
}
