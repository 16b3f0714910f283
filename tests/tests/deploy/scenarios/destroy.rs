//! Taking it all down.

use super::*;

async fn destroy(cluster: &Cluster, options: &Options) -> Result<String, Problems> {
    let client = cluster.client();
    let doomed = cluster::doomed(&client, "shop", "shop", options).await?;
    let told = Told::default();
    let tell = |event| told.hear(event);
    cluster::destroy(&client, "shop", "shop", &doomed, options, &tell).await?;
    Ok(told.text())
}

#[tokio::test(start_paused = true)]
async fn all_that_cloudc_made_goes_and_the_messages_stay() {
    let Some(cluster) = place() else { return };
    deploy(&cluster, &shop().release()).await.expect("deployed");
    let doomed = cluster::doomed(&cluster.client(), "shop", "shop", &options())
        .await
        .expect("found");
    assert!(
        doomed.objects.contains(&"Deployment charge".to_owned()),
        "{:?}",
        doomed.objects
    );
    assert_eq!(doomed.kept, ["data-shop-nats-0 (--delete-data shop-nats)"]);
    destroy(&cluster, &options()).await.expect("gone");
    for (version, kind) in [
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("v1", "Secret"),
        ("v1", "ConfigMap"),
        ("serving.knative.dev/v1", "Service"),
        ("coordination.k8s.io/v1", "Lease"),
    ] {
        assert_eq!(
            names(&cluster, version, kind),
            Vec::<String>::new(),
            "{kind}"
        );
    }
    assert_eq!(
        names(&cluster, "v1", "PersistentVolumeClaim"),
        ["data-shop-nats-0"]
    );
    assert!(
        cluster.get("v1", "Namespace", "", "shop").is_some(),
        "the volume is in it"
    );
}

#[tokio::test(start_paused = true)]
async fn the_namespace_goes_with_the_last_thing_in_it() {
    let Some(cluster) = place() else { return };
    deploy(&cluster, &shop().release()).await.expect("deployed");
    let named = Options {
        delete_data: vec!["nats".to_owned()],
        ..options()
    };
    destroy(&cluster, &named).await.expect("gone");
    cluster.collect_garbage();
    cluster.finish_deletions();
    assert!(cluster.get("v1", "Namespace", "", "shop").is_none());
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_has_there_keeps_the_namespace() {
    let Some(cluster) = place() else { return };
    deploy(&cluster, &shop().release()).await.expect("deployed");
    cluster.put(serde_json::json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine", "namespace": "shop"},
    }));
    let named = Options {
        delete_data: vec!["nats".to_owned()],
        ..options()
    };
    let told = destroy(&cluster, &named).await.expect("gone");
    assert!(
        told.contains("kept the namespace shop: it has ConfigMap mine"),
        "{told}"
    );
    assert_eq!(names(&cluster, "v1", "ConfigMap"), ["mine"]);
}

#[tokio::test(start_paused = true)]
async fn there_may_be_nothing_to_destroy() {
    let Some(cluster) = place() else { return };
    let said = words(&destroy(&cluster, &options()).await.expect_err("nothing"));
    assert!(
        said.contains("CC809 there is no shop in the namespace shop"),
        "{said}"
    );
    deploy(&cluster, &shop().release()).await.expect("deployed");
    let named = Options {
        delete_data: vec!["orders".to_owned()],
        ..options()
    };
    let said = words(&destroy(&cluster, &named).await.expect_err("no such data"));
    assert!(
        said.contains("CC810 there is no data called `orders`"),
        "{said}"
    );
    assert!(
        names(&cluster, "apps/v1", "Deployment").contains(&"charge".to_owned()),
        "nothing is gone"
    );
}
