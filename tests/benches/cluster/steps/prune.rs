//! What left the application goes, and nothing else.

use serde_json::json;

use crate::place::Place;
use crate::reading::SCALED_OBJECT;

pub(super) async fn restocking(place: &mut Place) {
    // With the label that everybody may write, and not in the set.
    let labels =
        json!({"app.kubernetes.io/managed-by": "cloudc", "app.kubernetes.io/part-of": "shop"});
    for kind in ["ConfigMap", "Secret"] {
        let foreign = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "mine", "labels": labels}});
        place.apply_as("somebody", foreign).await;
    }
    place.application.without_restocking();
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
