//! Two deploys at once.

use super::*;
use crate::apiserver::Hang;

#[tokio::test(start_paused = true)]
async fn the_second_waits_and_is_told_for_whom() {
    let Some(cluster) = place() else { return };
    let mut shop = shop();
    let first = shop.release();
    shop.image('2');
    let second = shop.release();
    let told = Told::default();
    let by = |name: &str| Options {
        holder: name.to_owned(),
        ..options()
    };
    let (a, b) = (by("anna@laptop"), by("ci@runner"));
    let quiet = Told::default();
    cluster.hang("shop", "charge", Hang::NeverReady);
    let (one, other, ()) = tokio::join!(
        deploy_with(&cluster, &first, &a, &quiet),
        async {
            tokio::time::sleep(Duration::from_secs(20)).await;
            deploy_with(&cluster, &second, &b, &told).await
        },
        async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            cluster.mend("shop", "charge");
            cluster.settle();
        },
    );
    let numbers = [
        one.expect("deployed").number,
        other.expect("deployed").number,
    ];
    assert_eq!(numbers, [1, 2]);
    assert!(
        told.text()
            .contains("waiting: anna@laptop deploys shop since"),
        "{}",
        told.text()
    );
    let lease = cluster
        .get("coordination.k8s.io/v1", "Lease", "shop", "cloudc-shop")
        .expect("a Lease");
    assert!(
        lease["spec"]["holderIdentity"].is_null(),
        "it is given back: {lease}"
    );
}

#[tokio::test(start_paused = true)]
async fn one_that_may_not_wait_longer_is_told_who_deploys() {
    let Some(cluster) = place() else { return };
    cluster.hang("shop", "charge", Hang::NeverReady);
    let release = shop().release();
    let long = Options {
        holder: "anna@laptop".to_owned(),
        ..options()
    };
    let quiet = Told::default();
    let (one, other) = tokio::join!(deploy_with(&cluster, &release, &long, &quiet), async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        deploy_with(&cluster, &release, &hasty(), &Told::default()).await
    });
    assert!(one.is_err(), "it hangs");
    let said = words(&other.expect_err("busy"));
    assert!(said.contains("CC806 anna@laptop deploys shop"), "{said}");
}
