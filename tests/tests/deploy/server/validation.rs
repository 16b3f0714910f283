//! What is refused.

use kube::api::{Patch, PatchParams, ValidationDirective};

use super::*;

#[tokio::test]
async fn unknown_fields_are_refused_where_that_is_asked_and_left_out_else() {
    let Some(cluster) = cluster() else { return };
    let mut odd = deployment("charge");
    odd["spec"]["colour"] = json!("red");
    let made = value(&create(&cluster, &odd).await.expect("created"));
    assert_eq!(made["spec"]["colour"], Value::Null);
    let parameters = PatchParams {
        field_validation: Some(ValidationDirective::Strict),
        ..PatchParams::default()
    };
    let api = api(&cluster, "apps/v1", "Deployment");
    let patch = json!({"spec": {"colour": "red"}});
    let (code, reason, message) = refusal(
        api.patch("charge", &parameters, &Patch::Merge(&patch))
            .await,
    );
    assert_eq!((code, reason.as_str()), (422, "Invalid"));
    assert!(
        message.contains("strict decoding error: unknown field \"spec.colour\""),
        "{message}"
    );
}

#[tokio::test]
async fn a_creation_with_an_unknown_field_is_refused_where_that_is_asked() {
    let Some(cluster) = cluster() else { return };
    let mut odd = deployment("charge");
    odd["spec"]["colour"] = json!("red");
    let path = "/apis/apps/v1/namespaces/shop/deployments?fieldValidation=Strict";
    let body = serde_json::to_vec(&odd).expect("JSON");
    let request = hyper::Request::post(path).body(body).expect("a request");
    let (code, reason, message) = refusal(cluster.client().request::<Value>(request).await);
    assert_eq!((code, reason.as_str()), (400, "BadRequest"));
    assert_eq!(
        message,
        "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: unknown field \
         \"spec.colour\""
    );
}

#[tokio::test]
async fn wrong_types_names_and_values_are_refused() {
    let Some(cluster) = cluster() else { return };
    let mut odd = deployment("charge");
    odd["spec"]["replicas"] = json!("three");
    let (code, _, message) = refusal(create(&cluster, &odd).await);
    assert_eq!(code, 400);
    assert!(message.contains("cannot unmarshal string"), "{message}");
    let mut odd = deployment("Charge_1");
    odd["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = json!("Often");
    odd["spec"]["template"]["metadata"]["labels"] = json!({"app": "other"});
    let (code, reason, message) = refusal(create(&cluster, &odd).await);
    assert_eq!((code, reason.as_str()), (422, "Invalid"));
    for part in [
        "Deployment.apps \"Charge_1\" is invalid: [metadata.name: Invalid value",
        "a lowercase RFC 1123 subdomain",
        "spec.template.spec.containers[0].imagePullPolicy: Unsupported value: \"Often\"",
        "`selector` does not match template `labels`",
    ] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    let (_, _, message) = refusal(create(&cluster, &json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "", "namespace": "shop"},
    })).await);
    assert!(
        message.contains("name or generateName is required"),
        "{message}"
    );
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let Some(cluster) = cluster() else { return };
    let big = "x".repeat(1024 * 1024 + 1);
    let (code, _, message) = refusal(create(&cluster, &map("big", &json!({"a": big}))).await);
    assert_eq!(code, 422);
    assert!(
        message.contains("Too long: may not be more than 1048576 bytes"),
        "{message}"
    );
    let huge = "x".repeat(3 * 1024 * 1024);
    let (code, reason, message) =
        refusal(create(&cluster, &map("huge", &json!({"a": huge}))).await);
    assert_eq!((code, reason.as_str()), (413, "RequestEntityTooLarge"));
    assert_eq!(message, "Request entity too large: limit is 3145728");
}

#[tokio::test]
async fn some_fields_never_change() {
    let Some(cluster) = cluster() else { return };
    let job = |image: &str| {
        json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "provision", "namespace": "shop"},
            "spec": {"template": {"spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "app", "image": image}],
            }}},
        })
    };
    apply(&cluster, "cloudc", &job("a:1"))
        .await
        .expect("applied");
    apply(&cluster, "cloudc", &job("a:1"))
        .await
        .expect("the same again");
    let (code, _, message) = refusal(apply(&cluster, "cloudc", &job("a:2")).await);
    assert_eq!(code, 422);
    assert!(
        message.contains("spec.template: Invalid value") && message.ends_with("field is immutable"),
        "{message}"
    );

    let set = |size: &str, replicas: u32| {
        let mut set = deployment("nats");
        set["kind"] = json!("StatefulSet");
        set["spec"]["replicas"] = json!(replicas);
        set["spec"]["serviceName"] = json!("nats");
        set["spec"]["volumeClaimTemplates"] = json!([{
            "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}},
        }]);
        set
    };
    apply(&cluster, "cloudc", &set("1Gi", 1))
        .await
        .expect("applied");
    apply(&cluster, "cloudc", &set("1Gi", 2))
        .await
        .expect("replicas may change");
    let (code, _, message) = refusal(apply(&cluster, "cloudc", &set("2Gi", 2)).await);
    assert_eq!(code, 422);
    assert!(
        message.contains("spec: Forbidden: updates to statefulset spec for fields other than"),
        "{message}"
    );

    let mut other = deployment("charge");
    apply(&cluster, "cloudc", &other).await.expect("applied");
    other["spec"]["selector"]["matchLabels"] = json!({"tier": "back"});
    other["spec"]["template"]["metadata"]["labels"] = json!({"tier": "back"});
    let (code, _, message) = refusal(apply(&cluster, "cloudc", &other).await);
    assert_eq!(code, 422);
    assert!(
        message.contains("spec.selector: Invalid value"),
        "{message}"
    );

    let mut fixed = map("fixed", &json!({"a": "1"}));
    fixed["immutable"] = json!(true);
    apply(&cluster, "cloudc", &fixed).await.expect("applied");
    fixed["data"]["a"] = json!("2");
    let (code, _, message) = refusal(apply(&cluster, "cloudc", &fixed).await);
    assert_eq!(code, 422);
    assert!(
        message.contains("data: Forbidden: field is immutable when `immutable` is set"),
        "{message}"
    );
}

#[tokio::test]
async fn a_custom_resource_is_bound_by_its_schema() {
    let Some(cluster) = cluster() else { return };
    let mut odd = service("shop");
    odd["spec"]["template"]["spec"]["containerConcurrency"] = json!("many");
    let (code, _, message) = refusal(create(&cluster, &odd).await);
    assert_eq!(code, 422);
    assert!(
        message.contains("in body must be of type integer"),
        "{message}"
    );
    let object = json!({
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "charge", "namespace": "shop"},
        "spec": {"scaleTargetRef": {"name": "charge"}},
    });
    let (code, _, message) = refusal(create(&cluster, &object).await);
    assert_eq!(code, 422);
    assert!(
        message.contains("spec.triggers: Required value"),
        "{message}"
    );
}
