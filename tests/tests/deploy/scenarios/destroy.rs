//! Taking it all down.

use super::*;
use crate::apiserver::Trouble;

pub(super) async fn destroy(cluster: &Cluster, options: &Options) -> Result<String, Problems> {
    let client = cluster.client();
    let doomed = cluster::doomed(&client, "shop", "shop", options).await?;
    let told = Told::default();
    let tell = |event| told.hear(event);
    cluster::destroy(&client, "shop", "shop", &doomed, options, &tell).await?;
    Ok(told.text())
}

/// With its volume named, so that the namespace goes too.
pub(super) fn everything_named() -> Options {
    Options {
        delete_data: vec!["nats".to_owned()],
        ..options()
    }
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
    let named = everything_named();
    let told = destroy(&cluster, &named).await.expect("gone");
    assert!(cluster.get("v1", "Namespace", "", "shop").is_none());
    assert!(told.contains("deleted the namespace shop"), "{told}");
}

/// Lets a controller of somebody else hold the namespace.
fn hold_namespace(cluster: &Cluster, finalizers: Value) {
    let namespace = cluster.get("v1", "Namespace", "", "shop");
    let mut namespace = namespace.expect("there");
    namespace["metadata"]["finalizers"] = finalizers;
    cluster.put(namespace);
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_goes_slowly_is_waited_for() {
    let Some(cluster) = place() else { return };
    deploy(&cluster, &shop().release()).await.expect("deployed");
    hold_namespace(&cluster, serde_json::json!(["example.com/held"]));
    let named = Options {
        delete_data: vec!["nats".to_owned()],
        ..hasty()
    };
    let said = words(&destroy(&cluster, &named).await.expect_err("held"));
    assert!(
        said.contains(
            "CC806 the namespace shop is being deleted, and is not gone yet: the finalizer `example.com/held` holds it"
        ),
        "{said}"
    );
    assert_eq!(names(&cluster, "v1", "Secret"), Vec::<String>::new());

    // The next run waits for the same namespace.
    let named = options();
    let (destroyed, ()) = tokio::join!(destroy(&cluster, &named), async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let namespace = cluster.get("v1", "Namespace", "", "shop").expect("held");
        assert!(!namespace["metadata"]["deletionTimestamp"].is_null());
        hold_namespace(&cluster, serde_json::json!([]));
        cluster.finish_deletions();
    });
    let told = destroyed.expect("gone");
    assert!(
        told.contains("waiting: the cluster clears the namespace shop"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_has_there_keeps_the_namespace() {
    let Some(cluster) = place() else { return };
    deploy(&cluster, &shop().release()).await.expect("deployed");
    cluster.put(serde_json::json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine", "namespace": "shop"},
    }));
    let named = everything_named();
    let told = destroy(&cluster, &named).await.expect("gone");
    assert!(
        told.contains("kept the namespace shop: it has ConfigMap mine"),
        "{told}"
    );
    assert_eq!(names(&cluster, "v1", "ConfigMap"), ["mine"]);
}

/// Destroys where one object of somebody else is in cloudc's own namespace: what was told, with the namespace there still.
async fn with_an_object(object: Value) -> Option<String> {
    let cluster = place()?;
    deploy(&cluster, &shop().release()).await.expect("deployed");
    let object = cluster.put(object);
    let named = everything_named();
    let told = destroy(&cluster, &named).await.expect("gone");
    cluster.collect_garbage();
    cluster.finish_deletions();
    let text = |path: &str| {
        object
            .pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (version, kind) = (text("/apiVersion"), text("/kind"));
    let left = cluster.get(version, kind, "shop", text("/metadata/name"));
    assert!(left.is_some(), "{kind} is gone: {told}");
    Some(told)
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_the_cluster_keeps_the_namespace() {
    let quota = serde_json::json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "compute", "namespace": "shop"},
        "spec": {"hard": {"pods": "20"}},
    });
    let Some(told) = with_an_object(quota).await else {
        return;
    };
    assert!(
        told.contains("kept the namespace shop: it has ResourceQuota compute"),
        "{told}"
    );
    let binding = serde_json::json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "readers", "namespace": "shop"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
    });
    let told = with_an_object(binding).await.expect("a cluster");
    assert!(
        told.contains("kept the namespace shop: it has RoleBinding readers"),
        "{told}"
    );
    // What belongs to something outside does not go with what is in it.
    let held = serde_json::json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "seeds", "namespace": "shop", "ownerReferences": [{
            "apiVersion": "v1", "kind": "Node", "name": "one", "uid": "00000000-0000-4000-9000-000000000001",
        }]},
    });
    let told = with_owner(held).await.expect("a cluster");
    assert!(
        told.contains("kept the namespace shop: it has ConfigMap seeds"),
        "{told}"
    );
}

