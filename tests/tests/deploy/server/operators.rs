//! What Knative Serving and KEDA make of their objects.

use super::controllers::condition;
use super::*;
use crate::apiserver::Hang;

#[tokio::test]
async fn a_knative_service_gets_revisions_and_traffic() {
    let Some(cluster) = started(Cluster::builder().auto_settle()) else {
        return;
    };
    apply(&cluster, "cloudc", &service("shop"))
        .await
        .expect("applied");
    let object = cluster
        .get("serving.knative.dev/v1", "Service", "shop", "shop")
        .expect("there");
    assert_eq!(condition(&object, "Ready").0, "True");
    assert_eq!(object["status"]["latestReadyRevisionName"], "shop-one");
    assert_eq!(object["status"]["url"], "http://shop.shop.example.com");
    let revision = cluster
        .get("serving.knative.dev/v1", "Revision", "shop", "shop-one")
        .expect("a revision");
    assert_eq!(revision["metadata"]["labels"]["app"], "shop");

    let mut canary = service("shop");
    canary["spec"]["template"]["metadata"]["name"] = json!("shop-two");
    canary["spec"]["template"]["spec"]["containers"][0]["image"] =
        json!("registry.example.com/shop:2");
    canary["spec"]["traffic"] = json!([
        {"revisionName": "shop-one", "percent": 90},
        {"revisionName": "shop-two", "percent": 10, "tag": "canary"},
    ]);
    apply(&cluster, "cloudc", &canary).await.expect("applied");
    let object = cluster
        .get("serving.knative.dev/v1", "Service", "shop", "shop")
        .expect("there");
    assert_eq!(object["status"]["traffic"][0]["percent"], 90);
    assert_eq!(
        object["status"]["traffic"][1]["url"],
        "http://canary-shop.shop.example.com"
    );
    canary["spec"]["traffic"] = json!([{"revisionName": "shop-nine", "percent": 100}]);
    apply(&cluster, "cloudc", &canary).await.expect("applied");
    let object = cluster
        .get("serving.knative.dev/v1", "Service", "shop", "shop")
        .expect("there");
    assert_eq!(
        condition(&object, "RoutesReady"),
        ("False".to_owned(), "RevisionMissing".to_owned())
    );
}

/// A list of containers is applied as a whole, and beside a known name nothing is filled in.
#[tokio::test]
async fn a_template_without_knatives_defaults_is_refused_the_second_time() {
    let Some(cluster) = started(Cluster::builder()) else {
        return;
    };
    let mut bare = service("shop");
    let container = &mut bare["spec"]["template"]["spec"]["containers"][0];
    container
        .as_object_mut()
        .expect("an object")
        .remove("readinessProbe");
    apply(&cluster, "cloudc", &bare).await.expect("applied");
    let refused = apply(&cluster, "cloudc", &bare).await.expect_err("refused");
    assert!(
        refused.to_string().contains("without a name change"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_revision_that_hangs_leaves_the_last_ready_one() {
    let Some(cluster) = started(Cluster::builder().auto_settle()) else {
        return;
    };
    apply(&cluster, "cloudc", &service("shop"))
        .await
        .expect("applied");
    cluster.hang("shop", "shop", Hang::CrashLoop("no such queue".to_owned()));
    let mut next = service("shop");
    next["spec"]["template"]["metadata"]["name"] = json!("shop-two");
    next["spec"]["template"]["spec"]["containers"][0]["image"] =
        json!("registry.example.com/shop:2");
    apply(&cluster, "cloudc", &next).await.expect("applied");
    let object = cluster
        .get("serving.knative.dev/v1", "Service", "shop", "shop")
        .expect("there");
    assert_eq!(object["status"]["latestCreatedRevisionName"], "shop-two");
    assert_eq!(object["status"]["latestReadyRevisionName"], "shop-one");
    assert_eq!(
        condition(&object, "Ready"),
        ("False".to_owned(), "RevisionFailed".to_owned())
    );
    assert_eq!(condition(&object, "RoutesReady").0, "True");
    let pods = cluster.list("v1", "Pod", "shop");
    assert_eq!(pods.len(), 1);
    assert_eq!(
        pods[0]["metadata"]["labels"]["serving.knative.dev/revision"],
        "shop-two"
    );
}

#[tokio::test]
async fn keda_scales_to_zero_and_lets_go() {
    let Some(cluster) = started(Cluster::builder().auto_settle()) else {
        return;
    };
    apply(&cluster, "cloudc", &deployment("charge"))
        .await
        .expect("applied");
    let scaled = json!({
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "charge", "namespace": "shop"},
        "spec": {
            "scaleTargetRef": {"name": "charge"},
            "minReplicaCount": 0,
            "maxReplicaCount": 5,
            "triggers": [{"type": "cron", "metadata": {"start": "0 * * * *"}}],
        },
    });
    apply(&cluster, "cloudc", &scaled).await.expect("applied");
    let object = cluster
        .get("keda.sh/v1alpha1", "ScaledObject", "shop", "charge")
        .expect("there");
    assert_eq!(condition(&object, "Ready").0, "True");
    assert!(
        cluster
            .get(
                "autoscaling/v2",
                "HorizontalPodAutoscaler",
                "shop",
                "keda-hpa-charge"
            )
            .is_some()
    );
    assert!(cluster.list("v1", "Pod", "shop").is_empty());
    let again = value(
        &apply(&cluster, "cloudc", &deployment("charge"))
            .await
            .expect("no conflict"),
    );
    assert_eq!(again["spec"]["replicas"], 0);
    let api = api(&cluster, "keda.sh/v1alpha1", "ScaledObject");
    api.delete("charge", &kube::api::DeleteParams::default())
        .await
        .expect("deleted");
    assert_eq!(
        cluster.get("keda.sh/v1alpha1", "ScaledObject", "shop", "charge"),
        None
    );
    assert!(
        cluster
            .list("autoscaling/v2", "HorizontalPodAutoscaler", "shop")
            .is_empty()
    );
}
