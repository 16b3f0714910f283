//! A part of the requests for the new release.

use cloudc_compiler::cluster::Canary;
use cloudc_compiler::config::Settings;
use serde_json::json;

use super::refused::refused_with;
use super::*;
use crate::apiserver::Hang;

/// The shop and a week later: another program, a service with more memory, and a consumer with more.
fn next(shop: &mut Shop) -> (Release, Canary) {
    let old = shop.release();
    shop.image('2');
    shop.memory("shop", "512Mi");
    shop.memory("charge", "512Mi");
    let beside = shop.release_with(&Settings {
        running: Some(old.permissions),
        ..shop.settings.clone()
    });
    (
        shop.release(),
        Canary {
            percent: 10,
            beside,
        },
    )
}

async fn canary(
    cluster: &Cluster,
    release: &Release,
    canary: &Canary,
) -> Result<Outcome, Problems> {
    let told = Told::default();
    let tell = |event| told.hear(event);
    cluster::deploy(&cluster.client(), release, Some(canary), &options(), &tell).await
}

fn traffic(cluster: &Cluster, service: &str) -> Value {
    let service = cluster
        .get("serving.knative.dev/v1", "Service", "shop", service)
        .expect("a service");
    service["spec"]["traffic"].clone()
}

fn memory(cluster: &Cluster, name: &str) -> Value {
    let deployment = cluster
        .get("apps/v1", "Deployment", "shop", name)
        .expect("a Deployment");
    deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["memory"]
        .clone()
}

#[tokio::test(start_paused = true)]
async fn ten_of_a_hundred_requests_go_to_the_new_revision() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    let old = shop.release();
    deploy(&cluster, &old).await.expect("deployed");
    let (new, beside) = next(&mut shop);
    let outcome = canary(&cluster, &new, &beside).await.expect("shared");
    assert_eq!(outcome.shares.len(), 2, "both services have another image");
    let share = outcome
        .shares
        .iter()
        .find(|share| share.service == "shop")
        .expect("the shop's");
    assert_ne!(share.stable, share.canary);
    let expected = json!([
        {"revisionName": share.stable, "percent": 90, "tag": "stable"},
        {"revisionName": share.canary, "percent": 10, "tag": "canary"},
    ]);
    let found = traffic(&cluster, "shop");
    for (found, expected) in found
        .as_array()
        .expect("targets")
        .iter()
        .zip(expected.as_array().expect("two"))
    {
        for key in ["revisionName", "percent", "tag"] {
            assert_eq!(found[key], expected[key], "{found}");
        }
    }
    assert_eq!(
        memory(&cluster, "charge"),
        "128Mi",
        "queue functions follow at the promotion"
    );
}

#[tokio::test(start_paused = true)]
async fn a_promotion_gives_it_all_of_them_and_brings_the_queue_functions() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    let (new, beside) = next(&mut shop);
    let shares = canary(&cluster, &new, &beside)
        .await
        .expect("shared")
        .shares;
    let told = Told::default();
    let tell = |event| told.hear(event);
    cluster::promote(&cluster.client(), "shop", "shop", &options(), &tell)
        .await
        .expect("promoted");
    let targets = traffic(&cluster, "shop");
    assert_eq!(targets.as_array().map(Vec::len), Some(1), "{targets}");
    assert_eq!(
        (&targets[0]["latestRevision"], &targets[0]["percent"]),
        (&json!(true), &json!(100))
    );
    let service = cluster
        .get("serving.knative.dev/v1", "Service", "shop", "shop")
        .expect("a service");
    let share = shares
        .iter()
        .find(|share| share.service == "shop")
        .expect("the shop's");
    assert_eq!(
        service["spec"]["template"]["metadata"]["name"],
        share.canary.as_str(),
        "no third revision"
    );
    assert_eq!(memory(&cluster, "charge"), "512Mi");
    let again = cluster::promote(&cluster.client(), "shop", "shop", &options(), &tell).await;
    let said = words(&again.expect_err("there is none"));
    assert!(
        said.contains("CC809 shop has no canary to promote"),
        "{said}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_rollback_takes_the_canary_back() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    let before = everything(&cluster);
    let (new, beside) = next(&mut shop);
    canary(&cluster, &new, &beside).await.expect("shared");
    let told = Told::default();
    let tell = |event| told.hear(event);
    cluster::rollback(&cluster.client(), "shop", "shop", None, &options(), &tell)
        .await
        .expect("undone");
    let without_records = |objects: Vec<Value>| -> Vec<Value> {
        let is_record =
            |object: &Value| object["metadata"]["labels"]["cloudc.dev/release"].is_string();
        objects
            .into_iter()
            .filter(|object| !is_record(object))
            .collect()
    };
    assert_same(
        without_records(everything(&cluster)),
        without_records(before),
        "after the rollback",
    );
    let record = cluster
        .get("v1", "ConfigMap", "shop", "cloudc-shop-2")
        .expect("the canary's");
    assert_eq!(
        record["metadata"]["annotations"]["cloudc.dev/status"],
        "undone"
    );
}

