//! Orders, from the request to the receipt.

use kube::api::ListParams;
use serde_json::{Value, json};

use crate::place::Place;
use crate::reading::{KNATIVE_SERVICE, SCALED_OBJECT, text};

const JOB: (&str, &str) = ("batch/v1", "Job");

/// Waits until all sleeps, runs the schedule that fills the shelf, and orders.
pub(super) async fn wake(place: &mut Place) {
    for workload in ["shop", "charge", "restock", "write-receipts"] {
        place
            .until(&format!("{workload} sleeps"), async || {
                pods(place, workload).await == 0
            })
            .await;
    }
    fill(place).await;
    woke(place, "restock").await;
    let (receipts, mine) = (order(place, 3).await, place.application.thanks());
    assert!(
        receipts.iter().all(|receipt| receipt.ends_with(&mine)),
        "{mine} in {receipts:?}"
    );
    woke(place, "charge").await;
}

/// Sees that a consumer was woken up. It may sleep again by now: a schedule may have been the first to call it.
async fn woke(place: &Place, consumer: &str) {
    let scaled = place.get(SCALED_OBJECT, consumer).await;
    let last = text(&scaled, "/status/lastActiveTime");
    assert!(!last.is_empty(), "{consumer} was never active: {scaled}");
}

/// The caches are empty, as after each start of their server, and so is the shelf: runs of the schedules fetch prices and ask for
/// pieces, and a consumer brings them.
async fn fill(place: &mut Place) {
    for schedule in ["refresh-prices", "find-shortages"] {
        run(place, schedule).await;
    }
    let address = place.address("shop").await;
    place
        .until("there are bells", async || {
            let (status, said) = place
                .ask(&address, "GET", "/products/BELL-1", &Value::Null)
                .await;
            assert_ne!(status, 404, "{address} is not found by the ingress: {said}");
            said.contains("\"available\":true")
        })
        .await;
}

/// Runs a schedule now.
pub(super) async fn run(place: &mut Place, name: &str) {
    let schedule = place.get(("batch/v1", "CronJob"), name).await;
    let mut job = schedule["spec"]["jobTemplate"].clone();
    job["apiVersion"] = json!("batch/v1");
    job["kind"] = json!("Job");
    let name = format!("{name}-now");
    job["metadata"]["name"] = json!(name);
    place.apply_as("somebody", job).await;
    place
        .until(&format!("{name} is done"), async || {
            let job = place.get(JOB, &name).await;
            job["status"]["succeeded"] == 1
        })
        .await;
    place.delete(JOB, &name).await;
}

/// Orders are charged once the caches are full again.
pub(super) async fn after_a_rotation(place: &mut Place) {
    fill(place).await;
    order(place, 3).await;
}

/// Orders are charged.
pub(super) async fn flow(place: &mut Place) {
    order(place, 3).await;
}

/// Each revision answers at its own address, and orders are charged by the consumers that were there.
pub(super) async fn beside_a_canary(place: &mut Place) {
    let service = place.get(KNATIVE_SERVICE, "shop").await;
    for target in service["status"]["traffic"].as_array().expect("targets") {
        let address = text(target, "/url");
        let (status, said) = place
            .ask(address, "GET", "/products/BELL-1", &Value::Null)
            .await;
        assert_eq!(status, 200, "{target}: {said}");
    }
    let (receipts, new) = (order(place, 8).await, place.application.thanks());
    assert!(
        !receipts.iter().any(|receipt| receipt.ends_with(&new)),
        "{new} in {receipts:?}"
    );
}

/// Places orders; their receipts, which say what a bell costs.
async fn order(place: &Place, count: usize) -> Vec<String> {
    let receipts = place.order(count).await;
    assert!(
        receipts
            .iter()
            .all(|receipt| receipt.contains(": 1 pieces, 12.90 paid.")),
        "{receipts:?}"
    );
    receipts
}

/// How many pods a workload has.
pub(super) async fn pods(place: &Place, workload: &str) -> usize {
    let selector = ListParams::default().labels(&format!("app.kubernetes.io/instance={workload}"));
    let found = place
        .api(("v1", "Pod"))
        .list(&selector)
        .await
        .expect("an answer");
    found
        .items
        .iter()
        .filter(|pod| pod.metadata.deletion_timestamp.is_none())
        .count()
}
