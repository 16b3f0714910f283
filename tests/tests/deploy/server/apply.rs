//! Server-side apply: https://kubernetes.io/docs/reference/using-api/server-side-apply/

use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::*;

/// The fields that a manager owns by an operation.
fn owned(object: &Value, manager: &str, operation: &str) -> Value {
    let entries = object["metadata"]["managedFields"]
        .as_array()
        .expect("managers");
    let mut found = entries
        .iter()
        .filter(|entry| entry["manager"] == manager && entry["operation"] == operation);
    found
        .next()
        .map(|entry| entry["fieldsV1"].clone())
        .unwrap_or_default()
}

#[tokio::test]
async fn an_apply_makes_an_object_and_owns_what_it_names() {
    let Some(cluster) = cluster() else { return };
    apply(&cluster, "cloudc", &deployment("charge"))
        .await
        .expect("applied");
    assert_eq!(
        cluster.history().last().expect("a request").status,
        Some(201)
    );
    let object = cluster
        .get("apps/v1", "Deployment", "shop", "charge")
        .expect("the object");
    let expected = json!({
        "f:metadata": {"f:labels": {"f:app": {}}},
        "f:spec": {
            "f:selector": {},
            "f:template": {
                "f:metadata": {"f:labels": {"f:app": {}}},
                "f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {
                    ".": {},
                    "f:env": {"k:{\"name\":\"LEVEL\"}": {".": {}, "f:name": {}, "f:value": {}}},
                    "f:image": {},
                    "f:name": {},
                    "f:ports": {"k:{\"containerPort\":8080,\"protocol\":\"TCP\"}": {
                        ".": {}, "f:containerPort": {}, "f:name": {},
                    }},
                }}},
            },
        },
    });
    assert_eq!(owned(&object, "cloudc", "Apply"), expected);
    assert_eq!(object["spec"]["replicas"], 1, "a default that nobody owns");
}

#[tokio::test]
async fn the_same_again_changes_nothing() {
    let Some(cluster) = cluster() else { return };
    for object in [
        deployment("charge"),
        service("shop"),
        map("settings", &json!({"a": "1"})),
    ] {
        let first = apply(&cluster, "cloudc", &object).await.expect("applied");
        let second = apply(&cluster, "cloudc", &object)
            .await
            .expect("applied again");
        assert_eq!(value(&first), value(&second));
        assert_eq!(
            cluster.history().last().expect("a request").status,
            Some(200)
        );
    }
}

#[tokio::test]
async fn a_field_of_another_manager_is_a_conflict() {
    let Some(cluster) = cluster() else { return };
    apply(&cluster, "cloudc", &deployment("charge"))
        .await
        .expect("applied");
    let patch = json!({"spec": {"replicas": 3}});
    let parameters = PatchParams {
        field_manager: Some("kubectl".to_owned()),
        ..PatchParams::default()
    };
    let api = api(&cluster, "apps/v1", "Deployment");
    api.patch("charge", &parameters, &Patch::Merge(&patch))
        .await
        .expect("patched");

    let mut wanted = deployment("charge");
    apply(&cluster, "cloudc", &wanted)
        .await
        .expect("a field that it does not name is none of its business");
    wanted["spec"]["replicas"] = json!(2);
    let error = apply(&cluster, "cloudc", &wanted)
        .await
        .expect_err("a conflict");
    let kube::Error::Api(status) = error else {
        panic!("an answer")
    };
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
    assert!(
        status
            .message
            .starts_with("Apply failed with 1 conflict: conflict with \"kubectl\" using apps/v1"),
        "{}",
        status.message
    );
    assert!(
        status.message.ends_with(": .spec.replicas"),
        "{}",
        status.message
    );
    let causes = &status.details.as_ref().expect("details").causes;
    assert_eq!(
        (causes[0].reason.as_str(), causes[0].field.as_str()),
        ("FieldManagerConflict", ".spec.replicas")
    );

    let forced = apply_with(&cluster, &PatchParams::apply("cloudc").force(), &wanted)
        .await
        .expect("forced");
    let forced = value(&forced);
    assert_eq!(forced["spec"]["replicas"], 2);
    assert_eq!(
        owned(&forced, "kubectl", "Update"),
        Value::Null,
        "it owned nothing else"
    );
}

