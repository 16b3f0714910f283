//! What is known before anything is changed, and said all at once.

use cloudc_compiler::cluster::Canary;

use super::*;
use crate::apiserver::{Hang, Trouble};

/// Deploys where it cannot succeed: what is said, and that nothing was written.
async fn refused(cluster: &Cluster, release: &Release) -> String {
    refused_with(cluster, release, None, &hasty()).await
}

/// As [`refused`], with these options, or as a canary.
pub(super) async fn refused_with(
    cluster: &Cluster,
    release: &Release,
    canary: Option<&Canary>,
    options: &Options,
) -> String {
    let before = writes(cluster).len();
    let told = Told::default();
    let tell = |event| told.hear(event);
    let done = cluster::deploy(&cluster.client(), release, canary, options, &tell).await;
    let problems = done.expect_err("refused");
    assert_eq!(
        writes(cluster).len(),
        before,
        "nothing was written: {:#?}",
        writes(cluster)
    );
    let leases = cluster.list("coordination.k8s.io/v1", "Lease", "shop");
    let is_held = |lease: &Value| lease["spec"]["holderIdentity"].is_string();
    assert!(!leases.iter().any(is_held), "{leases:?}");
    words(&problems)
}

#[tokio::test(start_paused = true)]
async fn crds_that_are_missing_are_named_with_what_to_install() {
    let started = Cluster::builder()
        .without("serving.knative.dev")
        .without("keda.sh")
        .start();
    let Some(cluster) = started else { return };
    let said = refused(&cluster, &shop().release()).await;
    for part in [
        "no Knative Serving",
        "no KEDA",
        "https://keda.sh",
        "target = \"kubernetes\"",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_cluster_is_refused() {
    let Some(cluster) = Cluster::builder().version("1.24").start() else {
        return;
    };
    let said = refused(&cluster, &shop().release()).await;
    assert!(
        said.contains("CC802 the cluster runs Kubernetes 1.24"),
        "{said}"
    );
}

#[tokio::test(start_paused = true)]
async fn keda_in_another_namespace_than_the_settings_name_is_said() {
    let Some(cluster) = place() else { return };
    cluster.put(serde_json::json!({
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1beta1.external.metrics.k8s.io"},
        "spec": {"service": {"name": "keda-metrics-apiserver", "namespace": "scaling"}},
    }));
    let mut shop = shop();
    let said = refused(&cluster, &shop.release()).await;
    assert!(
        said.contains(
            "CC802 KEDA runs in the namespace scaling, and the broker lets it read the lag from keda alone"
        ),
        "{said}"
    );
    assert!(said.contains("`keda.namespace = \"scaling\"`"), "{said}");
    shop.settings.keda_namespace = "scaling".to_owned();
    let settled = deploy(&cluster, &shop.release()).await;
    settled.expect("KEDA is where the settings say");
    // Who may not look is not kept from deploying.
    cluster.deny("get", "apiservices.apiregistration.k8s.io");
    shop.settings.keda_namespace = "keda".to_owned();
    let unseen = deploy(&cluster, &shop.release()).await;
    unseen.expect("nothing is known against it");
}

#[tokio::test(start_paused = true)]
async fn rights_that_are_missing_are_listed_together() {
    let started = Cluster::builder()
        .user("dev")
        .deny("patch", "deployments.apps")
        .deny("create", "deployments.apps")
        .deny("get", "secrets")
        .deny("list", "scaledobjects.keda.sh")
        .deny("update", "leases.coordination.k8s.io")
        .start();
    let Some(cluster) = started else { return };
    cluster.namespace("shop");
    let said = refused(&cluster, &shop().release()).await;
    for part in [
        "may not create, patch deployments.apps",
        "may not get secrets",
        "may not list scaledobjects.keda.sh",
        "may not update leases.coordination.k8s.io",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

/// Whoever has the rights that are asked for can deploy: first, late, in vain, with less than before.
#[tokio::test(start_paused = true)]
async fn no_right_is_used_that_was_not_asked_for() {
    let started = Cluster::builder().auto_settle();
    // Who may do everything is not asked about each.
    let Some(cluster) = started.deny("get", "nodes").start() else {
        return;
    };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    shop.image('2');
    for workload in ["charge", "shop"] {
        cluster.hang("shop", workload, Hang::CrashLoop("no".to_owned()));
    }
    deploy(&cluster, &shop.release()).await.expect_err("late");
    for workload in ["charge", "shop"] {
        cluster.mend("shop", workload);
    }
    shop.image('3');
    deploy(&cluster, &shop.release()).await.expect("deployed");
    shop.without_queues();
    let told = Told::default();
    let named = super::destroy::everything_named();
    let release = shop.release();
    deploy_with(&cluster, &release, &named, &told)
        .await
        .expect("deployed");
    assert!(
        told.text().contains("deleted the volume"),
        "{}",
        told.text()
    );
    // These two everybody who deploys is taken to have, or does without.
    let rights = cluster.unasked_rights();
    assert_eq!(
        rights,
        ["get apiservices.apiregistration.k8s.io", "get namespaces"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_may_not_be_made_is_said() {
    let started = Cluster::builder()
        .user("dev")
        .deny("patch", "namespaces")
        .start();
    let Some(cluster) = started else { return };
    let said = refused(&cluster, &shop().release()).await;
    assert!(
        said.contains("the namespace shop is missing, and this user may not make it"),
        "{said}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_being_deleted_is_waited_for_by_the_person() {
    let Some(cluster) = place() else { return };
    deploy(&cluster, &shop().release()).await.expect("deployed");
    let mut namespace = cluster.get("v1", "Namespace", "", "shop").expect("there");
    namespace["metadata"]["finalizers"] = serde_json::json!(["example.com/held"]);
    cluster.put(namespace);
    let namespaces: kube::Api<k8s_openapi::api::core::v1::Namespace> =
        kube::Api::all(cluster.client());
    namespaces
        .delete("shop", &kube::api::DeleteParams::default())
        .await
        .expect("begun");
    let said = refused(&cluster, &shop().release()).await;
    assert!(
        said.contains("CC806 the namespace shop is being deleted"),
        "{said}"
    );
}

#[tokio::test(start_paused = true)]
async fn fields_of_another_owner_are_conflicts_in_words() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    let api: kube::Api<k8s_openapi::api::apps::v1::Deployment> =
        kube::Api::namespaced(cluster.client(), "shop");
    let by_hand = serde_json::json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "charge"},
        "spec": {"template": {"spec": {"terminationGracePeriodSeconds": 77}}},
    });
    let parameters = kube::api::PatchParams::apply("kubectl").force();
    api.patch("charge", &parameters, &kube::api::Patch::Apply(&by_hand))
        .await
        .expect("by hand");
    shop.image('2');
    let said = refused(&cluster, &shop.release()).await;
    assert!(
        said.contains("CC805 Deployment charge has fields of another owner"),
        "{said}"
    );
    assert!(
        said.contains("`spec.template.spec.terminationGracePeriodSeconds` is set by `kubectl`"),
        "{said}"
    );
    let forced = Options {
        force_conflicts: true,
        ..options()
    };
    deploy_with(&cluster, &shop.release(), &forced, &Told::default())
        .await
        .expect("taken over");
    let charge = cluster
        .get("apps/v1", "Deployment", "shop", "charge")
        .expect("there");
    assert_eq!(
        charge["spec"]["template"]["spec"]["terminationGracePeriodSeconds"],
        30
    );
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_denies_is_heard_before_anything_is_changed() {
    let Some(cluster) = place() else { return };
    cluster.namespace("shop");
    let no = Trouble::webhook(
        "policy.example.com",
        403,
        "images must come from the company's registry",
    );
    cluster.always("PATCH", "*/deployments/charge", no);
    let said = refused(&cluster, &shop().release()).await;
    assert!(said.contains("cannot apply Deployment charge"), "{said}");
    assert!(
        said.contains("images must come from the company's registry"),
        "{said}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_said_once() {
    let Some(cluster) = place() else { return };
    cluster.always("*", "*", Trouble::expired());
    let said = refused(&cluster, &shop().release()).await;
    assert_eq!(said.matches("CC801").count(), 1, "{said}");
    assert!(said.contains("does not accept the credentials"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_too_large_is_refused_before_its_objects_are_there() {
    let Some(cluster) = place() else { return };
    let mut release = shop().release();
    // Random enough that no compression helps.
    let mut seed = 1_u64;
    let noise: String = (0..3_000_000)
        .map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b'!' + u8::try_from((seed >> 33) % 90).expect("small"))
        })
        .collect();
    release.graph["noise"] = Value::String(noise);
    let problems = deploy(&cluster, &release).await.expect_err("too large");
    let said = words(&problems);
    assert!(
        said.contains("CC804") && said.contains("are the most"),
        "{said}"
    );
    assert_eq!(
        names(&cluster, "apps/v1", "Deployment"),
        Vec::<String>::new()
    );
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_only_people_know_is_asked_for() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    shop.settings.image_pull_secrets = vec!["registry".to_owned()];
    let said = refused(&cluster, &shop.release()).await;
    assert!(
        said.contains("CC808 the Secret registry is missing"),
        "{said}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_object_that_the_store_does_not_take_is_named_and_not_tried_again() {
    let Some(cluster) = place() else { return };
    let mut release = shop().release();
    let mut objects = release.objects.iter_mut();
    let charge = objects
        .find(|object| object["kind"] == "Deployment" && object["metadata"]["name"] == "charge")
        .expect("a Deployment");
    let variables = charge["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut();
    variables
        .expect("variables")
        .push(serde_json::json!({"name": "LARGE", "value": "x".repeat(2 << 20)}));
    let problems = deploy(&cluster, &release).await.expect_err("too large");
    let said = words(&problems);
    assert!(
        said.contains("CC804 cannot apply Deployment charge: it is larger than what the cluster keeps of one object"),
        "{said}"
    );
    assert!(said.contains("make it smaller"), "{said}");
    let tries = cluster.history();
    let tries = tries
        .iter()
        .filter(|entry| entry.writes() && entry.path.ends_with("/deployments/charge"));
    assert_eq!(tries.count(), 1, "it does not get smaller by itself");
}

/// What a person types and what a cluster lacks, in one answer, and for a release that has no image yet.
#[tokio::test(start_paused = true)]
async fn everything_is_found_before_there_is_an_image() {
    let started = Cluster::builder()
        .without("keda.sh")
        .version("1.24")
        .start();
    let Some(cluster) = started else { return };
    let mut shop = shop();
    shop.settings.image_digest = None;
    shop.settings.image_pull_secrets = vec!["registry".to_owned()];
    let options = Options {
        rotate: vec!["Charge".to_owned()],
        delete_data: vec!["ordres".to_owned()],
        ..hasty()
    };
    let release = shop.release();
    assert!(release.image.ends_with(":unbuilt"), "{}", release.image);
    let checked = cluster::check(&cluster.client(), &release, None, &options).await;
    let said = words(&checked.expect_err("refused"));
    for part in [
        "CC802 the cluster runs Kubernetes 1.24",
        "no KEDA",
        "CC808 the Secret registry is missing",
        "CC810 there are no credentials of `Charge`",
        "CC810 there is no data called `ordres`",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert_eq!(writes(&cluster), Vec::<String>::new());
    let said = refused_with(&cluster, &release, None, &options).await;
    assert!(said.contains("no KEDA") && said.contains("CC808"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn what_is_fine_is_checked_without_a_write() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    cluster.forget();
    shop.settings.image_digest = None;
    let checked = cluster::check(&cluster.client(), &shop.release(), None, &options()).await;
    checked.expect("nothing is wrong");
    assert_eq!(writes(&cluster), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_made_is_not_taken() {
    let Some(cluster) = place() else { return };
    cluster.namespace("shop");
    let account = |labels: Value| {
        cluster.put(serde_json::json!({
            "apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "charge", "namespace": "shop", "labels": labels},
        }));
    };
    let of = |app: &str| {
        serde_json::json!({
            "app.kubernetes.io/part-of": app, "app.kubernetes.io/managed-by": "cloudc",
        })
    };
    let mut of_another_set = of("shop");
    of_another_set["applyset.kubernetes.io/part-of"] = "applyset-another-v1".into();
    for (labels, words) in [
        (serde_json::json!({}), "and cloudc did not make it"),
        (of("store"), "and cloudc did not make it"),
        (of_another_set, "and of another application"),
    ] {
        account(labels);
        let said = refused(&cluster, &shop().release()).await;
        let message = format!("CC804 ServiceAccount charge is there already, {words}");
        assert!(said.contains(&message), "{said}");
        assert!(said.contains("give the function another name"), "{said}");
        cluster.take("v1", "ServiceAccount", "shop", "charge");
    }
    // Applied by other means from cloudc's own manifests.
    account(of("shop"));
    deploy(&cluster, &shop().release()).await.expect("taken in");
    cluster.take("v1", "ServiceAccount", "shop", "charge");
    account(serde_json::json!({}));
    let force = Options {
        force_conflicts: true,
        ..options()
    };
    deploy_with(&cluster, &shop().release(), &force, &Told::default())
        .await
        .expect("taken over");
}

#[tokio::test(start_paused = true)]
async fn another_target_is_refused_before_anything_is_changed() {
    use cloudc_compiler::config::Target;
    for (before, after) in [
        (Target::Knative, Target::Kubernetes),
        (Target::Kubernetes, Target::Knative),
    ] {
        let Some(cluster) = place() else { return };
        let mut shop = shop();
        shop.settings.target = before;
        deploy(&cluster, &shop.release()).await.expect("deployed");
        cluster.forget();
        shop.settings.target = after;
        let said = words(
            &deploy(&cluster, &shop.release())
                .await
                .expect_err("refused"),
        );
        assert!(
            said.contains("CC804 the target of shop was changed"),
            "{said}"
        );
        assert!(said.contains("cloudc destroy"), "{said}");
        assert_eq!(writes(&cluster), Vec::<String>::new());
    }
}
