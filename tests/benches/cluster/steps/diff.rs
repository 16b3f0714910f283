//! What a deploy would change.

use crate::place::Place;

pub(super) async fn change(place: &mut Place) {
    let before = place.versions().await;
    place.application.memory_of_charge("192Mi");
    let done = place
        .cloudc(&["diff", "examples/shop", "--no-image"])
        .await
        .with(2);
    done.says(&[
        "charge: memory 128Mi → 192Mi",
        "--- Deployment charge",
        "+            memory: 192Mi",
    ]);
    assert_eq!(place.versions().await, before, "a look changes nothing");
    place
        .deploy(&["--dry-run"])
        .await
        .with(0)
        .says(&["charge: memory 128Mi → 192Mi", "nothing was changed"]);
    assert_eq!(place.versions().await, before, "a dry run changes nothing");
    place.deploy(&[]).await.with(0);
}
