//! Waiting until what is being deleted is gone: a finalizer holds an object until its controller has cleaned up.

use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::DynamicObject;
use kube::{Api, Client};
use tokio::time::{Instant, sleep};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::release::Key;

use super::apis::Apis;
use super::failure::failed;
use super::request::patiently;

/// How often an object is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Waits until the object of this key and uid is gone. Another one of its name is another one.
///
/// # Errors
///
/// It is there still at `deadline`: what holds it.
pub(super) async fn until_gone(
    apis: &Apis,
    key: &Key,
    uid: Option<&str>,
    deadline: Instant,
) -> Result<(), Diagnostic> {
    let api = apis.of(key)?;
    loop {
        let left = patiently(|| api.get_opt(&key.name)).await;
        let left = left.map_err(|error| failed(&format!("cannot look at {key}"), &error))?;
        let left = left.filter(|left| uid.is_none() || left.metadata.uid.as_deref() == uid);
        let Some(left) = left else {
            return Ok(());
        };
        if Instant::now() >= deadline {
            return Err(held(key, &left));
        }
        sleep(LOOK).await;
    }
}

/// Waits until the namespace of this name and uid is gone, with what the cluster's own controllers put into it.
///
/// # Errors
///
/// It is there still at `deadline`: what the namespace says holds it.
pub(super) async fn until_namespace_gone(
    client: &Client,
    name: &str,
    uid: &str,
    deadline: Instant,
) -> Result<(), Diagnostic> {
    let api: Api<Namespace> = Api::all(client.clone());
    loop {
        let left = patiently(|| api.get_opt(name)).await;
        let left = left
            .map_err(|error| failed(&format!("cannot look at the namespace {name}"), &error))?
            .filter(|left| left.metadata.uid.as_deref() == Some(uid));
        let Some(left) = left else {
            return Ok(());
        };
        if Instant::now() >= deadline {
            return Err(not_gone(
                &format!("the namespace {name}"),
                &why_left(&left),
                "what cloudc made is gone; the cluster clears the rest by itself as soon as nothing holds it",
            ));
        }
        sleep(LOOK).await;
    }
}

/// What holds a namespace: what is left in it, as its controller says, or somebody's finalizer.
fn why_left(namespace: &Namespace) -> String {
    let status = namespace.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_deref());
    let said: Vec<&str> = conditions
        .unwrap_or_default()
        .iter()
        .filter(|condition| condition.status == "True")
        .filter_map(|condition| condition.message.as_deref())
        .collect();
    match said.as_slice() {
        [] => holders(namespace.metadata.finalizers.as_deref().unwrap_or_default()),
        said => said.join("; "),
    }
}

fn held(key: &Key, object: &DynamicObject) -> Diagnostic {
    let finalizers = object.metadata.finalizers.as_deref().unwrap_or_default();
    not_gone(
        &key.to_string(),
        &holders(finalizers),
        "see that the controller which cleans up after it runs (KEDA's operator for a ScaledObject), and run this again",
    )
}

fn holders(finalizers: &[String]) -> String {
    match finalizers {
        [] => "something uses it still".to_owned(),
        [one] => format!("the finalizer `{one}` holds it"),
        many => format!("the finalizers `{}` hold it", many.join("`, `")),
    }
}

fn not_gone(what: &str, why: &str, help: &str) -> Diagnostic {
    let message = format!("{what} is being deleted, and is not gone yet: {why}");
    Diagnostic::error(codes::CLUSTER_BUSY, message).help(help)
}
