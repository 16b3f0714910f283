//! The server itself: it does what the documentation of a real one says.

mod admission;
mod apply;
mod controllers;
mod deleting;
mod discovery;
mod faults;
mod operators;
mod reading;
mod trees;
mod validation;
mod writing;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DynamicObject, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};

use crate::apiserver::{Builder, Cluster};

/// A cluster with the namespace `shop`; none, with a note, without the schemas.
fn cluster() -> Option<Cluster> {
    started(Cluster::builder())
}

fn started(builder: Builder) -> Option<Cluster> {
    let cluster = builder.start()?;
    cluster.namespace("shop");
    Some(cluster)
}

/// The objects of a kind in `shop`, without a type.
fn api(cluster: &Cluster, version: &str, kind: &str) -> Api<DynamicObject> {
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    Api::namespaced_with(cluster.client(), "shop", &resource)
}

/// The ConfigMaps of `shop`.
fn maps(cluster: &Cluster) -> Api<ConfigMap> {
    Api::namespaced(cluster.client(), "shop")
}

fn map(name: &str, data: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "shop"},
        "data": data,
    })
}

/// A Deployment of one container.
fn deployment(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{
                    "name": "app",
                    "image": "registry.example.com/shop:1",
                    "env": [{"name": "LEVEL", "value": "info"}],
                    "ports": [{"name": "http", "containerPort": 8080}],
                }]},
            },
        },
    })
}

/// A Knative Service.
fn service(name: &str) -> Value {
    json!({
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"template": {
            "metadata": {"name": format!("{name}-one"), "labels": {"app": name}},
            "spec": {"containers": [{
                "name": "app",
                "image": "registry.example.com/shop:1",
                "readinessProbe": {"successThreshold": 1, "tcpSocket": {"port": 0}},
                "resources": {},
            }]},
        }},
    })
}

/// Applies an object as `manager`.
async fn apply(cluster: &Cluster, manager: &str, object: &Value) -> kube::Result<DynamicObject> {
    apply_with(cluster, &PatchParams::apply(manager), object).await
}

async fn apply_with(
    cluster: &Cluster,
    parameters: &PatchParams,
    object: &Value,
) -> kube::Result<DynamicObject> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let api = api(
        cluster,
        &text(&object["apiVersion"]),
        &text(&object["kind"]),
    );
    let name = text(&object["metadata"]["name"]);
    api.patch(&name, parameters, &kube::api::Patch::Apply(object))
        .await
}

async fn create(cluster: &Cluster, object: &Value) -> kube::Result<DynamicObject> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let api = api(
        cluster,
        &text(&object["apiVersion"]),
        &text(&object["kind"]),
    );
    let object = serde_json::from_value(object.clone()).expect("an object");
    api.create(
        &PostParams {
            field_manager: Some("kubectl".to_owned()),
            ..PostParams::default()
        },
        &object,
    )
    .await
}

/// The refusal of a call: its code, reason and message.
fn refusal<T: std::fmt::Debug>(result: kube::Result<T>) -> (u16, String, String) {
    match result.expect_err("a refusal") {
        kube::Error::Api(status) => (status.code, status.reason.clone(), status.message.clone()),
        other => panic!("no answer of the server: {other:?}"),
    }
}

fn value(object: &DynamicObject) -> Value {
    serde_json::to_value(object).expect("JSON")
}
