//! The smallest application, as `cloudc new` makes it, on Kubernetes alone.

use cloudc_tests::app::App;

use super::destroy;
use crate::application::made_up;
use crate::place::Place;
use crate::reading::{KNATIVE_SERVICE, SCALED_OBJECT};

pub(super) async fn deploy(place: &mut Place) {
    // The shop, where the steps that take it down were left out.
    if place.is_there().await {
        destroy::everything(place).await;
    }
    let elsewhere = App::empty();
    let folder = elsewhere.path("hello").display().to_string();
    let runtime = place.application.path("runtime").display().to_string();
    place
        .cloudc(&["new", &folder, "--runtime", &runtime])
        .await
        .with(0);
    let settings = place.application.settings();
    elsewhere.write(
        "hello/cloudc.toml",
        format!("{settings}target = \"kubernetes\"\n"),
    );
    let digest = made_up(1);
    let image: &[&str] = if place.application.has_registry() {
        &[]
    } else {
        &["--image", &digest]
    };
    let deploy = [&["deploy", &folder], image].concat();
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
        .cloudc(&["destroy", &folder, "--yes"])
        .await
        .with(0)
        .says(&["deleted the namespace"]);
    place
        .until("the namespace is gone", async || !place.is_there().await)
        .await;
}
