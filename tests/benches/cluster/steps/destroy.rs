//! Taking it all down.

use super::prune::somebodys;
use crate::place::Place;
use crate::reading::{KNATIVE_SERVICE, SCALED_OBJECT, text};

const CLAIM: (&str, &str) = ("v1", "PersistentVolumeClaim");

pub(super) async fn keeps(place: &mut Place) {
    somebodys(place).await;
    let volume = place.get(CLAIM, "data-shop-nats-0").await;
    place
        .cloudc(&["destroy", "examples/shop"])
        .await
        .with(2)
        .says(&["--yes"]);
    place.get(("apps/v1", "Deployment"), "charge").await;
    let done = place
        .cloudc(&["destroy", "examples/shop", "--yes"])
        .await
        .with(0);
    done.says(&[
        "data-shop-nats-0 (--delete-data shop-nats)",
        "a volume is in it",
    ]);
    let kinds = [
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("coordination.k8s.io/v1", "Lease"),
        KNATIVE_SERVICE,
        SCALED_OBJECT,
    ];
    for kind in kinds {
        let nothing = async || place.names(kind).await.is_empty();
        place
            .until(&format!("there is no {}", kind.1), nothing)
            .await;
    }
    // Those that a test made are there still.
    assert_eq!(place.names(("v1", "Secret")).await, ["mine"]);
    let kept = place.get(CLAIM, "data-shop-nats-0").await;
    assert_eq!(text(&kept, "/metadata/uid"), text(&volume, "/metadata/uid"));
    for kind in ["ConfigMap", "Secret"] {
        place.delete(("v1", kind), "mine").await;
    }
}

pub(super) async fn everything(place: &mut Place) {
    let named = ["destroy", "examples/shop", "--yes", "--delete-data", "nats"];
    let done = place.cloudc(&named).await.with(0);
    done.says(&[
        "deleted the volume data-shop-nats-0",
        "deleted the namespace",
    ]);
    assert!(!place.is_there().await, "the namespace is there still");
    place
        .cloudc(&["destroy", "examples/shop", "--yes"])
        .await
        .with(1)
        .says(&["CC809"]);
}