/// The same, with the owner there.
async fn with_owner(object: Value) -> Option<String> {
    let cluster = place()?;
    let owner = &object["metadata"]["ownerReferences"][0];
    cluster.put(serde_json::json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": owner["name"], "uid": owner["uid"]},
    }));
    deploy(&cluster, &shop().release()).await.expect("deployed");
    cluster.put(object);
    let named = everything_named();
    Some(destroy(&cluster, &named).await.expect("gone"))
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_was_there_stays_with_all_that_is_in_it() {
    let Some(cluster) = place() else { return };
    cluster.namespace("shop");
    let before = cluster.get("v1", "Namespace", "", "shop").expect("there");
    cluster.put(serde_json::json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "compute", "namespace": "shop"},
        "spec": {"hard": {"pods": "20"}},
    }));
    deploy(&cluster, &shop().release()).await.expect("deployed");
    let after = cluster.get("v1", "Namespace", "", "shop").expect("there");
    assert_eq!(after, before, "neither labels nor Pod Security");
    let named = everything_named();
    let told = destroy(&cluster, &named).await.expect("gone");
    assert!(
        told.contains("kept the namespace shop: cloudc did not make it"),
        "{told}"
    );
    cluster.finish_deletions();
    assert_eq!(names(&cluster, "v1", "ResourceQuota"), ["compute"]);
}

#[tokio::test(start_paused = true)]
async fn a_namespace_stays_cloudcs_at_every_deploy() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    shop.image('2');
    deploy(&cluster, &shop.release()).await.expect("deployed");
    let namespace = cluster.get("v1", "Namespace", "", "shop").expect("there");
    let metadata = &namespace["metadata"];
    assert_eq!(metadata["annotations"]["cloudc.dev/made"], "true");
    assert_eq!(
        metadata["labels"]["pod-security.kubernetes.io/enforce"],
        "restricted"
    );
}

/// Holds an object as a controller does that is slow to clean up.
fn hold(cluster: &Cluster, name: &str) {
    let mut object = cluster
        .get("keda.sh/v1alpha1", "ScaledObject", "shop", name)
        .expect("there");
    object["metadata"]["finalizers"] = serde_json::json!(["example.com/held"]);
    cluster.put(object);
}

fn let_go(cluster: &Cluster, name: &str) {
    cluster.let_go("keda.sh/v1alpha1", "ScaledObject", "shop", name);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_is_waited_for() {
    let Some(cluster) = place() else { return };
    deploy(&cluster, &shop().release()).await.expect("deployed");
    hold(&cluster, "charge");
    let said = words(&destroy(&cluster, &hasty()).await.expect_err("held"));
    assert!(
        said.contains(
            "CC806 ScaledObject charge is being deleted, and is not gone yet: the finalizer `example.com/held` holds it"
        ),
        "{said}"
    );
    let options = options();
    let (told, ()) = tokio::join!(destroy(&cluster, &options), async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let_go(&cluster, "charge");
    });
    told.expect("gone");
    assert_eq!(
        names(&cluster, "keda.sh/v1alpha1", "ScaledObject"),
        Vec::<String>::new()
    );
}

