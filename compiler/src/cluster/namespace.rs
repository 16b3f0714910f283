//! Whose the application's namespace is. cloudc deletes none that it did not make, and changes none either.

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client, ResourceExt as _};
use serde_json::Value;

use crate::codes;
use crate::diagnostic::Diagnostic;

use super::failure::failed;
use super::request::patiently;

/// The annotation of a namespace that a deploy found missing and made. A label says who manages an object, and anybody's
/// manifests may have it; this says who made it.
const MADE: &str = "cloudc.dev/made";

/// Whose a namespace is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maker {
    /// It is not there.
    Nobody,
    /// A deploy made it.
    Cloudc,
    /// It was there before.
    Other,
}

/// Whose the namespace of this name is.
///
/// # Errors
///
/// It is being deleted; the cluster does not answer.
pub(super) async fn maker(client: &Client, name: &str) -> Result<Maker, Diagnostic> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    match patiently(|| namespaces.get_opt(name)).await {
        Ok(None) => Ok(Maker::Nobody),
        Ok(Some(found)) if found.metadata.deletion_timestamp.is_some() => Err(Diagnostic::error(
            codes::CLUSTER_BUSY,
            format!("the namespace {name} is being deleted"),
        )
        .help("wait until it is gone, and run this again")),
        Ok(Some(found)) if is_made(&found) => Ok(Maker::Cloudc),
        Ok(Some(_)) => Ok(Maker::Other),
        // Who may not look has to know: the first write tells.
        Err(kube::Error::Api(status)) if status.code == 403 => Ok(Maker::Other),
        Err(error) => Err(failed(
            &format!("cannot look for the namespace {name}"),
            &error,
        )),
    }
}

/// The uid of a namespace that a deploy made and that is being deleted.
///
/// # Errors
///
/// The cluster does not answer.
pub(super) async fn clearing(client: &Client, name: &str) -> Result<Option<String>, Diagnostic> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    match patiently(|| namespaces.get_opt(name)).await {
        Ok(found) => Ok(found
            .filter(|found| is_made(found) && found.metadata.deletion_timestamp.is_some())
            .and_then(|found| found.metadata.uid)),
        // Who may not look goes on: the first write tells.
        Err(kube::Error::Api(status)) if status.code == 403 => Ok(None),
        Err(error) => Err(failed(
            &format!("cannot look for the namespace {name}"),
            &error,
        )),
    }
}

/// Whether a deploy made a namespace.
pub(super) fn is_made(namespace: &Namespace) -> bool {
    namespace.annotations().get(MADE).map(String::as_str) == Some("true")
}

/// Notes on a namespace that a deploy makes it.
pub(super) fn mark(namespace: &mut Value) {
    namespace["metadata"]["annotations"][MADE] = Value::String("true".to_owned());
}
