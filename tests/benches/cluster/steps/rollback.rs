//! Back to what ran before.

use crate::place::Place;
use crate::reading::KNATIVE_SERVICE;

const DEPLOYMENT: (&str, &str) = ("apps/v1", "Deployment");

pub(super) async fn before(place: &mut Place) {
    place.application.another_program();
    place.deploy(&[]).await.with(0);
    let before = images(place).await;
    place.application.another_program();
    place.deploy(&[]).await.with(0);
    let after = images(place).await;
    assert!(
        before
            .iter()
            .zip(&after)
            .all(|(before, after)| before != after),
        "{before:?} {after:?}"
    );
    place
        .cloudc(&["rollback", "examples/shop"])
        .await
        .with(0)
        .says(&["shop runs release"]);
    assert_eq!(images(place).await, before);
    // By its name alone, where the source is not at hand.
    let namespace = place.namespace.clone();
    place
        .cloudc(&["rollback", "--app", "shop", "--namespace", &namespace])
        .await
        .with(0);
    assert_eq!(images(place).await, after);
}

pub(super) async fn named(place: &mut Place) {
    let last = place.deploy(&[]).await.with(0).release();
    let images_of_last = images(place).await;
    for _ in 0..2 {
        place.application.another_program();
        place.deploy(&[]).await.with(0);
    }
    let known = ["rollback", "examples/shop", "--to"];
    let back = [&known[..], &[last.as_str()]].concat();
    place.cloudc(&back).await.with(0);
    assert_eq!(images(place).await, images_of_last);
    let nowhere = [&known[..], &["999"]].concat();
    place.cloudc(&nowhere).await.with(1).says(&["CC809", "999"]);
    assert_eq!(images(place).await, images_of_last);
    place.deploy(&[]).await.with(0);
}

async fn images(place: &Place) -> [String; 3] {
    [
        place.image_of(KNATIVE_SERVICE, "shop").await,
        place.image_of(DEPLOYMENT, "charge").await,
        place.image_of(DEPLOYMENT, "restock").await,
    ]
}
