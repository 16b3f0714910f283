//! What the controllers do, and what a workload that hangs looks like.

use k8s_openapi::api::core::v1::Pod;
use kube::api::LogParams;

use super::*;
use crate::apiserver::Hang;

/// A condition's status and reason.
pub(super) fn condition(object: &Value, kind: &str) -> (String, String) {
    let conditions = object["status"]["conditions"]
        .as_array()
        .expect("conditions");
    let found = conditions
        .iter()
        .find(|condition| condition["type"] == kind)
        .expect("the condition");
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    (text("status"), text("reason"))
}

#[tokio::test]
async fn a_deployment_comes_up_and_rolls() {
    let Some(cluster) = cluster() else { return };
    apply(&cluster, "cloudc", &deployment("charge"))
        .await
        .expect("applied");
    cluster.settle();
    let object = cluster
        .get("apps/v1", "Deployment", "shop", "charge")
        .expect("there");
    assert_eq!(object["status"]["observedGeneration"], 1);
    assert_eq!(
        (
            &object["status"]["readyReplicas"],
            &object["status"]["updatedReplicas"]
        ),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        condition(&object, "Progressing"),
        ("True".to_owned(), "NewReplicaSetAvailable".to_owned())
    );
    let mut next = deployment("charge");
    next["spec"]["template"]["spec"]["containers"][0]["image"] =
        json!("registry.example.com/shop:2");
    apply(&cluster, "cloudc", &next).await.expect("applied");
    cluster.settle();
    let pods = cluster.list("v1", "Pod", "shop");
    assert_eq!(pods.len(), 1);
    assert_eq!(
        pods[0]["spec"]["containers"][0]["image"],
        "registry.example.com/shop:2"
    );
    let before = cluster.get("apps/v1", "Deployment", "shop", "charge");
    cluster.settle();
    assert_eq!(
        cluster.get("apps/v1", "Deployment", "shop", "charge"),
        before,
        "nothing is left to do"
    );
}

#[tokio::test]
async fn controllers_act_by_themselves_where_asked() {
    let Some(cluster) = started(Cluster::builder().auto_settle()) else {
        return;
    };
    apply(&cluster, "cloudc", &deployment("charge"))
        .await
        .expect("applied");
    assert_eq!(cluster.list("v1", "Pod", "shop").len(), 1);
}

#[tokio::test]
async fn a_broken_rollout_leaves_the_old_pods() {
    let Some(cluster) = started(Cluster::builder().auto_settle()) else {
        return;
    };
    apply(&cluster, "cloudc", &deployment("charge"))
        .await
        .expect("applied");
    cluster.hang(
        "shop",
        "charge",
        Hang::ImagePull("manifest unknown".to_owned()),
    );
    let mut next = deployment("charge");
    next["spec"]["template"]["spec"]["containers"][0]["image"] =
        json!("registry.example.com/shop:2");
    apply(&cluster, "cloudc", &next).await.expect("applied");
    let waiting: Vec<Value> = cluster
        .list("v1", "Pod", "shop")
        .iter()
        .map(|pod| pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].clone())
        .collect();
    assert!(
        waiting.contains(&json!("ImagePullBackOff")) && waiting.contains(&Value::Null),
        "{waiting:?}"
    );
    cluster.mend("shop", "charge");
    cluster.settle();
    let object = cluster
        .get("apps/v1", "Deployment", "shop", "charge")
        .expect("there");
    assert_eq!(
        (
            &object["status"]["replicas"],
            &object["status"]["availableReplicas"]
        ),
        (&json!(1), &json!(1))
    );
}

