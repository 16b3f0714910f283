//! Revisions of Knative that nothing would bring back. One that was not ready in its time is given up for good, and the same template is
//! the same revision: what was in its way may be gone, and nothing would try it again. And one that was made when Knative had other
//! defaults keeps its name to itself: a template with today's is another one (`CheckNameAvailability` in its reconciler of
//! configurations).

use crate::release::Key;
use kube::api::DynamicObject;
use serde_json::Value;

use super::apis::Apis;
use super::apply::{How, read, rehearse};
use super::gone::until_gone;
use super::prune::delete;
use super::running::shares;
use super::{Event, Problems};

/// Deletes the revisions of these objects that have failed, or are of other defaults, and get no request. Knative's reconciler of configurations makes one
/// anew that it does not find under its name (`latestCreatedRevision`).
///
/// # Errors
///
/// The cluster denies it, refuses the template, or does not answer.
pub(super) async fn revive(apis: &Apis, objects: &[Value], how: How<'_>) -> Result<(), Problems> {
    let one = |problem| vec![problem];
    for object in objects {
        let service = Key::of(object);
        let name = object.pointer("/spec/template/metadata/name");
        let Some(name) = name.and_then(Value::as_str).filter(|_| shares(&service)) else {
            continue;
        };
        let revision = Key::revision(&service, name);
        let Some(live) = read(apis, &revision).await.map_err(one)? else {
            continue;
        };
        let routed = read(apis, &service).await.map_err(one)?;
        if gets_requests(routed.as_ref(), name) {
            continue;
        }
        let why = if has_failed(&live) {
            "had failed"
        } else if is_another(apis, object, &live, how.force).await? {
            "is of other defaults than Knative has now"
        } else {
            continue;
        };
        let uid = live.metadata.uid.as_deref();
        delete(apis, &revision, uid).await.map_err(one)?;
        until_gone(apis, &revision, uid, how.deadline)
            .await
            .map_err(one)?;
        (how.tell)(Event::Done(format!(
            "{service}: its revision {name} {why}, and is made anew"
        )));
    }
    Ok(())
}

/// Whether Knative would make another revision of this object today.
async fn is_another(
    apis: &Apis,
    object: &Value,
    revision: &DynamicObject,
    force: bool,
) -> Result<bool, Problems> {
    let rehearsed = rehearse(apis, std::slice::from_ref(object), force).await?;
    let then = rehearsed
        .first()
        .and_then(|one| one.then.data.pointer("/spec/template/spec"));
    Ok(then.is_some_and(|then| Some(then) != revision.data.get("spec")))
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
