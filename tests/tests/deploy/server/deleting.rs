//! Deleting, finalizers, owners and namespaces.

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DeleteParams, ListParams, Preconditions};

use super::*;

#[tokio::test]
async fn preconditions_have_to_hold() {
    let Some(cluster) = cluster() else { return };
    let made = create(&cluster, &map("settings", &json!({})))
        .await
        .expect("created");
    let stale = Preconditions {
        resource_version: Some("1".to_owned()),
        uid: None,
    };
    let (code, reason, message) = refusal(
        maps(&cluster)
            .delete("settings", &DeleteParams::default().preconditions(stale))
            .await
            .map(|_| ()),
    );
    assert_eq!((code, reason.as_str()), (409, "Conflict"));
    assert!(
        message.contains("Precondition failed: ResourceVersion in precondition: 1"),
        "{message}"
    );
    let dry = DeleteParams {
        dry_run: true,
        ..DeleteParams::default()
    };
    maps(&cluster)
        .delete("settings", &dry)
        .await
        .expect("answered");
    let right = Preconditions {
        resource_version: None,
        uid: made.metadata.uid,
    };
    let deleted = maps(&cluster)
        .delete("settings", &DeleteParams::default().preconditions(right))
        .await;
    assert!(deleted.expect("deleted").is_right(), "a Status");
    let (code, ..) = refusal(
        maps(&cluster)
            .delete("settings", &DeleteParams::default())
            .await
            .map(|_| ()),
    );
    assert_eq!(code, 404);
}

#[tokio::test]
async fn a_finalizer_holds_an_object() {
    let Some(cluster) = cluster() else { return };
    let mut object = map("settings", &json!({}));
    object["metadata"]["finalizers"] = json!(["example.com/held"]);
    apply(&cluster, "cloudc", &object).await.expect("applied");
    let deleted = maps(&cluster)
        .delete("settings", &DeleteParams::default())
        .await
        .expect("accepted");
    assert!(
        deleted
            .left()
            .expect("the object")
            .metadata
            .deletion_timestamp
            .is_some()
    );
    object["metadata"]["finalizers"] = json!([]);
    apply(&cluster, "cloudc", &object).await.expect("released");
    assert_eq!(cluster.get("v1", "ConfigMap", "shop", "settings"), None);
}

/// A Deployment with its pods, of which the names are told.
async fn running(cluster: &Cluster) -> usize {
    create(cluster, &deployment("charge"))
        .await
        .expect("created");
    cluster.settle();
    cluster.list("v1", "Pod", "shop").len()
}

#[tokio::test]
async fn what_is_owned_goes_with_its_owner() {
    let Some(cluster) = cluster() else { return };
    assert_eq!(running(&cluster).await, 1);
    let api = api(&cluster, "apps/v1", "Deployment");
    api.delete("charge", &DeleteParams::background())
        .await
        .expect("deleted");
    assert_eq!(
        cluster.list("v1", "Pod", "shop").len(),
        1,
        "the collector did not run yet"
    );
    cluster.collect_garbage();
    assert!(
        cluster.list("v1", "Pod", "shop").is_empty()
            && cluster.list("apps/v1", "ReplicaSet", "shop").is_empty()
    );
}

#[tokio::test]
async fn in_the_foreground_the_owner_goes_last() {
    let Some(cluster) = cluster() else { return };
    running(&cluster).await;
    let api = api(&cluster, "apps/v1", "Deployment");
    api.delete("charge", &DeleteParams::foreground())
        .await
        .expect("accepted");
    let held = cluster
        .get("apps/v1", "Deployment", "shop", "charge")
        .expect("still there");
    assert_eq!(
        held["metadata"]["finalizers"],
        json!(["foregroundDeletion"])
    );
    cluster.collect_garbage();
    assert_eq!(cluster.get("apps/v1", "Deployment", "shop", "charge"), None);
    assert!(cluster.list("v1", "Pod", "shop").is_empty());
}

#[tokio::test]
async fn orphans_stay() {
    let Some(cluster) = cluster() else { return };
    running(&cluster).await;
    let api = api(&cluster, "apps/v1", "Deployment");
    api.delete("charge", &DeleteParams::orphan())
        .await
        .expect("deleted");
    cluster.collect_garbage();
    assert_eq!(cluster.list("apps/v1", "ReplicaSet", "shop").len(), 1);
}

#[tokio::test]
async fn a_collection_is_deleted_by_selector() {
    let Some(cluster) = cluster() else { return };
    for name in ["a", "b"] {
        let mut object = map(name, &json!({}));
        object["metadata"]["labels"] = json!({"name": name});
        create(&cluster, &object).await.expect("created");
    }
    let parameters = ListParams::default().labels("name=a");
    maps(&cluster)
        .delete_collection(&DeleteParams::default(), &parameters)
        .await
        .expect("deleted");
    let left = cluster.list("v1", "ConfigMap", "shop");
    assert_eq!(
        left.iter()
            .map(|map| &map["metadata"]["name"])
            .collect::<Vec<_>>(),
        ["b"]
    );
}

#[tokio::test]
async fn a_namespace_goes_with_its_contents() {
    let Some(cluster) = cluster() else { return };
    create(&cluster, &map("settings", &json!({})))
        .await
        .expect("created");
    let namespaces: Api<Namespace> = Api::all(cluster.client());
    namespaces
        .delete("shop", &DeleteParams::default())
        .await
        .expect("accepted");
    let going = cluster
        .get("v1", "Namespace", "", "shop")
        .expect("still there");
    assert_eq!(going["status"]["phase"], "Terminating");
    let error = apply(&cluster, "cloudc", &map("other", &json!({})))
        .await
        .expect_err("a refusal");
    let kube::Error::Api(status) = error else {
        panic!("an answer")
    };
    assert_eq!((status.code, status.reason.as_str()), (403, "Forbidden"));
    assert_eq!(
        status.details.as_ref().expect("details").causes[0].reason,
        "NamespaceTerminating"
    );
    assert_eq!(
        status.message,
        "configmaps \"other\" is forbidden: unable to create new content in namespace shop because it is being \
         terminated"
    );
    apply(&cluster, "cloudc", &map("settings", &json!({"a": "1"})))
        .await
        .expect("what is there may change");
    cluster.finish_deletions();
    assert_eq!(cluster.get("v1", "Namespace", "", "shop"), None);
    assert!(cluster.list("v1", "ConfigMap", "shop").is_empty());
}
