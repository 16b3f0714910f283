//! From an empty cluster to a running shop, and once more.

use super::*;

#[tokio::test(start_paused = true)]
async fn everything_comes_up_in_the_order_in_which_it_is_needed() {
    let Some(cluster) = place() else { return };
    let told = Told::default();
    let release = shop().release();
    let outcome = deploy_with(&cluster, &release, &options(), &told)
        .await
        .expect("deployed");
    assert_eq!(outcome.number, 1);
    assert_eq!(
        outcome.addresses.len(),
        2,
        "the shop and the search have addresses"
    );
    let writes = writes(&cluster);
    let place = |part: &str| {
        let place = writes.iter().position(|line| line.contains(part));
        place.unwrap_or_else(|| panic!("{part} in {writes:#?}"))
    };
    let order = [
        "PATCH /api/v1/namespaces/shop",
        "/configmaps/cloudc-shop-1",
        "/configmaps/cloudc-shop",
        "POST /api/v1/namespaces/shop/secrets",
        "/secrets/shop-nats-users",
        "/serviceaccounts/charge",
        "/statefulsets/shop-nats",
        "/jobs/shop-provision-",
        "/deployments/charge",
    ];
    let places: Vec<usize> = order.iter().map(|part| place(part)).collect();
    assert!(places.is_sorted(), "{order:?} at {places:?}");
    let told = told.text();
    for line in [
        "made Secret charge-nats",
        "Job shop-provision-",
        "Knative Service shop: ready, http",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_nobody_outside_reaches_is_told() {
    let started = Cluster::builder().auto_settle().without_domain().start();
    let Some(cluster) = started else { return };
    let mut release = shop().release();
    let mut objects = release.objects.iter_mut();
    let search = objects.find(|object| {
        object["apiVersion"] == "serving.knative.dev/v1" && object["metadata"]["name"] == "search"
    });
    // One that is meant so.
    search.expect("a service")["metadata"]["labels"]["networking.knative.dev/visibility"] =
        "cluster-local".into();
    let told = Told::default();
    deploy_with(&cluster, &release, &options(), &told)
        .await
        .expect("deployed");
    let told = told.text();
    let warning = "warning: nobody outside the cluster reaches shop: Knative has no domain, and gave it http://shop.shop.svc.cluster.local";
    assert!(told.contains(warning), "{told}");
    assert_eq!(told.matches("nobody outside").count(), 1, "{told}");
}

#[tokio::test(start_paused = true)]
async fn every_object_is_cloudcs_and_is_found_again() {
    let Some(cluster) = place() else { return };
    let release = shop().release();
    deploy(&cluster, &release).await.expect("deployed");
    for object in &release.objects {
        let text = |path: &str| {
            object
                .pointer(path)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let namespace = text("/metadata/namespace");
        let found = cluster.get(
            text("/apiVersion"),
            text("/kind"),
            namespace,
            text("/metadata/name"),
        );
        let found = found.unwrap_or_else(|| panic!("{object}"));
        let managers = found["metadata"]["managedFields"]
            .as_array()
            .expect("managers");
        let ours =
            |manager: &Value| manager["manager"] == "cloudc" && manager["operation"] == "Apply";
        assert!(managers.iter().any(ours), "{managers:#?}");
        let set = &found["metadata"]["labels"]["applyset.kubernetes.io/part-of"];
        assert_eq!(set.is_string(), !namespace.is_empty(), "{object}");
    }
    let parent = cluster
        .get("v1", "ConfigMap", "shop", "cloudc-shop")
        .expect("the set's parent");
    let kinds = &parent["metadata"]["annotations"]["applyset.kubernetes.io/contains-group-kinds"];
    let kinds: Vec<&str> = kinds.as_str().expect("a list").split(',').collect();
    assert!(kinds.is_sorted(), "{kinds:?}");
    for kind in [
        "Deployment.apps",
        "Secret",
        "Service",
        "Service.serving.knative.dev",
    ] {
        assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
    }
    let part_of = "applyset.kubernetes.io/part-of";
    let account = cluster
        .get("v1", "ServiceAccount", "shop", "charge")
        .expect("an account");
    let id = &parent["metadata"]["labels"]["applyset.kubernetes.io/id"];
    assert_eq!(account["metadata"]["labels"][part_of], *id);
}

#[tokio::test(start_paused = true)]
async fn the_same_again_changes_nothing() {
    let Some(cluster) = place() else { return };
    let release = shop().release();
    deploy(&cluster, &release).await.expect("deployed");
    let before = everything(&cluster);
    let secrets = cluster.list("v1", "Secret", "shop");
    let outcome = deploy(&cluster, &release).await.expect("deployed again");
    assert_eq!(outcome.number, 1, "it is the same release");
    assert_same(everything(&cluster), before, "at the second time");
    assert_eq!(
        cluster.list("v1", "Secret", "shop"),
        secrets,
        "credentials are never made anew"
    );
}

#[tokio::test(start_paused = true)]
async fn a_namespace_of_somebody_else_is_taken_as_it_is() {
    let Some(cluster) = place() else { return };
    cluster.namespace("shop");
    cluster.deny("patch", "namespaces");
    deploy(&cluster, &shop().release()).await.expect("deployed");
    let namespace = cluster
        .get("v1", "Namespace", "", "shop")
        .expect("the namespace");
    assert!(
        namespace["metadata"]["labels"]["app.kubernetes.io/managed-by"].is_null(),
        "{namespace}"
    );
}

#[tokio::test(start_paused = true)]
async fn kubernetes_alone_is_enough() {
    let started = Cluster::builder()
        .without("serving.knative.dev")
        .without("keda.sh")
        .auto_settle()
        .start();
    let Some(cluster) = started else { return };
    let mut shop = shop();
    shop.settings.target = cloudc_compiler::config::Target::Kubernetes;
    let outcome = deploy(&cluster, &shop.release()).await.expect("deployed");
    assert_eq!(outcome.addresses, Vec::<String>::new());
    assert!(names(&cluster, "apps/v1", "Deployment").contains(&"shop".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn without_waiting_nothing_is_waited_for() {
    let Some(cluster) = Cluster::builder().start() else {
        return;
    };
    let options = Options {
        wait: false,
        ..options()
    };
    let told = Told::default();
    deploy_with(&cluster, &shop().release(), &options, &told)
        .await
        .expect("applied");
    assert!(!told.text().contains("coming"), "{}", told.text());
    assert!(!told.text().contains("stays"), "{}", told.text());
    assert!(names(&cluster, "apps/v1", "Deployment").contains(&"charge".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_there_and_empty_is_no_obstacle() {
    let Some(cluster) = place() else { return };
    cluster.namespace("shop");
    // Knative's webhook cannot rehearse a service whose account is not there yet.
    deploy(&cluster, &shop().release()).await.expect("deployed");
}