#[tokio::test(start_paused = true)]
async fn a_deploy_makes_anew_what_is_on_its_way_out() {
    let Some(cluster) = place() else { return };
    let release = shop().release();
    deploy(&cluster, &release).await.expect("deployed");
    hold(&cluster, "charge");
    destroy(&cluster, &hasty()).await.expect_err("held");
    let told = Told::default();
    let (deployed, ()) = tokio::join!(
        async { deploy_with(&cluster, &release, &options(), &told).await },
        async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            let_go(&cluster, "charge");
        }
    );
    deployed.expect("deployed");
    let made = cluster.get("keda.sh/v1alpha1", "ScaledObject", "shop", "charge");
    let made = made.expect("it did not vanish");
    assert!(made["metadata"]["deletionTimestamp"].is_null(), "{made}");
    assert!(
        told.text()
            .contains("waiting: ScaledObject charge is being deleted"),
        "{}",
        told.text()
    );
}

#[tokio::test(start_paused = true)]
async fn what_gitops_applied_does_not_lose_its_secrets() {
    let Some(cluster) = place() else { return };
    let release = shop().release();
    cluster.namespace("shop");
    let quiet = Told::default();
    let tell = |event| quiet.hear(event);
    cluster::credentials(&cluster.client(), &release, &options(), &tell)
        .await
        .expect("made");
    for object in &release.objects {
        if object["kind"] == "Deployment" {
            cluster.put(object.clone());
        }
    }
    let secrets = names(&cluster, "v1", "Secret");
    let said = words(&destroy(&cluster, &options()).await.expect_err("it runs"));
    assert!(
        said.contains(
            "CC809 Deployment charge and 2 others of shop were not applied by `cloudc deploy`"
        ),
        "{said}"
    );
    assert!(said.contains("kubectl delete -k"), "{said}");
    assert_eq!(names(&cluster, "v1", "Secret"), secrets);
    for name in names(&cluster, "apps/v1", "Deployment") {
        cluster.take("apps/v1", "Deployment", "shop", &name);
    }
    destroy(&cluster, &options()).await.expect("gone");
    assert_eq!(names(&cluster, "v1", "Secret"), Vec::<String>::new());
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

#[tokio::test(start_paused = true)]
async fn what_was_deployed_in_between_is_left_alone() {
    let Some(cluster) = place() else { return };
    deploy(&cluster, &shop().release()).await.expect("deployed");
    let client = cluster.client();
    let doomed = cluster::doomed(&client, "shop", "shop", &options()).await;
    let doomed = doomed.expect("found");
    let mut other = shop();
    other.settings.image_digest = Some(format!("sha256:{}", "b".repeat(64)));
    deploy(&cluster, &other.release()).await.expect("deployed");
    let tell = |_| {};
    let done = cluster::destroy(&client, "shop", "shop", &doomed, &options(), &tell).await;
    let said = words(&done.expect_err("refused"));
    assert!(said.contains("CC806 a deploy came in between"), "{said}");
    assert!(
        cluster
            .get("apps/v1", "Deployment", "shop", "charge")
            .is_some()
    );
}

/// A deploy that was cut off, or is under way, goes on with its number.
#[tokio::test(start_paused = true)]
async fn what_the_same_release_brought_in_between_is_left_alone() {
    let Some(cluster) = place() else { return };
    cluster.on(
        "PATCH",
        "*/deployments/charge",
        1,
        Trouble::webhook("guard.example.com", 403, "not now"),
    );
    let cut = deploy(&cluster, &shop().release()).await;
    cut.expect_err("denied after some of it was applied");
    let client = cluster.client();
    let doomed = cluster::doomed(&client, "shop", "shop", &options()).await;
    let doomed = doomed.expect("found");
    assert!(!doomed.objects.contains(&"Deployment charge".to_owned()));
    deploy(&cluster, &shop().release()).await.expect("gone on");
    let tell = |_| {};
    let done = cluster::destroy(&client, "shop", "shop", &doomed, &options(), &tell).await;
    let said = words(&done.expect_err("refused"));
    assert!(said.contains("CC806 a deploy came in between"), "{said}");
    for (kind, name) in [("Deployment", "charge"), ("StatefulSet", "shop-nats")] {
        assert!(cluster.get("apps/v1", kind, "shop", name).is_some());
    }
    destroy(&cluster, &options()).await.expect("gone");
    assert_eq!(
        names(&cluster, "apps/v1", "Deployment"),
        Vec::<String>::new()
    );
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_could_not_be_deleted_goes_with_a_second_run() {
    let Some(cluster) = place() else { return };
    deploy(&cluster, &shop().release()).await.expect("deployed");
    let named = everything_named();
    cluster.on(
        "DELETE",
        "*/namespaces/shop",
        1,
        Trouble::webhook("guard.example.com", 403, "not now"),
    );
    destroy(&cluster, &named).await.expect_err("denied");
    destroy(&cluster, &options()).await.expect("gone");
    assert!(cluster.get("v1", "Namespace", "", "shop").is_none());
}

#[tokio::test(start_paused = true)]
async fn the_lease_goes_last() {
    let Some(cluster) = place() else { return };
    // Somebody else's namespace, so that nothing goes with it.
    cluster.namespace("shop");
    deploy(&cluster, &shop().release()).await.expect("deployed");
    cluster.forget();
    destroy(&cluster, &options()).await.expect("destroyed");
    let deletions: Vec<String> = cluster
        .history()
        .iter()
        .filter(|entry| entry.method == "DELETE")
        .map(Entry::line)
        .collect();
    let last = deletions.last().expect("deletions");
    assert!(last.contains("/leases/cloudc-shop"), "{deletions:#?}");
    let left = cluster.list("coordination.k8s.io/v1", "Lease", "shop");
    assert_eq!(left, Vec::<Value>::new());

    // One that cloudc made goes while the Lease in it is held.
    let Some(cluster) = place() else { return };
    deploy(&cluster, &shop().release()).await.expect("deployed");
    cluster.forget();
    let named = everything_named();
    destroy(&cluster, &named).await.expect("destroyed");
    let lines: Vec<String> = cluster
        .history()
        .iter()
        .filter(|entry| entry.writes() && !entry.line().starts_with("PATCH"))
        .map(Entry::line)
        .collect();
    let place = |end: &str| lines.iter().position(|line| line.ends_with(end));
    let namespace = place("/namespaces/shop").expect("it is deleted");
    let leases = lines[..namespace]
        .iter()
        .filter(|line| is_about_lease(line));
    assert_eq!(leases.count(), 1, "it is taken and kept: {lines:#?}");
}

fn is_about_lease(line: &str) -> bool {
    line.contains("/leases")
}

#[tokio::test(start_paused = true)]
async fn whoever_may_not_see_volumes_is_told_so() {
    let Some(cluster) = place() else { return };
    deploy(&cluster, &shop().release()).await.expect("deployed");
    cluster.deny("list", "persistentvolumeclaims");
    let named = everything_named();
    let said = words(&destroy(&cluster, &named).await.expect_err("denied"));
    assert!(said.contains("CC803") && said.contains("volumes"), "{said}");
}

/// Somebody tidied up what they did not know.
#[tokio::test(start_paused = true)]
async fn without_the_list_of_kinds_what_is_kept_of_the_releases_tells_them() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    cluster.take("v1", "ConfigMap", "shop", "cloudc-shop");
    shop.without_queues();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    assert_eq!(
        names(&cluster, "keda.sh/v1alpha1", "ScaledObject"),
        Vec::<String>::new(),
        "a deploy finds what left"
    );
    cluster.take("v1", "ConfigMap", "shop", "cloudc-shop");
    destroy(&cluster, &everything_named()).await.expect("gone");
    assert!(cluster.get("v1", "Namespace", "", "shop").is_none());
}

/// A list that was begun anew has what came since alone.
#[tokio::test(start_paused = true)]
async fn without_any_list_all_that_has_the_label_goes() {
    let Some(cluster) = place() else { return };
    let release = shop().release();
    deploy(&cluster, &release).await.expect("deployed");
    for map in names(&cluster, "v1", "ConfigMap") {
        if map.starts_with("cloudc-shop") {
            cluster.take("v1", "ConfigMap", "shop", &map);
        }
    }
    let quiet = Told::default();
    let tell = |event| quiet.hear(event);
    cluster::credentials(&cluster.client(), &release, &options(), &tell)
        .await
        .expect("made");
    destroy(&cluster, &everything_named()).await.expect("gone");
    assert!(cluster.get("v1", "Namespace", "", "shop").is_none());
}