#[tokio::test]
async fn a_crash_loop_leaves_its_last_words() {
    let Some(cluster) = started(Cluster::builder().auto_settle()) else {
        return;
    };
    cluster.hang(
        "shop",
        "charge",
        Hang::CrashLoop("one\ntwo\nno such queue".to_owned()),
    );
    apply(&cluster, "cloudc", &deployment("charge"))
        .await
        .expect("applied");
    let pod = cluster.list("v1", "Pod", "shop").remove(0);
    let status = &pod["status"]["containerStatuses"][0];
    assert_eq!(status["state"]["waiting"]["reason"], "CrashLoopBackOff");
    assert_eq!(status["lastState"]["terminated"]["exitCode"], 1);
    let name = pod["metadata"]["name"].as_str().expect("a name");
    let pods: Api<Pod> = Api::namespaced(cluster.client(), "shop");
    let parameters = LogParams {
        container: Some("app".to_owned()),
        previous: true,
        tail_lines: Some(2),
        ..LogParams::default()
    };
    assert_eq!(
        pods.logs(name, &parameters).await.expect("a log"),
        "two\nno such queue\n"
    );
    let parameters = LogParams {
        container: Some("other".to_owned()),
        ..LogParams::default()
    };
    let (code, _, message) = refusal(pods.logs(name, &parameters).await);
    assert_eq!(
        (code, message),
        (400, format!("container other is not valid for pod {name}"))
    );
}

#[tokio::test]
async fn logs_are_there_for_pods_that_ran() {
    let Some(cluster) = started(Cluster::builder().auto_settle()) else {
        return;
    };
    apply(&cluster, "cloudc", &deployment("charge"))
        .await
        .expect("applied");
    let name = cluster.list("v1", "Pod", "shop")[0]["metadata"]["name"]
        .as_str()
        .expect("a name")
        .to_owned();
    cluster.write_log("shop", &name, "app", false, "ready\n");
    let pods: Api<Pod> = Api::namespaced(cluster.client(), "shop");
    assert_eq!(
        pods.logs(&name, &LogParams::default())
            .await
            .expect("a log"),
        "ready\n"
    );
    let before = LogParams {
        previous: true,
        ..LogParams::default()
    };
    let (code, _, message) = refusal(pods.logs(&name, &before).await);
    assert_eq!(code, 400);
    assert!(
        message.starts_with("previous terminated container \"app\""),
        "{message}"
    );
}

#[tokio::test]
async fn a_quota_and_a_full_cluster_are_told() {
    let Some(cluster) = started(Cluster::builder().auto_settle()) else {
        return;
    };
    cluster.hang(
        "shop",
        "charge",
        Hang::Quota("pods, requested: pods=1, used: pods=9, limited: pods=9".to_owned()),
    );
    cluster.hang(
        "shop",
        "search",
        Hang::Unschedulable("0/1 nodes are available: 1 Insufficient memory.".to_owned()),
    );
    for name in ["charge", "search"] {
        apply(&cluster, "cloudc", &deployment(name))
            .await
            .expect("applied");
    }
    let object = cluster
        .get("apps/v1", "Deployment", "shop", "charge")
        .expect("there");
    assert_eq!(
        condition(&object, "ReplicaFailure"),
        ("True".to_owned(), "FailedCreate".to_owned())
    );
    let events = cluster.list("v1", "Event", "shop");
    let event = events
        .iter()
        .find(|event| event["reason"] == "FailedCreate")
        .expect("an event");
    assert_eq!(event["involvedObject"]["kind"], "ReplicaSet");
    assert!(
        event["message"]
            .as_str()
            .is_some_and(|message| message.contains("exceeded quota: pods, requested"))
    );
    let pods = cluster.list("v1", "Pod", "shop");
    assert_eq!(pods.len(), 1);
    assert_eq!(
        condition(&pods[0], "PodScheduled"),
        ("False".to_owned(), "Unschedulable".to_owned())
    );
}

