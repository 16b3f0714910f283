//! The application's namespace.

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::context::Context;
use super::object::Manifest;

/// The namespace, which admits nothing that is less than `restricted`.
pub(super) fn manifest(cx: Context<'_>) -> Manifest {
    let identity = cx.identity(cx.namespace(), cx.namespace(), "namespace");
    let mut labels = identity.labels();
    for mode in ["audit", "enforce", "warn"] {
        let key = format!("pod-security.kubernetes.io/{mode}");
        labels.insert(key, "restricted".to_owned());
    }
    let namespace = Namespace {
        metadata: ObjectMeta {
            name: Some(cx.namespace().to_owned()),
            labels: Some(labels),
            ..Default::default()
        },
        ..Default::default()
    };
    Manifest {
        file: "namespace.yaml".to_owned(),
        comment: format!("The namespace of `{}`.", cx.app()),
        objects: vec![namespace.into()],
    }
}