#[tokio::test]
async fn the_same_value_is_shared() {
    let Some(cluster) = cluster() else { return };
    let data = map("settings", &json!({"a": "1"}));
    apply(&cluster, "one", &data).await.expect("applied");
    let both = apply(&cluster, "two", &data).await.expect("no conflict");
    assert_eq!(
        owned(&value(&both), "one", "Apply"),
        owned(&value(&both), "two", "Apply")
    );
    let left = apply(&cluster, "one", &map("settings", &json!({})))
        .await
        .expect("given up");
    assert_eq!(
        value(&left)["data"],
        json!({"a": "1"}),
        "the other still wants it"
    );
    let gone = apply(&cluster, "two", &map("settings", &json!({})))
        .await
        .expect("given up");
    assert_eq!(value(&gone)["data"], Value::Null);
}

#[tokio::test]
async fn what_is_not_named_any_more_goes() {
    let Some(cluster) = cluster() else { return };
    let mut wanted = deployment("charge");
    let container = &mut wanted["spec"]["template"]["spec"]["containers"][0];
    container["livenessProbe"] = json!({"httpGet": {"path": "/healthz", "port": 8080}});
    container["env"] = json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]);
    apply(&cluster, "cloudc", &wanted).await.expect("applied");
    let container = &mut wanted["spec"]["template"]["spec"]["containers"][0];
    container["env"] = json!([{"name": "B", "value": "2"}]);
    container
        .as_object_mut()
        .expect("an object")
        .remove("livenessProbe");
    let object = value(&apply(&cluster, "cloudc", &wanted).await.expect("applied"));
    let container = &object["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["env"], json!([{"name": "B", "value": "2"}]));
    assert_eq!(
        container["livenessProbe"],
        Value::Null,
        "its defaults go with it"
    );
    assert_eq!(object["metadata"]["generation"], 2);
}

#[tokio::test]
async fn lists_are_merged_by_their_keys() {
    let Some(cluster) = cluster() else { return };
    apply(&cluster, "cloudc", &deployment("charge"))
        .await
        .expect("applied");
    let sidecar = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "charge", "namespace": "shop"},
        "spec": {"template": {"spec": {"containers": [{"name": "sidecar", "image": "sidecar:1"}]}}},
    });
    apply(&cluster, "mesh", &sidecar)
        .await
        .expect("another item");
    let object = value(
        &apply(&cluster, "cloudc", &deployment("charge"))
            .await
            .expect("applied"),
    );
    let containers = object["spec"]["template"]["spec"]["containers"]
        .as_array()
        .expect("containers");
    let names: Vec<&Value> = containers
        .iter()
        .map(|container| &container["name"])
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let mut twice = deployment("charge");
    let container = twice["spec"]["template"]["spec"]["containers"][0].clone();
    twice["spec"]["template"]["spec"]["containers"]
        .as_array_mut()
        .expect("a list")
        .push(container);
    let (code, _, message) = refusal(apply(&cluster, "cloudc", &twice).await);
    assert_eq!(code, 500);
    assert!(
        message
            .ends_with(".spec.template.spec.containers: duplicate entries for key [name=\"app\"]"),
        "{message}"
    );
}

#[tokio::test]
async fn atomic_lists_have_one_owner() {
    let Some(cluster) = cluster() else { return };
    let policy = |port: u16| {
        json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "shop", "namespace": "shop"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"ports": [{"port": port}]}]},
        })
    };
    apply(&cluster, "one", &policy(80)).await.expect("applied");
    let (code, _, message) = refusal(apply(&cluster, "two", &policy(81)).await);
    assert_eq!(code, 409);
    assert_eq!(
        message,
        "Apply failed with 1 conflict: conflict with \"one\": .spec.ingress"
    );
}