#[tokio::test]
async fn a_stateful_set_gets_pods_and_claims() {
    let Some(cluster) = started(Cluster::builder().auto_settle()) else {
        return;
    };
    let mut set = deployment("nats");
    set["kind"] = json!("StatefulSet");
    set["spec"]["serviceName"] = json!("nats");
    set["spec"]["volumeClaimTemplates"] = json!([{
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }]);
    cluster.hang("shop", "nats", Hang::NeverReady);
    apply(&cluster, "cloudc", &set).await.expect("applied");
    let object = cluster
        .get("apps/v1", "StatefulSet", "shop", "nats")
        .expect("there");
    assert_eq!(
        (
            &object["status"]["replicas"],
            &object["status"]["readyReplicas"]
        ),
        (&json!(1), &Value::Null)
    );
    cluster.mend("shop", "nats");
    cluster.settle();
    let object = cluster
        .get("apps/v1", "StatefulSet", "shop", "nats")
        .expect("there");
    assert_eq!(object["status"]["readyReplicas"], 1);
    let claim = cluster
        .get("v1", "PersistentVolumeClaim", "shop", "data-nats-0")
        .expect("a claim");
    assert_eq!(claim["status"]["phase"], "Bound");
    let sets = api(&cluster, "apps/v1", "StatefulSet");
    sets.delete("nats", &kube::api::DeleteParams::default())
        .await
        .expect("deleted");
    assert!(cluster.list("v1", "Pod", "shop").is_empty());
    assert!(
        cluster
            .get("v1", "PersistentVolumeClaim", "shop", "data-nats-0")
            .is_some(),
        "data stays"
    );
    let claims = api(&cluster, "v1", "PersistentVolumeClaim");
    claims
        .delete("data-nats-0", &kube::api::DeleteParams::default())
        .await
        .expect("deleted");
    assert_eq!(
        cluster.get("v1", "PersistentVolumeClaim", "shop", "data-nats-0"),
        None
    );
}

/// What becomes of a pod with a wrong image once the set has a right one: its image then.
async fn corrected(policy: &str) -> Option<String> {
    let cluster = started(Cluster::builder().auto_settle())?;
    let mut set = deployment("nats");
    set["kind"] = json!("StatefulSet");
    set["spec"]["serviceName"] = json!("nats");
    set["spec"]["podManagementPolicy"] = json!(policy);
    let right = set.clone();
    set["spec"]["template"]["spec"]["containers"][0]["image"] = json!("nats:2.51");
    cluster.unpullable("nats:2.51");
    for set in [set, right] {
        apply(&cluster, "cloudc", &set).await.expect("applied");
        cluster.settle();
    }
    let pod = cluster.get("v1", "Pod", "shop", "nats-0").expect("a pod");
    let set = cluster
        .get("apps/v1", "StatefulSet", "shop", "nats")
        .expect("there");
    let status = &set["status"];
    let is_updated = status["updatedReplicas"] == 1;
    assert_eq!(is_updated, status["readyReplicas"] == 1, "{status}");
    assert_eq!(
        is_updated,
        status["currentRevision"] == status["updateRevision"],
        "{status}"
    );
    Some(
        pod["spec"]["containers"][0]["image"]
            .as_str()
            .expect("an image")
            .to_owned(),
    )
}

#[tokio::test]
async fn a_pod_that_is_not_ready_is_replaced_where_pods_come_in_parallel_alone() {
    let Some(image) = corrected("OrderedReady").await else {
        return;
    };
    assert_eq!(image, "nats:2.51");
    let image = corrected("Parallel").await.expect("a cluster");
    assert_ne!(image, "nats:2.51");
}

fn job(name: &str) -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"backoffLimit": 2, "template": {"spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "app", "image": "registry.example.com/shop:1"}],
        }}},
    })
}

#[tokio::test]
async fn jobs_end_well_or_not() {
    let Some(cluster) = started(Cluster::builder().auto_settle()) else {
        return;
    };
    cluster.hang("shop", "bad", Hang::JobFailed("no such stream".to_owned()));
    for name in ["good", "bad"] {
        apply(&cluster, "cloudc", &job(name))
            .await
            .expect("applied");
    }
    let good = cluster
        .get("batch/v1", "Job", "shop", "good")
        .expect("there");
    assert_eq!(condition(&good, "Complete").0, "True");
    assert_eq!(good["status"]["succeeded"], 1);
    let bad = cluster
        .get("batch/v1", "Job", "shop", "bad")
        .expect("there");
    assert_eq!(
        condition(&bad, "Failed"),
        ("True".to_owned(), "BackoffLimitExceeded".to_owned())
    );
    let jobs = api(&cluster, "batch/v1", "Job");
    jobs.delete("good", &kube::api::DeleteParams::default())
        .await
        .expect("deleted");
    assert_eq!(
        cluster.list("v1", "Pod", "shop").len(),
        2,
        "by default a Job's pods stay"
    );
    jobs.delete("bad", &kube::api::DeleteParams::background())
        .await
        .expect("deleted");
    assert_eq!(cluster.list("v1", "Pod", "shop").len(), 1);
}
