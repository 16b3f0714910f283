//! Back to what ran before.

use super::*;
use crate::apiserver::Hang;

async fn back(cluster: &Cluster, to: Option<u32>) -> Result<Outcome, Problems> {
    let told = Told::default();
    let tell = |event| told.hear(event);
    cluster::rollback(&cluster.client(), "shop", "shop", to, &options(), &tell).await
}

fn image(cluster: &Cluster) -> String {
    let charge = cluster
        .get("apps/v1", "Deployment", "shop", "charge")
        .expect("there");
    let image = &charge["spec"]["template"]["spec"]["containers"][0]["image"];
    image.as_str().expect("an image").to_owned()
}

#[tokio::test(start_paused = true)]
async fn the_release_before_comes_back_with_its_image_and_all_that_it_had() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    let old = shop.release();
    deploy(&cluster, &old).await.expect("deployed");
    shop.without_restocking();
    shop.image('2');
    deploy(&cluster, &shop.release()).await.expect("deployed");
    assert!(image(&cluster).ends_with('2'));
    let outcome = back(&cluster, None).await.expect("back");
    assert_eq!(outcome.number, 3);
    assert_eq!(image(&cluster), old.image);
    assert!(names(&cluster, "apps/v1", "Deployment").contains(&"restock".to_owned()));
    back(&cluster, None).await.expect("and forth");
    assert!(image(&cluster).ends_with('2'));
}

/// Knative goes back to a revision only by the specification that it was made from.
#[tokio::test(start_paused = true)]
async fn the_release_before_comes_back_though_knative_has_other_defaults_by_now() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    shop.image('2');
    deploy(&cluster, &shop.release()).await.expect("deployed");
    cluster.idle_timeout(20);
    back(&cluster, None).await.expect("back");
    let service = cluster.get("serving.knative.dev/v1", "Service", "shop", "shop");
    let service = service.expect("there");
    assert_eq!(
        service["spec"]["template"]["spec"]["idleTimeoutSeconds"],
        20
    );
    let requests = cluster.history();
    let deleted = requests
        .iter()
        .filter(|entry| entry.line().starts_with("DELETE") && entry.path.contains("/revisions/"));
    assert_eq!(deleted.count(), 2, "the old revisions of both services");
}

#[tokio::test(start_paused = true)]
async fn a_deploy_that_failed_is_left_for_the_one_that_ran() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    let old = shop.release();
    deploy(&cluster, &old).await.expect("deployed");
    cluster.hang("shop", "shop", Hang::ImagePull("not found".to_owned()));
    shop.image('2');
    deploy_with(&cluster, &shop.release(), &hasty(), &Told::default())
        .await
        .expect_err("it hangs");
    cluster.mend("shop", "shop");
    back(&cluster, None).await.expect("back");
    assert_eq!(image(&cluster), old.image);
}