#[tokio::test(start_paused = true)]
async fn a_canary_needs_something_to_stand_beside() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    let (new, beside) = next(&mut shop);
    let said = words(
        &canary(&cluster, &new, &beside)
            .await
            .expect_err("nothing there"),
    );
    assert!(
        said.contains("CC809 there is nothing for a canary to stand beside"),
        "{said}"
    );
    assert_eq!(writes(&cluster), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_canary_moves_no_queue_to_another_function() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    cluster.forget();
    shop.image('2');
    let mut release = shop.release();
    let functions = release.graph["functions"].as_array_mut();
    let charge = functions
        .into_iter()
        .flatten()
        .find(|one| one["name"] == "charge");
    charge.expect("a function")["name"] = "collect".into();
    let alone = Canary {
        percent: 10,
        beside: release.clone(),
    };
    let said = refused_with(&cluster, &release, Some(&alone), &options()).await;
    assert!(
        said.contains(
            "CC804 the queue `orders` would be consumed by `collect` and not by `charge`"
        ),
        "{said}"
    );
    assert_eq!(writes(&cluster), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_canary_needs_something_to_share() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    let old = shop.release();
    deploy(&cluster, &old).await.expect("deployed");
    shop.memory("charge", "512Mi");
    let beside = shop.release_with(&Settings {
        running: Some(old.permissions),
        ..shop.settings.clone()
    });
    let alone = Canary {
        percent: 10,
        beside,
    };
    let said = refused_with(&cluster, &shop.release(), Some(&alone), &options()).await;
    assert!(said.contains("CC809 there is nothing to share"), "{said}");
    deploy(&cluster, &shop.release())
        .await
        .expect("no canary is open");
}

#[tokio::test(start_paused = true)]
async fn after_a_rotation_the_new_revision_has_the_name_that_is_told() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    let old = shop.release();
    deploy(&cluster, &old).await.expect("deployed");
    let rotate = Options {
        rotate: vec!["shop".to_owned()],
        ..options()
    };
    deploy_with(&cluster, &old, &rotate, &Told::default())
        .await
        .expect("rotated");
    let (new, beside) = next(&mut shop);
    let outcome = canary(&cluster, &new, &beside).await.expect("shared");
    assert_eq!(outcome.shares.len(), 2);
    let rotated = |service: &str| {
        let service = cluster.get("serving.knative.dev/v1", "Service", "shop", service);
        let template = service.expect("there")["spec"]["template"].clone();
        template["metadata"]["annotations"]["cloudc.dev/rotated"].is_string()
    };
    assert!(rotated("shop") && !rotated("search"));
    for share in outcome.shares {
        for revision in [&share.stable, &share.canary] {
            let found = cluster.get("serving.knative.dev/v1", "Revision", "shop", revision);
            assert!(found.is_some(), "{revision} of {share:?}");
        }
        let service = cluster.get("serving.knative.dev/v1", "Service", "shop", &share.service);
        let service = service.expect("there");
        assert_eq!(
            service["spec"]["template"]["metadata"]["name"],
            share.canary.as_str()
        );
        assert_eq!(
            traffic(&cluster, &share.service)[1]["revisionName"],
            share.canary.as_str()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_old_revision_keeps_its_rights() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    let old = shop.release();
    deploy(&cluster, &old).await.expect("deployed");
    shop.without_restocking();
    shop.image('2');
    let beside = shop.release_with(&Settings {
        running: Some(old.permissions.clone()),
        ..shop.settings.clone()
    });
    let new = shop.release();
    canary(
        &cluster,
        &new,
        &Canary {
            percent: 50,
            beside,
        },
    )
    .await
    .expect("shared");
    let configurations = cluster.list("v1", "ConfigMap", "shop");
    let server = cluster
        .get("apps/v1", "StatefulSet", "shop", "shop-nats")
        .expect("the broker");
    let mounted = server["spec"]["template"]["spec"]["volumes"]
        .as_array()
        .and_then(|volumes| {
            volumes
                .iter()
                .find_map(|volume| volume["configMap"]["name"].as_str())
        })
        .expect("a configuration");
    let text = configurations
        .iter()
        .find(|map| map["metadata"]["name"] == mounted)
        .and_then(|map| map["data"]["nats.conf"].as_str())
        .expect("a text");
    assert!(
        text.contains("$JS.API.CONSUMER.MSG.NEXT.shop-restock-requests.restock"),
        "restock still runs"
    );
    assert!(names(&cluster, "apps/v1", "Deployment").contains(&"restock".to_owned()));
    let users = cluster
        .get("v1", "Secret", "shop", "shop-nats-users")
        .expect("there");
    assert!(users["data"]["restock"].is_string(), "and is still known");
}

#[tokio::test(start_paused = true)]
async fn another_release_waits_until_the_canary_is_decided() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    let (new, beside) = next(&mut shop);
    canary(&cluster, &new, &beside).await.expect("shared");
    shop.image('3');
    let said = words(&deploy(&cluster, &shop.release()).await.expect_err("open"));
    assert!(
        said.contains("CC806 release 2 of shop is a canary"),
        "{said}"
    );
    deploy(&cluster, &new)
        .await
        .expect("the canary itself may go on");
}

async fn promote(cluster: &Cluster, options: &Options) -> Result<Outcome, Problems> {
    let told = Told::default();
    let tell = |event| told.hear(event);
    cluster::promote(&cluster.client(), "shop", "shop", options, &tell).await
}

async fn rollback(cluster: &Cluster) -> Result<Outcome, Problems> {
    let told = Told::default();
    let tell = |event| told.hear(event);
    cluster::rollback(&cluster.client(), "shop", "shop", None, &options(), &tell).await
}

fn status(cluster: &Cluster, number: u32) -> Value {
    let name = format!("cloudc-shop-{number}");
    let record = cluster.get("v1", "ConfigMap", "shop", &name);
    record.expect("a record")["metadata"]["annotations"]["cloudc.dev/status"].clone()
}

/// A canary whose promotion was dropped half-way, as with a Ctrl-C, or did not come to its end in time.
async fn half_promoted(shop: &mut Shop, dropped: bool) -> Option<Cluster> {
    let cluster = place()?;
    shop.awake("charge");
    deploy(&cluster, &shop.release()).await.expect("deployed");
    let (new, beside) = next(shop);
    canary(&cluster, &new, &beside).await.expect("shared");
    cluster.hang("shop", "charge", Hang::NeverReady);
    if dropped {
        let options = options();
        let cut = promote(&cluster, &options);
        let cut = tokio::time::timeout(Duration::from_secs(30), cut).await;
        assert!(cut.is_err(), "it waits");
        assert_eq!(status(&cluster, 2), "applying");
    } else {
        promote(&cluster, &hasty()).await.expect_err("it hangs");
        assert_eq!(status(&cluster, 2), "failed");
    }
    // It is still open.
    shop.image('3');
    let said = words(&deploy(&cluster, &shop.release()).await.expect_err("open"));
    assert!(
        said.contains("CC806 release 2 of shop is a canary"),
        "{said}"
    );
    cluster.mend("shop", "charge");
    cluster.settle();
    Some(cluster)
}

#[tokio::test(start_paused = true)]
async fn a_promotion_that_was_cut_off_is_gone_on_with() {
    for dropped in [false, true] {
        let Some(cluster) = half_promoted(&mut shop(), dropped).await else {
            return;
        };
        let outcome = promote(&cluster, &options()).await.expect("promoted");
        assert_eq!(outcome.number, 2);
        assert_eq!(memory(&cluster, "charge"), "512Mi");
        assert_eq!(status(&cluster, 2), "deployed");
        let again = words(&promote(&cluster, &options()).await.expect_err("done"));
        assert!(again.contains("shop has no canary to promote"), "{again}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_promotion_that_was_cut_off_can_be_taken_back() {
    for dropped in [false, true] {
        let mut shop = shop();
        let Some(cluster) = half_promoted(&mut shop, dropped).await else {
            return;
        };
        rollback(&cluster).await.expect("back");
        assert_eq!(memory(&cluster, "charge"), "128Mi");
        assert_eq!(status(&cluster, 2), "undone");
        deploy(&cluster, &shop.release())
            .await
            .expect("nothing is open");
    }
}

#[tokio::test(start_paused = true)]
async fn a_canary_that_did_not_come_up_is_taken_back_and_not_promoted() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    deploy(&cluster, &shop.release()).await.expect("deployed");
    let (new, beside) = next(&mut shop);
    cluster.hang("shop", "shop", Hang::NeverReady);
    let told = Told::default();
    let tell = |event| told.hear(event);
    let client = cluster.client();
    let done = cluster::deploy(&client, &new, Some(&beside), &hasty(), &tell).await;
    done.expect_err("it hangs");
    let said = words(&promote(&cluster, &options()).await.expect_err("it is down"));
    assert!(
        said.contains("CC809 release 2 of shop is a canary that did not come up"),
        "{said}"
    );
    shop.image('3');
    let said = words(&deploy(&cluster, &shop.release()).await.expect_err("open"));
    assert!(said.contains("CC806"), "{said}");
    rollback(&cluster).await.expect("back");
    assert_eq!(status(&cluster, 2), "undone");
    let targets = traffic(&cluster, "shop");
    assert_eq!(targets.as_array().map(Vec::len), Some(1), "{targets}");
}
