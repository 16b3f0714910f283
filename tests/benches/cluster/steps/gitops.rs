//! The manifests by `kubectl`, and the Secrets by `cloudc credentials`.

use crate::place::Place;
use crate::program::kubectl;
use crate::reading::{KNATIVE_SERVICE, is_ready};

pub(super) async fn apply(place: &mut Place) {
    let has_registry = place.application.has_registry();
    let image: &[&str] = if has_registry {
        &["--image", "--push"]
    } else {
        &[]
    };
    place
        .cloudc(&[&["build", "examples/shop"], image].concat())
        .await
        .with(0);
    let manifests = place
        .application
        .path("examples/shop/target/cloudc/default/manifests");
    let manifests = manifests.to_str().expect("UTF-8").to_owned();
    let kubectl = kubectl();
    let namespace = format!("{manifests}/namespace.yaml");
    place
        .other(&kubectl, &["apply", "-f", &namespace])
        .await
        .with(0);
    place
        .cloudc(&["credentials", "examples/shop"])
        .await
        .with(0)
        .says(&["made Secret charge-nats"]);
    let secrets = place.names(("v1", "Secret")).await;
    place
        .cloudc(&["credentials", "examples/shop"])
        .await
        .with(0);
    assert_eq!(place.names(("v1", "Secret")).await, secrets);
    place
        .other(&kubectl, &["apply", "-k", &manifests])
        .await
        .with(0);
    // Their pods start only with the Secrets.
    for server in ["shop-nats", "shop-valkey"] {
        let runs = async || {
            place.get(("apps/v1", "StatefulSet"), server).await["status"]["readyReplicas"] == 1
        };
        place.until(&format!("{server} runs"), runs).await;
    }
    if has_registry {
        let runs = async || is_ready(&place.get(KNATIVE_SERVICE, "shop").await);
        place.until("the shop is ready", runs).await;
    }
    place.clean().await.expect("the namespace goes");
}
