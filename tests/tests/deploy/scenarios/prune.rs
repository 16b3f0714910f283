//! What left the application is deleted, and nothing else.

use super::refused::refused_with;
use super::*;

#[tokio::test(start_paused = true)]
async fn what_left_the_graph_goes_with_its_credentials() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    assert!(names(&cluster, "apps/v1", "Deployment").contains(&"restock".to_owned()));
    shop.without_restocking();
    shop.image('2');
    let told = Told::default();
    deploy_with(&cluster, &shop.release(), &options(), &told)
        .await
        .expect("deployed");
    for (version, kind) in [
        ("apps/v1", "Deployment"),
        ("keda.sh/v1alpha1", "ScaledObject"),
        ("v1", "ServiceAccount"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
    ] {
        let names = names(&cluster, version, kind);
        assert!(!names.contains(&"restock".to_owned()), "{kind}: {names:?}");
    }
    assert!(!names(&cluster, "v1", "Secret").contains(&"restock-nats".to_owned()));
    let users = cluster
        .get("v1", "Secret", "shop", "shop-nats-users")
        .expect("there");
    assert!(
        users["data"]["restock"].is_null(),
        "the broker forgets its user"
    );
    assert!(
        told.text()
            .contains("deleted Deployment restock, which left the application"),
        "{}",
        told.text()
    );
}

