//! Orders, from the request to the receipt.

use kube::api::ListParams;
use serde_json::{Value, json};

use crate::place::Place;
use crate::reading::{KNATIVE_SERVICE, text};

const JOB: (&str, &str) = ("batch/v1", "Job");
const SHELF: &str = "fill-the-shelf";

/// Waits until all sleeps, runs the schedule that fills the shelf, and orders.
pub(super) async fn wake(place: &mut Place) {
    for workload in ["shop", "charge", "restock", "write-receipts"] {
        place
            .until(&format!("{workload} sleeps"), async || {
                pods(place, workload).await == 0
            })
            .await;
    }
    // The shelf is empty: a run of the schedule asks for pieces, and a consumer brings them.
    let schedule = place.get(("batch/v1", "CronJob"), "find-shortages").await;
    let mut job = schedule["spec"]["jobTemplate"].clone();
    job["apiVersion"] = json!("batch/v1");
    job["kind"] = json!("Job");
    job["metadata"]["name"] = json!(SHELF);
    place.apply_as("somebody", job).await;
    let address = place.address("shop").await;
    place
        .until("there are bells", async || {
            let (_, said) = place
                .ask(&address, "GET", "/products/BELL-1", &Value::Null)
                .await;
            said.contains("\"available\":true")
        })
        .await;
    assert!(pods(place, "restock").await > 0, "a consumer woke up");
    place.delete(JOB, SHELF).await;
    let (receipts, mine) = (order(place, 3).await, place.application.thanks());
    assert!(
        receipts.iter().all(|receipt| receipt.ends_with(&mine)),
        "{mine} in {receipts:?}"
    );
    assert!(pods(place, "charge").await > 0, "another one did");
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
async fn pods(place: &Place, workload: &str) -> usize {
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