#[tokio::test]
async fn sets_are_merged_by_value() {
    let Some(cluster) = cluster() else { return };
    let with = |finalizer: &str| {
        let mut object = map("settings", &json!({"a": "1"}));
        object["metadata"]["finalizers"] = json!([finalizer]);
        object
    };
    apply(&cluster, "one", &with("example.com/one"))
        .await
        .expect("applied");
    let both = value(
        &apply(&cluster, "two", &with("example.com/two"))
            .await
            .expect("applied"),
    );
    assert_eq!(
        both["metadata"]["finalizers"].as_array().map(Vec::len),
        Some(2)
    );
    let one = value(
        &apply(&cluster, "one", &map("settings", &json!({"a": "1"})))
            .await
            .expect("applied"),
    );
    assert_eq!(one["metadata"]["finalizers"], json!(["example.com/two"]));
}

#[tokio::test]
async fn a_dry_run_answers_and_keeps_nothing() {
    let Some(cluster) = cluster() else { return };
    let parameters = PatchParams {
        dry_run: true,
        ..PatchParams::apply("cloudc")
    };
    let object = value(
        &apply_with(&cluster, &parameters, &deployment("charge"))
            .await
            .expect("answered"),
    );
    assert_eq!(object["spec"]["replicas"], 1);
    assert_eq!(cluster.get("apps/v1", "Deployment", "shop", "charge"), None);
    apply(&cluster, "cloudc", &deployment("charge"))
        .await
        .expect("applied");
    let before = cluster.get("apps/v1", "Deployment", "shop", "charge");
    let mut other = deployment("charge");
    other["spec"]["template"]["spec"]["containers"][0]["image"] = json!("other:2");
    let object = value(
        &apply_with(&cluster, &parameters, &other)
            .await
            .expect("answered"),
    );
    assert_eq!(
        object["spec"]["template"]["spec"]["containers"][0]["image"],
        "other:2"
    );
    assert_eq!(
        cluster.get("apps/v1", "Deployment", "shop", "charge"),
        before
    );
}

#[tokio::test]
async fn the_status_is_a_part_of_its_own() {
    let Some(cluster) = cluster() else { return };
    let mut wanted = deployment("charge");
    wanted["status"] = json!({"replicas": 7});
    let object = value(&apply(&cluster, "cloudc", &wanted).await.expect("applied"));
    assert_eq!(object["status"], Value::Null);
    let api = api(&cluster, "apps/v1", "Deployment");
    wanted["spec"]["replicas"] = json!(9);
    let patched = api
        .patch_status(
            "charge",
            &PatchParams::apply("robot"),
            &Patch::Apply(&wanted),
        )
        .await;
    let patched = value(&patched.expect("patched"));
    assert_eq!(patched["status"]["replicas"], 7);
    assert_eq!(patched["spec"]["replicas"], 1);
    let again = value(
        &apply(&cluster, "cloudc", &deployment("charge"))
            .await
            .expect("applied"),
    );
    assert_eq!(again["status"]["replicas"], 7);
}

#[tokio::test]
async fn a_manager_is_needed_and_a_field_that_is_known() {
    let Some(cluster) = cluster() else { return };
    let parameters = PatchParams::default();
    let (code, reason, message) =
        refusal(apply_with(&cluster, &parameters, &deployment("charge")).await);
    assert_eq!((code, reason.as_str()), (422, "Invalid"));
    assert!(
        message.contains("fieldManager: Required value: is required for apply patch"),
        "{message}"
    );
    let mut odd = deployment("charge");
    odd["spec"]["colour"] = json!("red");
    let (code, _, message) = refusal(apply(&cluster, "cloudc", &odd).await);
    assert_eq!(code, 500);
    assert!(
        message.ends_with(".spec.colour: field not declared in schema"),
        "{message}"
    );
    let mut odd = deployment("charge");
    odd["spec"]["replicas"] = json!("three");
    let (_, _, message) = refusal(apply(&cluster, "cloudc", &odd).await);
    assert!(
        message.ends_with(".spec.replicas: expected numeric (int or float), got string"),
        "{message}"
    );
}
