//! Deploys that are cut off, and deploys that meet.

use std::time::Duration;

use crate::place::Place;
use crate::reading::text;

const LEASE: (&str, &str) = ("coordination.k8s.io/v1", "Lease");

pub(super) async fn interrupted(place: &mut Place) {
    place.application.another_program();
    let deploy = place.start_deploy(&[]);
    let before = place.image_of(("apps/v1", "Deployment"), "charge").await;
    under_way(place).await;
    deploy.interrupt();
    deploy
        .end()
        .await
        .with(1)
        .says(&["stopped", "run the command again to go on"]);
    assert_eq!(
        place.image_of(("apps/v1", "Deployment"), "charge").await,
        before,
        "it was not through"
    );
    assert_eq!(holder(place).await, "", "the Lease is given back");
    place.deploy(&[]).await.with(0);
    assert_ne!(
        place.image_of(("apps/v1", "Deployment"), "charge").await,
        before
    );
    let versions = place.versions().await;
    place.deploy(&[]).await.with(0);
    assert_eq!(place.versions().await, versions, "nothing was left to do");
}

pub(super) async fn at_once(place: &mut Place) {
    place.application.another_program();
    let one = place.start_deploy(&[]);
    under_way(place).await;
    let other = place.start_deploy(&[]);
    let (one, other) = tokio::join!(one.end(), other.end());
    one.with(0);
    other.with(0).says(&["waiting:", "deploys shop since"]);
    assert_eq!(holder(place).await, "", "the Lease is given back");
}

/// Waits until a deploy has begun to change things.
async fn under_way(place: &Place) {
    // Looked for often, as it may be short.
    let waiting = async {
        while holder(place).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(1200), waiting).await;
    assert!(waited.is_ok(), "it never begins");
}

async fn holder(place: &Place) -> String {
    let lease = place.get(LEASE, "cloudc-shop").await;
    text(&lease, "/spec/holderIdentity").to_owned()
}
