//! The smallest application, on Kubernetes alone.

use crate::application::made_up;
use crate::place::Place;
use crate::reading::{KNATIVE_SERVICE, SCALED_OBJECT};

pub(super) async fn deploy(place: &mut Place) {
    let digest = made_up(1);
    let image: &[&str] = if place.application.has_registry() {
        &[]
    } else {
        &["--image", &digest]
    };
    let deploy = [&["deploy", "examples/hello"], image].concat();
    place
        .cloudc(&deploy)
        .await
        .with(0)
        .says(&["Deployment hello: ready", "deployed hello as release 1"]);
    let hello = place.get(("apps/v1", "Deployment"), "hello").await;
    assert!(
        hello["status"]["availableReplicas"].as_u64() >= Some(1),
        "{hello:#}"
    );
    for kind in [KNATIVE_SERVICE, SCALED_OBJECT] {
        assert_eq!(place.names(kind).await, Vec::<String>::new(), "{kind:?}");
    }
    let before = place.versions().await;
    place.cloudc(&deploy).await.with(0);
    assert_eq!(place.versions().await, before);
    place
        .cloudc(&["destroy", "examples/hello", "--yes"])
        .await
        .with(0)
        .says(&["deleted the namespace"]);
    place
        .until("the namespace is gone", async || !place.is_there().await)
        .await;
}
