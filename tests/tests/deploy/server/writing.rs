//! Creating, replacing and patching.

use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Patch, PatchParams};

use super::*;

#[tokio::test]
async fn an_object_gets_an_identity() {
    let Some(cluster) = cluster() else { return };
    let object = value(
        &create(&cluster, &deployment("charge"))
            .await
            .expect("created"),
    );
    let metadata = &object["metadata"];
    assert!(metadata["uid"].is_string() && metadata["resourceVersion"].is_string());
    assert!(
        metadata["creationTimestamp"]
            .as_str()
            .is_some_and(|time| time.starts_with("2026-01-01T"))
    );
    assert_eq!(metadata["generation"], 1);
    assert_eq!(metadata["managedFields"][0]["manager"], "kubectl");
    assert_eq!(metadata["managedFields"][0]["operation"], "Update");
    let (code, reason, message) = refusal(create(&cluster, &deployment("charge")).await);
    assert_eq!((code, reason.as_str()), (409, "AlreadyExists"));
    assert_eq!(message, "deployments.apps \"charge\" already exists");
}

#[tokio::test]
async fn a_namespace_has_to_be_there() {
    let Some(cluster) = Cluster::builder().start() else {
        return;
    };
    let (code, reason, message) = refusal(create(&cluster, &map("settings", &json!({}))).await);
    assert_eq!((code, reason.as_str()), (404, "NotFound"));
    assert_eq!(message, "namespaces \"shop\" not found");
    let (code, ..) = refusal(apply(&cluster, "cloudc", &map("settings", &json!({}))).await);
    assert_eq!(code, 404);
}

#[tokio::test]
async fn a_replacement_needs_the_version_that_it_read() {
    let Some(cluster) = cluster() else { return };
    create(&cluster, &map("settings", &json!({"a": "1"})))
        .await
        .expect("created");
    let read = maps(&cluster).get("settings").await.expect("read");
    let mut first = read.clone();
    first.data = Some([("a".to_owned(), "2".to_owned())].into());
    maps(&cluster)
        .replace("settings", &PostParams::default(), &first)
        .await
        .expect("replaced");
    let (code, reason, message) = refusal(
        maps(&cluster)
            .replace("settings", &PostParams::default(), &read)
            .await,
    );
    assert_eq!((code, reason.as_str()), (409, "Conflict"));
    assert_eq!(
        message,
        "Operation cannot be fulfilled on configmaps \"settings\": the object has been modified; please apply your \
         changes to the latest version and try again"
    );
    let mut blind = first;
    blind.metadata.resource_version = None;
    maps(&cluster)
        .replace("settings", &PostParams::default(), &blind)
        .await
        .expect("unconditional");
}

#[tokio::test]
async fn one_of_two_gets_the_lease() {
    let Some(cluster) = cluster() else { return };
    let lease = |holder: &str| {
        json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "deploy", "namespace": "shop"},
            "spec": {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": "2026-01-01T00:00:00.000000Z"},
        })
    };
    create(&cluster, &lease("one")).await.expect("created");
    let (code, reason, _) = refusal(create(&cluster, &lease("two")).await);
    assert_eq!((code, reason.as_str()), (409, "AlreadyExists"));
    let leases: Api<Lease> = Api::namespaced(cluster.client(), "shop");
    let read = leases.get("deploy").await.expect("read");
    let mut taken = read.clone();
    taken.spec.as_mut().expect("a spec").holder_identity = Some("two".to_owned());
    leases
        .replace("deploy", &PostParams::default(), &taken)
        .await
        .expect("taken");
    let (code, ..) = refusal(
        leases
            .replace("deploy", &PostParams::default(), &read)
            .await,
    );
    assert_eq!(code, 409);
}

#[tokio::test]
async fn patches_merge() {
    let Some(cluster) = cluster() else { return };
    create(&cluster, &deployment("charge"))
        .await
        .expect("created");
    let api = api(&cluster, "apps/v1", "Deployment");
    let parameters = PatchParams {
        field_manager: Some("kubectl".to_owned()),
        ..PatchParams::default()
    };
    let merge = json!({"metadata": {"labels": {"app": null, "tier": "back"}}});
    let object = value(
        &api.patch("charge", &parameters, &Patch::Merge(&merge))
            .await
            .expect("merged"),
    );
    assert_eq!(object["metadata"]["labels"], json!({"tier": "back"}));
    assert_eq!(
        object["metadata"]["generation"], 1,
        "nothing else is wanted"
    );
    let strategic =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "b:2"}]}}}});
    let object = value(
        &api.patch("charge", &parameters, &Patch::Strategic(&strategic))
            .await
            .expect("merged"),
    );
    let container = &object["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        (&container["image"], &container["env"][0]["name"]),
        (&json!("b:2"), &json!("LEVEL"))
    );
    assert_eq!(object["metadata"]["generation"], 2);
    let (code, ..) = refusal(api.patch("none", &parameters, &Patch::Merge(&merge)).await);
    assert_eq!(code, 404);
}

#[tokio::test]
async fn a_secret_keeps_texts_as_data() {
    let Some(cluster) = cluster() else { return };
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "keys", "namespace": "shop"},
        "stringData": {"seed": "abc"},
    });
    let object = value(&create(&cluster, &secret).await.expect("created"));
    assert_eq!(object["data"], json!({"seed": "YWJj"}));
    assert_eq!(
        (&object["stringData"], &object["type"]),
        (&Value::Null, &json!("Opaque"))
    );
}

#[tokio::test]
async fn defaults_are_filled_in() {
    let Some(cluster) = cluster() else { return };
    let object = value(
        &create(&cluster, &deployment("charge"))
            .await
            .expect("created"),
    );
    let spec = &object["spec"];
    assert_eq!(
        spec["strategy"]["rollingUpdate"],
        json!({"maxSurge": "25%", "maxUnavailable": "25%"})
    );
    let pod = &spec["template"]["spec"];
    assert_eq!(
        (&pod["restartPolicy"], &pod["dnsPolicy"]),
        (&json!("Always"), &json!("ClusterFirst"))
    );
    assert_eq!(pod["terminationGracePeriodSeconds"], 30);
    assert_eq!(pod["containers"][0]["imagePullPolicy"], "IfNotPresent");
    assert_eq!(pod["containers"][0]["ports"][0]["protocol"], "TCP");
    let service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "charge", "namespace": "shop"},
        "spec": {"selector": {"app": "charge"}, "ports": [{"port": 80}]},
    });
    let object = value(&create(&cluster, &service).await.expect("created"));
    assert!(
        object["spec"]["clusterIP"]
            .as_str()
            .is_some_and(|address| address.starts_with("10.96."))
    );
    assert_eq!(object["spec"]["ports"][0]["targetPort"], 80);
    let again = value(&apply(&cluster, "cloudc", &service).await.expect("applied"));
    assert_eq!(again["spec"]["clusterIP"], object["spec"]["clusterIP"]);
}
