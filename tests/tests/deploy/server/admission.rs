//! The webhooks of Knative Serving and KEDA.

use super::*;

#[tokio::test]
async fn knative_completes_a_service() {
    let Some(cluster) = cluster() else { return };
    let object = value(
        &apply(&cluster, "cloudc", &service("shop"))
            .await
            .expect("applied"),
    );
    assert_eq!(
        object["spec"]["traffic"],
        json!([{"latestRevision": true, "percent": 100}])
    );
    assert_eq!(object["spec"]["template"]["spec"]["timeoutSeconds"], 300);
    assert_eq!(
        object["metadata"]["annotations"]["serving.knative.dev/creator"],
        "deployer"
    );
}

#[tokio::test]
async fn knative_refuses_what_it_cannot_do() {
    let Some(cluster) = cluster() else { return };
    type Change = fn(&mut Value);
    let mistakes: [(Change, &str); 6] = [
        (
            |object| {
                object["metadata"]["annotations"] =
                    json!({"autoscaling.knative.dev/min-scale": "1"})
            },
            "autoscaling annotations must be put under",
        ),
        (
            |object| object["spec"]["traffic"] = json!([{"latestRevision": true, "percent": 90}]),
            "Traffic targets sum to 90, want 100: spec.traffic",
        ),
        (
            |object| {
                object["spec"]["traffic"] =
                    json!([{"latestRevision": true, "revisionName": "shop-one", "percent": 100}]);
            },
            "may not set revisionName \"shop-one\" when latestRevision is true",
        ),
        (
            |object| {
                object["spec"]["traffic"] = json!([
                    {"latestRevision": true, "percent": 50, "tag": "a"},
                    {"latestRevision": true, "percent": 50, "tag": "a"},
                ]);
            },
            "Multiple definitions for \"a\"",
        ),
        (
            |object| object["spec"]["template"]["metadata"]["name"] = json!("other-one"),
            "must have prefix \"shop-\"",
        ),
        (
            |object| object["spec"]["template"]["spec"]["timeoutSeconds"] = json!(601),
            "expected 0 <= 601 <= 600",
        ),
    ];
    for (change, part) in mistakes {
        let mut object = service("shop");
        change(&mut object);
        let (code, reason, message) = refusal(apply(&cluster, "cloudc", &object).await);
        assert_eq!((code, reason.as_str()), (400, "BadRequest"), "{message}");
        let start = "admission webhook \"validation.webhook.serving.knative.dev\" denied the request: validation failed: ";
        assert!(
            message.starts_with(start) && message.contains(part),
            "{part} is not in: {message}"
        );
    }
}

#[tokio::test]
async fn a_changed_template_needs_another_name() {
    let Some(cluster) = cluster() else { return };
    apply(&cluster, "cloudc", &service("shop"))
        .await
        .expect("applied");
    let mut changed = service("shop");
    changed["spec"]["template"]["spec"]["containers"][0]["image"] =
        json!("registry.example.com/shop:2");
    let (code, _, message) = refusal(apply(&cluster, "cloudc", &changed).await);
    assert_eq!(code, 400);
    assert!(
        message.contains("Saw the following changes without a name change"),
        "{message}"
    );
    changed["spec"]["template"]["metadata"]["name"] = json!("shop-two");
    let object = value(&apply(&cluster, "cloudc", &changed).await.expect("applied"));
    assert_eq!(object["metadata"]["generation"], 2);
}

fn scaled(name: &str, target: &str) -> Value {
    json!({
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "scaleTargetRef": {"name": target},
            "minReplicaCount": 0,
            "maxReplicaCount": 5,
            "triggers": [{"type": "cron", "metadata": {"start": "0 * * * *"}}],
        },
    })
}

#[tokio::test]
async fn keda_refuses_what_contradicts_itself() {
    let Some(cluster) = cluster() else { return };
    let mut wrong = scaled("charge", "charge");
    wrong["spec"]["minReplicaCount"] = json!(6);
    let (code, reason, message) = refusal(apply(&cluster, "cloudc", &wrong).await);
    assert_eq!((code, reason.as_str()), (403, "Forbidden"));
    assert!(
        message.contains("MinReplicaCount=6 must be less than MaxReplicaCount=5"),
        "{message}"
    );
    apply(&cluster, "cloudc", &scaled("charge", "charge"))
        .await
        .expect("applied");
    apply(&cluster, "cloudc", &scaled("charge", "charge"))
        .await
        .expect("the same again");
    let (code, _, message) = refusal(apply(&cluster, "cloudc", &scaled("other", "charge")).await);
    assert_eq!(code, 403);
    assert!(
        message.contains("already managed by the ScaledObject 'charge'"),
        "{message}"
    );
}

#[tokio::test]
async fn without_webhooks_nobody_asks() {
    let Some(cluster) = started(Cluster::builder().without_webhooks()) else {
        return;
    };
    let mut wrong = scaled("charge", "charge");
    wrong["spec"]["minReplicaCount"] = json!(6);
    apply(&cluster, "cloudc", &wrong).await.expect("applied");
}