#[tokio::test(start_paused = true)]
async fn ten_releases_are_kept_and_named() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    for digit in "123456789abc".chars() {
        shop.image(digit);
        deploy(&cluster, &shop.release()).await.expect("deployed");
    }
    let maps = names(&cluster, "v1", "ConfigMap");
    let records = maps
        .iter()
        .filter(|name| name.starts_with("cloudc-shop-"))
        .count();
    assert_eq!(records, 10);
    back(&cluster, Some(4)).await.expect("back");
    assert!(image(&cluster).ends_with('4'));
    let said = words(&back(&cluster, Some(1)).await.expect_err("forgotten"));
    assert!(
        said.contains("CC809 shop has no release 1 to go back to"),
        "{said}"
    );
    assert!(said.contains("are kept: 4, 5"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn there_may_be_nothing_to_go_back_to() {
    let Some(cluster) = place() else { return };
    let said = words(&back(&cluster, None).await.expect_err("nothing"));
    assert!(
        said.contains("CC809 shop has no release to go back to"),
        "{said}"
    );
    deploy(&cluster, &shop().release()).await.expect("deployed");
    let said = words(&back(&cluster, None).await.expect_err("nothing before"));
    assert!(said.contains("CC809"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn attempts_that_failed_do_not_push_out_what_ran() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    let old = shop.release();
    deploy(&cluster, &old).await.expect("deployed");
    shop.image('2');
    deploy(&cluster, &shop.release()).await.expect("deployed");
    cluster.hang("shop", "shop", Hang::NeverReady);
    let at_once = Options {
        timeout: Duration::ZERO,
        ..options()
    };
    for digit in "3456789abcde".chars() {
        shop.image(digit);
        let done = deploy_with(&cluster, &shop.release(), &at_once, &Told::default()).await;
        done.expect_err("it hangs");
    }
    cluster.mend("shop", "shop");
    shop.image('f');
    deploy(&cluster, &shop.release()).await.expect("deployed");
    back(&cluster, Some(1)).await.expect("it is kept");
    assert_eq!(image(&cluster), old.image);
}

#[tokio::test(start_paused = true)]
async fn the_provisioner_runs_again_for_an_older_release() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    let old = shop.release();
    let job = old
        .keys()
        .find(|key| key.kind == "Job")
        .expect("a Job")
        .name;
    deploy(&cluster, &old).await.expect("deployed");
    let uid = || {
        cluster
            .get("batch/v1", "Job", "shop", &job)
            .map(|job| job["metadata"]["uid"].clone())
    };
    let first = uid();
    deploy(&cluster, &old).await.expect("the same again");
    assert_eq!(uid(), first, "there is nothing more to do");
    shop.memory("charge", "512Mi");
    deploy(&cluster, &shop.release()).await.expect("deployed");
    assert_ne!(uid(), first, "the broker is as the other release left it");
}

async fn back_with(cluster: &Cluster, options: &Options, told: &Told) -> Result<Outcome, Problems> {
    let tell = |event| told.hear(event);
    cluster::rollback(&cluster.client(), "shop", "shop", None, options, &tell).await
}

/// What was bad must not come back: the one that was left is still the newest that came to its end.
#[tokio::test(start_paused = true)]
async fn one_that_was_cut_off_is_gone_on_with() {
    for dropped in [false, true] {
        let Some(cluster) = place() else { return };
        let mut shop = shop();
        shop.awake("charge");
        let old = shop.release();
        deploy(&cluster, &old).await.expect("deployed");
        shop.image('2');
        deploy(&cluster, &shop.release()).await.expect("deployed");
        cluster.hang("shop", "charge", Hang::NeverReady);
        let quiet = Told::default();
        if dropped {
            let options = options();
            let cut = back_with(&cluster, &options, &quiet);
            let cut = tokio::time::timeout(Duration::from_secs(30), cut).await;
            assert!(cut.is_err(), "it waits");
        } else {
            let done = back_with(&cluster, &hasty(), &quiet).await;
            done.expect_err("it hangs");
            // Nor does an attempt to go on elsewhere change what was to be gone back to.
            shop.image('3');
            let done = deploy_with(&cluster, &shop.release(), &hasty(), &quiet).await;
            done.expect_err("it hangs");
        }
        cluster.mend("shop", "charge");
        cluster.settle();
        back(&cluster, None).await.expect("back");
        assert_eq!(image(&cluster), old.image);
        back(&cluster, None).await.expect("and forth");
        assert!(image(&cluster).ends_with('2'), "{}", image(&cluster));
    }
}

async fn remembered(cluster: &Cluster) -> Vec<Release> {
    let records = cluster::records(&cluster.client(), "shop", "shop").await;
    let records = records.expect("there are some");
    records.into_iter().map(|record| record.release).collect()
}

/// What the provisioner is told to delete.
fn retired(cluster: &Cluster) -> Option<String> {
    let jobs = cluster.list("batch/v1", "Job", "shop");
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    let env = &jobs[0]["spec"]["template"]["spec"]["containers"][0]["env"];
    let mut env = env.as_array().expect("variables").iter();
    let found = env.find(|variable| variable["name"] == "CLOUDC_RETIRED")?;
    found["value"].as_str().map(str::to_owned)
}

#[tokio::test(start_paused = true)]
async fn queues_that_leave_by_it_are_not_lost_sight_of() {
    let Some(cluster) = place() else { return };
    let (mut small, mut large) = (shop(), shop());
    small.without_restocking();
    large.image('2');
    deploy(&cluster, &small.release()).await.expect("deployed");
    deploy(&cluster, &large.release()).await.expect("deployed");
    let told = Told::default();
    back_with(&cluster, &options(), &told).await.expect("back");
    assert!(
        told.text()
            .contains("queue restock-requests left, and its messages are kept"),
        "{}",
        told.text()
    );
    let known = remembered(&cluster).await;
    let last = known.last().expect("the rollback's");
    assert_eq!(last.retired, ["restock-requests"]);
    // The rollback's own record is enough for the next deploy.
    let next = small.release_after(std::slice::from_ref(last), &[]);
    assert_eq!(next.origin(), last.origin());
    deploy(&cluster, &next).await.expect("deployed");
    assert_eq!(retired(&cluster).as_deref(), Some("restock-requests:dead"));
    // What is the same but for the queue that left is nothing to go back to.
    back(&cluster, None).await.expect("to the large one");
    assert!(image(&cluster).ends_with('2'), "{}", image(&cluster));
}

#[tokio::test(start_paused = true)]
async fn queues_of_a_deploy_that_failed_are_not_lost_sight_of() {
    let Some(cluster) = place() else { return };
    let (mut small, mut large) = (shop(), shop());
    small.without_restocking();
    large.image('2');
    deploy(&cluster, &small.release()).await.expect("deployed");
    cluster.hang("shop", "shop", Hang::NeverReady);
    let done = deploy_with(&cluster, &large.release(), &hasty(), &Told::default()).await;
    done.expect_err("it hangs");
    cluster.mend("shop", "shop");
    small.image('3');
    let next = small.release_after(&remembered(&cluster).await, &[]);
    deploy(&cluster, &next).await.expect("deployed");
    assert_eq!(retired(&cluster).as_deref(), Some("restock-requests:dead"));
}

#[tokio::test(start_paused = true)]
async fn data_that_was_to_be_deleted_once_is_kept_by_it() {
    let Some(cluster) = place() else { return };
    let (mut small, mut large) = (shop(), shop());
    small.without_restocking();
    deploy(&cluster, &large.release()).await.expect("deployed");
    let queue = "restock-requests";
    let named = Options {
        delete_data: vec![queue.to_owned()],
        ..options()
    };
    let without = small.release_after(&remembered(&cluster).await, &[queue]);
    deploy_with(&cluster, &without, &named, &Told::default())
        .await
        .expect("deployed");
    assert_eq!(
        retired(&cluster).as_deref(),
        Some("restock-requests:dead:delete")
    );
    // It is in use again.
    large.image('2');
    deploy(&cluster, &large.release()).await.expect("deployed");
    back(&cluster, None).await.expect("back");
    assert_eq!(retired(&cluster).as_deref(), Some("restock-requests:dead"));
    back(&cluster, None).await.expect("and forth");
    assert!(image(&cluster).ends_with('2'), "{}", image(&cluster));
}