#[tokio::test(start_paused = true)]
async fn what_cloudc_did_not_make_stays() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    for (version, kind) in [("v1", "ConfigMap"), ("v1", "Service"), ("v1", "Secret")] {
        let spec = serde_json::json!({"ports": [{"port": 80}]});
        let mut object = serde_json::json!({
            "apiVersion": version, "kind": kind,
            "metadata": {"name": "mine", "namespace": "shop", "labels": {"app.kubernetes.io/managed-by": "cloudc"}},
        });
        if kind == "Service" {
            object["spec"] = spec;
        }
        cluster.put(object);
    }
    shop.image('2');
    deploy(&cluster, &shop.release()).await.expect("deployed");
    for kind in ["ConfigMap", "Service", "Secret"] {
        assert!(
            names(&cluster, "v1", kind).contains(&"mine".to_owned()),
            "{kind}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_controllers_made_stays() {
    let Some(cluster) = place() else { return };
    let release = shop().release();
    deploy(&cluster, &release).await.expect("deployed");
    // Knative gives the labels of a service to the Kubernetes Service of its route.
    let service = cluster
        .get("serving.knative.dev/v1", "Service", "shop", "shop")
        .expect("there");
    cluster.put(serde_json::json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {
            "name": "shop", "namespace": "shop", "labels": service["metadata"]["labels"],
            "ownerReferences": [{
                "apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "shop",
                "uid": service["metadata"]["uid"], "controller": true,
            }],
        },
        "spec": {"ports": [{"port": 80}]},
    }));
    deploy(&cluster, &release).await.expect("deployed");
    assert!(names(&cluster, "v1", "Service").contains(&"shop".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_old_provisioner_and_an_old_configuration_go() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    shop.without_restocking();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    assert_eq!(names(&cluster, "batch/v1", "Job").len(), 1);
    let configurations = names(&cluster, "v1", "ConfigMap");
    let configurations = configurations
        .iter()
        .filter(|name| name.starts_with("shop-nats-config-"));
    assert_eq!(configurations.count(), 1);
}

/// The log of a provisioner that finds messages in a queue that left, as the runtime writes it.
const KEPT: &str = r#"{"timestamp":"2026-11-27T12:00:00.000000Z","level":"INFO","message":"connected to the broker","client":"shop-provision","target":"cloudc::backend::nats::events"}
{"timestamp":"2026-11-27T12:00:00.100000Z","level":"WARN","message":"kept: its queue left the graph, and it holds messages","queue":"restock-requests","stream":"shop-restock-requests","messages":3,"target":"cloudc::shim::provision"}
{"timestamp":"2026-11-27T12:00:00.200000Z","level":"INFO","message":"deleted: its queue left the graph","queue":"restock-requests","stream":"shop-restock-requests-dead","messages":0,"target":"cloudc::shim::provision"}
"#;

/// The warnings of a deploy that takes the queue `restock-requests` away, and all that was told.
async fn without_a_queue(options: &Options) -> Option<(Vec<String>, String)> {
    let cluster = place()?;
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    cluster.says("shop", "shop-provision-", KEPT);
    shop.without_restocking();
    let mut release = shop.release();
    release.retired = vec!["restock-requests".to_owned()];
    let told = Told::default();
    deploy_with(&cluster, &release, options, &told)
        .await
        .expect("deployed");
    let events = told.0.lock().expect("nobody panics in it");
    let warnings = events.iter().filter_map(|event| match event {
        Event::Warning(warning) => {
            let help = warning.help.as_deref().unwrap_or_default();
            Some(format!("{} {}; {help}", warning.code, warning.message))
        }
        _ => None,
    });
    let warnings = warnings.collect();
    drop(events);
    Some((warnings, told.text()))
}

#[tokio::test(start_paused = true)]
async fn messages_of_a_queue_that_left_are_warned_of_by_its_name() {
    let Some((warnings, told)) = without_a_queue(&options()).await else {
        return;
    };
    assert_eq!(
        warnings,
        [
            "CC811 the queue `restock-requests` left the application, and its stream shop-restock-requests is kept: it \
             holds 3 messages; delete what is in it with --delete-data restock-requests"
        ]
    );
    assert!(
        told.contains(
            "deleted the stream shop-restock-requests-dead of the queue `restock-requests`"
        ),
        "{told}"
    );
    assert!(!told.contains("connected"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_deploy_that_does_not_wait_names_the_queue_all_the_same() {
    let hurried = Options {
        wait: false,
        ..options()
    };
    let Some((warnings, told)) = without_a_queue(&hurried).await else {
        return;
    };
    // Nobody knows whether its successor comes up.
    assert!(
        told.contains("stays until a deploy without --no-wait"),
        "{told}"
    );
    assert!(!told.contains("deleted Deployment"), "{told}");
    assert_eq!(
        warnings,
        [
            "CC811 the queue `restock-requests` leaves the application, and messages that it holds are kept; delete them \
             with --delete-data restock-requests; how many there are is told without --no-wait"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn without_waiting_a_server_that_left_keeps_its_volume_and_runs() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    shop.without_queues();
    for delete_data in [Vec::new(), vec!["nats".to_owned()]] {
        let hurried = Options {
            wait: false,
            delete_data,
            ..options()
        };
        let told = Told::default();
        let done = deploy_with(&cluster, &shop.release(), &hurried, &told).await;
        done.expect("applied");
        assert!(!told.text().contains("volume"), "{}", told.text());
        let broker = cluster.get("apps/v1", "StatefulSet", "shop", "shop-nats");
        assert!(broker.is_some(), "it stays");
        let claims = names(&cluster, "v1", "PersistentVolumeClaim");
        assert_eq!(claims, ["data-shop-nats-0"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_volume_is_kept_until_it_is_named() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    assert_eq!(
        names(&cluster, "v1", "PersistentVolumeClaim"),
        ["data-shop-nats-0"]
    );
    shop.without_queues();
    let told = Told::default();
    deploy_with(&cluster, &shop.release(), &options(), &told)
        .await
        .expect("deployed");
    assert!(!names(&cluster, "apps/v1", "StatefulSet").contains(&"shop-nats".to_owned()));
    assert_eq!(
        names(&cluster, "v1", "PersistentVolumeClaim"),
        ["data-shop-nats-0"]
    );
    assert!(
        told.text()
            .contains("warning: shop-nats is gone, and its volume data-shop-nats-0 is kept"),
        "{}",
        told.text()
    );
    let named = Options {
        delete_data: vec!["nats".to_owned()],
        ..options()
    };
    cluster.deny("delete", "persistentvolumeclaims");
    cluster.forget();
    let said = refused_with(&cluster, &shop.release(), None, &named).await;
    assert!(
        said.contains("CC803 this user may not delete persistentvolumeclaims"),
        "{said}"
    );
    assert_eq!(writes(&cluster), Vec::<String>::new());
    cluster.heal();
    deploy_with(&cluster, &shop.release(), &named, &Told::default())
        .await
        .expect("deployed");
    assert_eq!(
        names(&cluster, "v1", "PersistentVolumeClaim"),
        Vec::<String>::new()
    );
}

#[tokio::test(start_paused = true)]
async fn a_volume_of_somebody_else_is_not_even_mentioned() {
    let Some(cluster) = place() else { return };
    cluster.namespace("shop");
    let claim = |name: &str, labels: Value| {
        cluster.put(serde_json::json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": "shop", "labels": labels},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        }));
    };
    let (part_of, instance) = ("app.kubernetes.io/part-of", "app.kubernetes.io/instance");
    claim(
        "data-mydb-0",
        serde_json::json!({part_of: "shop", instance: "mydb"}),
    );
    let named = Options {
        delete_data: vec!["mydb".to_owned()],
        ..options()
    };
    let said = refused_with(&cluster, &shop().release(), None, &named).await;
    assert!(
        said.contains("CC810 there is no data called `mydb`"),
        "{said}"
    );
    assert!(said.contains("there is none"), "{said}");
    let told = Told::default();
    deploy_with(&cluster, &shop().release(), &options(), &told)
        .await
        .expect("deployed");
    assert!(names(&cluster, "v1", "PersistentVolumeClaim").contains(&"data-mydb-0".to_owned()));
    assert!(!told.text().contains("mydb"), "{}", told.text());
}

#[tokio::test(start_paused = true)]
async fn data_that_nothing_has_is_no_data_to_delete() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    let old = shop.release();
    deploy(&cluster, &old).await.expect("deployed");
    shop.without_restocking();
    let named = |name: &str| Options {
        delete_data: vec![name.to_owned()],
        ..options()
    };
    let release = shop.release_after(&[old], &["restock-requests"]);
    // A queue that is in use, a server that is, and one that was spelt otherwise.
    let all = "there are: restock-requests";
    for (name, help) in [
        ("orders", all),
        ("nats", all),
        ("restock-request", "did you mean `restock-requests`?"),
    ] {
        let said = refused_with(&cluster, &release, None, &named(name)).await;
        let message = format!("CC810 there is no data called `{name}`");
        assert!(said.contains(&message), "{said}");
        assert!(said.contains(help), "{said}");
    }
    let named = named("restock-requests");
    for time in ["once", "and again in the same words"] {
        let done = deploy_with(&cluster, &release, &named, &Told::default()).await;
        done.unwrap_or_else(|problems| panic!("{time}: {}", words(&problems)));
    }
}

/// One that was cut off is run again as it was.
#[tokio::test(start_paused = true)]
async fn a_volume_may_be_named_again_when_it_is_gone() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    shop.without_queues();
    let named = Options {
        delete_data: vec!["nats".to_owned()],
        ..options()
    };
    let release = shop.release();
    let count = || names(&cluster, "v1", "PersistentVolumeClaim").len();
    for _ in 0..2 {
        deploy_with(&cluster, &release, &named, &Told::default())
            .await
            .expect("deployed");
        assert_eq!(count(), 0);
    }
}

/// Of a kind that the new release has none of, its own objects do not tell.
#[tokio::test(start_paused = true)]
async fn what_left_has_to_be_deletable_before_anything_is_changed() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    shop.without_queues();
    let release = shop.release();
    assert!(release.keys().all(|key| key.kind != "ScaledObject"));
    cluster.deny("delete", "scaledobjects.keda.sh");
    let said = refused_with(&cluster, &release, None, &options()).await;
    assert!(
        said.contains("may not delete scaledobjects.keda.sh in the namespace shop"),
        "{said}"
    );
    cluster.heal();
    deploy(&cluster, &release).await.expect("deployed");
    cluster.deny("delete", "scaledobjects.keda.sh");
    deploy(&cluster, &release)
        .await
        .expect("nothing of that kind is left");
}
