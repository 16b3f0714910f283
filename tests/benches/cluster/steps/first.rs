//! From nothing to a running shop, and once more.

use crate::place::Place;
use crate::reading::{KNATIVE_SERVICE, SCALED_OBJECT, is_ready, text};

pub(super) async fn deploy(place: &mut Place) {
    assert!(!place.is_there().await, "the namespace is there already");
    let done = place.deploy(&[]).await.with(0);
    done.says(&[
        "made Secret charge-nats",
        "Knative Service shop: ready",
        "deployed shop as release 1",
    ]);
    for service in ["shop", "search"] {
        let service = place.get(KNATIVE_SERVICE, service).await;
        assert!(is_ready(&service), "{:#?}", service["status"]);
        assert!(
            text(&service, "/status/url").starts_with("http"),
            "it has an address"
        );
    }
    for consumer in ["charge", "restock", "write-receipts"] {
        place.get(SCALED_OBJECT, consumer).await;
    }
    let claims = place.names(("v1", "PersistentVolumeClaim")).await;
    assert_eq!(claims, ["data-shop-nats-0"]);
}

pub(super) async fn again(place: &mut Place) {
    let before = place.versions().await;
    let done = place.deploy(&[]).await.with(0);
    // What controllers made of its objects has their labels, and is none of them.
    done.says(&["deployed shop as release 1"])
        .says_not("which left the application");
    assert_eq!(place.versions().await, before);
    // Without a registry no image that could be built is the one that runs.
    let arguments: &[&str] = if place.application.has_registry() {
        &[]
    } else {
        &["--no-image"]
    };
    let diff = [&["diff", "examples/shop"], arguments].concat();
    place
        .cloudc(&diff)
        .await
        .with(0)
        .says(&["nothing would change"]);
    assert_eq!(place.versions().await, before, "a look changes nothing");
}
