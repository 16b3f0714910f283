//! Workloads that do not come up, and what a person is told of them.

use std::collections::BTreeMap;

use serde_json::json;

use crate::application::made_up;
use crate::place::Place;

pub(super) async fn image(place: &mut Place) {
    let arguments = [
        "deploy",
        "examples/shop",
        "--image",
        &made_up(0xdead),
        "--timeout",
        "60s",
    ];
    let done = place.cloudc(&arguments).await.with(1);
    done.says(&["CC807", "does not come up", "cannot be pulled"]);
    place.deploy(&[]).await.with(0);
}

pub(super) async fn image_of_the_broker(place: &mut Place) {
    let right = place
        .image_of(("apps/v1", "StatefulSet"), "shop-nats")
        .await;
    place.application.image_of_the_broker("nats:0.0.0");
    let done = place.deploy(&["--timeout", "90s"]).await.with(1);
    done.says(&[
        "CC807",
        "StatefulSet shop-nats does not come up",
        "nats:0.0.0",
    ]);
    place.application.image_of_the_broker(&right);
    place.deploy(&[]).await.with(0);
}

pub(super) async fn unscheduled(place: &mut Place) {
    place.application.memory_of_search(Some("8Ti"));
    let done = place.deploy(&["--timeout", "60s"]).await.with(1);
    done.says(&[
        "CC807",
        "Knative Service search does not come up: no node for its pod",
        "Insufficient memory",
    ]);
    well_again(place).await;
}

pub(super) async fn quota(place: &mut Place) {
    let name = "nothing-more";
    let quota = ("v1", "ResourceQuota");
    let none = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, "spec": {"hard": {"requests.memory": "1Mi"}},
    });
    place.apply_as("somebody", none).await;
    // From then on it is heeded.
    place
        .until("the quota is counted", async || {
            let quota = place.get(quota, name).await;
            !quota["status"]["used"].is_null()
        })
        .await;
    place.application.memory_of_search(Some("72Mi"));
    let done = place.deploy(&["--timeout", "60s"]).await.with(1);
    done.says(&["CC807", "exceeded quota", name]);
    place.delete(quota, name).await;
    well_again(place).await;
}

/// With so little memory nothing runs.
pub(super) async fn program(place: &mut Place) {
    place.application.memory_of_search(Some("1Mi"));
    let done = place.deploy(&["--timeout", "60s"]).await.with(1);
    done.says(&["CC807", "Knative Service search does not come up: its "]);
    well_again(place).await;
}

pub(super) async fn not_waited_for(place: &mut Place) {
    place.application.memory_of_search(Some("80Mi"));
    let before = lasting(place).await;
    let done = place.deploy(&["--no-wait"]).await.with(0);
    done.says_not("Knative Service search: ready");
    let changed = lasting(place).await;
    assert_ne!(changed, before);
    place
        .deploy(&[])
        .await
        .with(0)
        .says(&["Knative Service search: ready"]);
    assert_eq!(lasting(place).await, changed, "all of it was applied");
    well_again(place).await;
}

/// All but the Jobs: the one before stays as long as nobody waits, and one that failed is made anew.
async fn lasting(place: &Place) -> BTreeMap<String, String> {
    let mut versions = place.versions().await;
    versions.retain(|name, _| !name.starts_with("Job "));
    versions
}

/// What was wrong is mended, and the next deploy comes up.
async fn well_again(place: &mut Place) {
    place.application.memory_of_search(None);
    place.deploy(&[]).await.with(0);
}
