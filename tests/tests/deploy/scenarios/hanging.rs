//! Workloads that do not come up, and the reason that a person needs.

use std::fs;

use cloudc_compiler::config::Nats;
use cloudc_compiler::report::{Style, render_text};
use cloudc_compiler::span::Sources;
use cloudc_tests::app::repository;

use super::*;
use crate::apiserver::Hang;

/// Deploys with a workload that hangs: what is said at the end.
async fn hangs(workload: &str, why: Hang) -> Option<String> {
    let cluster = place()?;
    cluster.hang("shop", workload, why);
    let problems = deploy_with(&cluster, &shop().release(), &hasty(), &Told::default()).await;
    let said = words(&problems.expect_err("it hangs"));
    assert!(said.contains("CC807"), "{said}");
    let maps = names(&cluster, "v1", "ConfigMap");
    assert!(maps.contains(&"cloudc-shop-1".to_owned()), "{maps:?}");
    let record = cluster
        .get("v1", "ConfigMap", "shop", "cloudc-shop-1")
        .expect("a record");
    assert_eq!(
        record["metadata"]["annotations"]["cloudc.dev/status"],
        "failed"
    );
    Some(said)
}

#[tokio::test(start_paused = true)]
async fn an_image_that_cannot_be_pulled() {
    let why = Hang::ImagePull("manifest unknown\u{1b}[2J".to_owned());
    let Some(said) = hangs("charge", why).await else {
        return;
    };
    assert!(
        !said.contains('\u{1b}'),
        "a registry writes to nobody's terminal: {said:?}"
    );
    assert!(
        said.contains("Deployment charge does not come up: the image "),
        "{said}"
    );
    assert!(
        said.contains("cannot be pulled") && said.contains("manifest unknown"),
        "{said}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_program_that_ends_again_and_again() {
    let why = Hang::CrashLoop("starting\nCLOUDC_NATS_URL is not set".to_owned());
    let Some(said) = hangs("charge", why).await else {
        return;
    };
    assert!(
        said.contains("its program ended with exit code 1"),
        "{said}"
    );
    assert!(
        said.contains("\n    CLOUDC_NATS_URL is not set"),
        "the last lines of its log: {said}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_no_node_takes() {
    let why = Hang::Unschedulable("0/3 nodes are available: 3 Insufficient memory.".to_owned());
    let Some(said) = hangs("shop-valkey", why).await else {
        return;
    };
    assert!(
        said.contains("StatefulSet shop-valkey does not come up: no node"),
        "{said}"
    );
    assert!(said.contains("3 Insufficient memory"), "{said}");
    assert!(
        !said.contains("Deployment"),
        "what needs the server is not even applied: {said}"
    );
}

/// What a pod of the release before says when it leaves is no reason why the new one does not come up.
#[tokio::test(start_paused = true)]
async fn a_pod_that_leaves_is_not_asked() {
    let Some(cluster) = place() else { return };
    cluster.namespace("shop");
    cluster.put(serde_json::json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "charge-5d4f8c7b9-x2x4z", "namespace": "shop", "finalizers": ["somebody/looks"],
            "creationTimestamp": "2026-01-01T00:00:00Z", "deletionTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"app.kubernetes.io/instance": "charge", "app.kubernetes.io/part-of": "shop"},
        },
        "spec": {"containers": [{"name": "app", "image": "registry.example.com/shop@sha256:0"}]},
        "status": {"containerStatuses": [{
            "name": "app", "image": "app", "imageID": "", "ready": false, "restartCount": 3,
            "state": {"terminated": {"exitCode": 137, "reason": "Error"}},
        }]},
    }));
    cluster.hang("shop", "charge", Hang::NeverReady);
    let problems = deploy_with(&cluster, &shop().release(), &hasty(), &Told::default()).await;
    let said = words(&problems.expect_err("it hangs"));
    assert!(said.contains("Deployment charge"), "{said}");
    assert!(!said.contains("137"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_is_used_up() {
    let why =
        Hang::Quota("compute, requested: limits.memory=128Mi, used: 1Gi, limited: 1Gi".to_owned());
    let Some(said) = hangs("charge", why).await else {
        return;
    };
    assert!(said.contains("exceeded quota"), "{said}");
}

/// The pod of the provisioner before is still there, and done.
#[tokio::test(start_paused = true)]
async fn a_quota_that_is_used_up_for_the_second_provisioner() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    shop.image('2');
    let release = shop.release();
    let job = release.keys().find(|key| key.kind == "Job");
    let job = job.expect("a Job").name;
    let why = "compute, requested: limits.memory=64Mi, used: 1Gi, limited: 1Gi";
    cluster.hang("shop", &job, Hang::Quota(why.to_owned()));
    let problems = deploy_with(&cluster, &release, &hasty(), &Told::default()).await;
    let said = words(&problems.expect_err("it hangs"));
    let message = format!("Job {job} does not come up: FailedCreate");
    assert!(said.contains(&message), "{said}");
    assert!(said.contains("exceeded quota"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_provisioner_that_failed_is_run_again_by_the_next_deploy() {
    let Some(cluster) = place() else { return };
    let release = shop().release();
    let job = release
        .keys()
        .find(|key| key.kind == "Job")
        .expect("a Job")
        .name;
    cluster.hang(
        "shop",
        &job,
        Hang::JobFailed("the broker denied it".to_owned()),
    );
    let problems = deploy(&cluster, &release).await.expect_err("it failed");
    let said = words(&problems);
    assert!(said.contains(&format!("Job {job} failed")), "{said}");
    cluster.mend("shop", &job);
    deploy(&cluster, &release).await.expect("it is made anew");
    let job = cluster.get("batch/v1", "Job", "shop", &job).expect("there");
    assert!(job["status"]["succeeded"].as_i64() == Some(1), "{job}");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_hangs_says_why() {
    let why = Hang::ImagePull("unauthorized".to_owned());
    let Some(said) = hangs("search", why).await else {
        return;
    };
    assert!(
        said.contains("Knative Service search does not come up"),
        "{said}"
    );
    assert!(said.contains("unauthorized"), "{said}");
}

/// The shop with a broker whose image is a mistake, and its release.
fn with_a_wrong_broker(cluster: &Cluster) -> (Shop, Release) {
    let mut shop = shop();
    let right = shop.settings.nats.clone();
    let Nats::Bundled(nats) = &mut shop.settings.nats else {
        panic!("the shop brings its broker")
    };
    nats.image = "nats:2.51".to_owned();
    cluster.unpullable("nats:2.51");
    let wrong = shop.release();
    shop.settings.nats = right;
    (shop, wrong)
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_came_up_does_not_stand_in_the_way_of_the_next_deploy() {
    let Some(cluster) = place() else { return };
    let (shop, wrong) = with_a_wrong_broker(&cluster);
    let problems = deploy_with(&cluster, &wrong, &hasty(), &Told::default()).await;
    let said = words(&problems.expect_err("no such image"));
    assert!(
        said.contains(
            "StatefulSet shop-nats does not come up: the image nats:2.51 cannot be pulled"
        ),
        "{said}"
    );
    deploy(&cluster, &shop.release()).await.expect("deployed");
    let pod = cluster
        .get("v1", "Pod", "shop", "shop-nats-0")
        .expect("a pod");
    let image = &pod["spec"]["containers"][0]["image"];
    assert_ne!(image, "nats:2.51", "{pod}");
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_kubernetes_does_not_replace_is_named() {
    let Some(cluster) = place() else { return };
    let (shop, wrong) = with_a_wrong_broker(&cluster);
    // As a Kubernetes does that counts a pod of an older template as one that may not be away.
    let in_order = |mut release: Release| {
        let sets = release.objects.iter_mut();
        for set in sets.filter(|object| object["kind"] == "StatefulSet") {
            set["spec"]["podManagementPolicy"] = "OrderedReady".into();
        }
        release
    };
    let wrong = in_order(wrong);
    let problems = deploy_with(&cluster, &wrong, &hasty(), &Told::default()).await;
    problems.expect_err("no such image");
    let right = in_order(shop.release());
    let problems = deploy_with(&cluster, &right, &hasty(), &Told::default()).await;
    let said = words(&problems.expect_err("the old pod stays"));
    assert!(
        said.contains(
            "StatefulSet shop-nats does not come up: its pod shop-nats-0 is of an older template"
        ),
        "{said}"
    );
    assert!(
        said.contains("kubectl delete pod shop-nats-0 -n shop"),
        "{said}"
    );
    cluster.take("v1", "Pod", "shop", "shop-nats-0");
    cluster.settle();
    deploy(&cluster, &right).await.expect("deployed");
    // How pods are made is nothing that a deploy can change.
    let said = words(&deploy(&cluster, &shop.release()).await.expect_err("fixed"));
    assert!(
        said.contains("CC804 cannot apply StatefulSet shop-nats")
            && said.contains("--cascade=orphan"),
        "{said}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_readme_shows_what_is_printed() {
    let Some(cluster) = place() else { return };
    // What the program of a pod without this variable writes (`runtime/src/shim`).
    let log = "cloudc: CLOUDC_NATS_URL is not set: `charge` takes its messages from a queue, so it must know where the \
               broker is; set it to nats://HOST:PORT or tls://HOST:PORT";
    cluster.hang("shop", "charge", Hang::CrashLoop(log.to_owned()));
    let problems = deploy_with(&cluster, &shop().release(), &hasty(), &Told::default()).await;
    let problems = problems.expect_err("it ends");
    let style = Style {
        color: false,
        unicode: true,
        width: 100,
    };
    let printed = render_text(&problems, &Sources::default(), style);
    let readme = fs::read_to_string(repository().join("README.md")).expect("the README");
    assert!(readme.contains(printed.trim_end()), "{printed}");
}

/// Knative gives a revision up that was not ready in its time, and the same source is the same revision.
#[tokio::test(start_paused = true)]
async fn a_revision_that_failed_is_tried_again() {
    let Some(cluster) = place() else { return };
    cluster.hang("shop", "search", Hang::NeverReady);
    let release = shop().release();
    let failed = deploy_with(&cluster, &release, &hasty(), &Told::default()).await;
    failed.expect_err("it hangs");
    cluster.mend("shop", "search");
    cluster.settle();
    let told = Told::default();
    let done = deploy_with(&cluster, &release, &hasty(), &told).await;
    done.unwrap_or_else(|problems| panic!("{}", words(&problems)));
    let told = told.text();
    assert!(
        told.contains("Knative Service search: its revision search-"),
        "{told}"
    );
    assert!(
        !told.contains("Knative Service shop: its revision"),
        "{told}"
    );
}

/// KEDA does not say of which generation its conditions are: for a moment those of the one before are still there.
#[tokio::test(start_paused = true)]
async fn a_changed_autoscaler_is_ready_when_it_stays_so() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    let start = tokio::time::Instant::now();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    assert_eq!(
        start.elapsed(),
        Duration::ZERO,
        "what did not change is not waited for"
    );
    shop.awake("charge");
    let (release, options, told) = (shop.release(), hasty(), Told::default());
    let (deployed, ()) = tokio::join!(deploy_with(&cluster, &release, &options, &told), async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let object = cluster.get("keda.sh/v1alpha1", "ScaledObject", "shop", "charge");
        let mut object = object.expect("there");
        let conditions = object["status"]["conditions"].as_array_mut();
        for condition in conditions.expect("conditions") {
            if condition["type"] == "Ready" {
                condition["status"] = "False".into();
                condition["message"] = "error parsing nats metadata".into();
            }
        }
        cluster.put(object);
    });
    let said = words(&deployed.expect_err("KEDA refuses it"));
    assert!(
        said.contains("ScaledObject charge does not come up: error parsing nats metadata"),
        "{said}"
    );
}
