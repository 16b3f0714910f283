//! What left the application goes, and nothing else.

use serde_json::json;

use super::orders::{pods, run};
use crate::place::Place;
use crate::reading::{SCALED_OBJECT, has_condition, is_ready, text};

/// Messages that nobody takes: with an empty cache the shelf is empty, so pieces are asked for, and their consumer is held back.
/// The broker starts anew as well: within ten minutes it takes no second message for the same product.
pub(super) async fn messages(place: &mut Place) {
    let pause = json!({
        "apiVersion": SCALED_OBJECT.0, "kind": SCALED_OBJECT.1,
        "metadata": {"name": "restock", "annotations": {"autoscaling.keda.sh/paused-replicas": "0"}},
    });
    place.apply_as("somebody", pause).await;
    place
        .until("restock is held back", async || {
            let scaled = place.get(SCALED_OBJECT, "restock").await;
            has_condition(&scaled, "Paused") && pods(place, "restock").await == 0
        })
        .await;
    for server in ["shop-valkey-0", "shop-nats-0"] {
        start_anew(place, server).await;
    }
    run(place, "find-shortages").await;
    let kept = place.application.without_restocking();
    place.deploy(&[]).await.with(0).says(&[
        "the queue `restock-requests` left the application, and its stream",
        "is kept: it holds",
        "--delete-data restock-requests",
    ]);
    place
        .deploy(&["--delete-data", "restock-requests"])
        .await
        .with(0)
        .says(&["deleted the stream shop-restock-requests"]);
    place.application.with_restocking(kept);
    place.deploy(&[]).await.with(0);
}

/// Deletes a server's pod, and waits for the next one.
async fn start_anew(place: &Place, name: &str) {
    let kind = ("v1", "Pod");
    let old = place.get(kind, name).await["metadata"]["uid"].clone();
    place.delete(kind, name).await;
    place
        .until(&format!("{name} is another one"), async || {
            place
                .find(kind, name)
                .await
                .is_some_and(|pod| pod["metadata"]["uid"] != old && is_ready(&pod))
        })
        .await;
}

/// Makes what is not the application's, though it has the labels that everybody may write.
pub(super) async fn somebodys(place: &Place) {
    let labels =
        json!({"app.kubernetes.io/managed-by": "cloudc", "app.kubernetes.io/part-of": "shop"});
    for kind in ["ConfigMap", "Secret"] {
        let foreign = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "mine", "labels": labels}});
        place.apply_as("somebody", foreign).await;
    }
}

pub(super) async fn restocking(place: &mut Place) {
    somebodys(place).await;
    let _ = place.application.without_restocking();
    let login = place.get(("v1", "Secret"), "restock-nats").await;
    let seed = text(&login, "/data/seed");
    assert!(!seed.is_empty());
    let arguments = ["diff", "examples/shop", "--no-image"];
    let shown = place.cloudc(&arguments).await.with(2);
    shown
        .says(&["--- Secret restock-nats (cluster)", "-  seed: <secret>"])
        .says_not(seed);
    let done = place.deploy(&[]).await.with(0);
    done.says(&[
        "deleted Deployment restock, which left the application",
        "deleted Secret restock-nats",
    ]);
    let account = ("v1", "ServiceAccount");
    for kind in [
        ("apps/v1", "Deployment"),
        SCALED_OBJECT,
        account,
        ("networking.k8s.io/v1", "NetworkPolicy"),
    ] {
        // What was deleted may wait for what it owns.
        place
            .until(&format!("there is no {} restock", kind.1), async || {
                place.find(kind, "restock").await.is_none()
            })
            .await;
        assert!(
            place.find(kind, "charge").await.is_some(),
            "the others stay: {kind:?}"
        );
    }
    let schedules = place.names(("batch/v1", "CronJob")).await;
    assert_eq!(schedules, ["refresh-prices"]);
    let secrets = place.names(("v1", "Secret")).await;
    assert!(
        !secrets.iter().any(|name| name.starts_with("restock-")),
        "{secrets:?}"
    );
    let users = place.get(("v1", "Secret"), "shop-nats-users").await;
    assert!(
        users["data"]["restock"].is_null() && users["data"]["charge"].is_string(),
        "the broker forgets its user"
    );
    for kind in ["ConfigMap", "Secret"] {
        place.get(("v1", kind), "mine").await;
    }
}
