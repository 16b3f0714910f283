//! Two deploys at once.

use super::*;
use crate::apiserver::{Hang, Trouble};

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

/// A deploy that waits for a workload, while this happens to it after half a minute: what is said, and when that was.
async fn interrupted(cluster: &Cluster, what: impl FnOnce()) -> (String, Duration) {
    cluster.hang("shop", "charge", Hang::NeverReady);
    let release = shop().release();
    let start = tokio::time::Instant::now();
    let (done, ()) = tokio::join!(deploy(cluster, &release), async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        what();
    });
    let after = start.elapsed().saturating_sub(Duration::from_secs(30));
    (words(&done.expect_err("it ends")), after)
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_cannot_be_renewed_is_lost_before_another_may_have_it() {
    let Some(cluster) = place() else { return };
    let stalled = || cluster.always("*", "*/leases/cloudc-shop", Trouble::Stall);
    let (said, after) = interrupted(&cluster, stalled).await;
    assert!(
        said.contains("CC806 the Lease could not be renewed in time"),
        "{said}"
    );
    // It was renewed in the last five seconds, and giving it back is tried for as long.
    assert!(
        after < Duration::from_secs(15) + Duration::from_secs(5),
        "{after:?}"
    );
    let wrote = |entry: &&Entry| entry.writes() && !is_lease(entry);
    cluster.heal();
    cluster.forget();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(cluster.history().iter().filter(wrote).count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_may_not_be_renewed_says_so() {
    let Some(cluster) = place() else { return };
    let denied = || cluster.deny("update", "leases.coordination.k8s.io");
    let (said, _) = interrupted(&cluster, denied).await;
    assert!(said.contains("CC803 cannot renew the Lease: "), "{said}");
}

#[tokio::test(start_paused = true)]
async fn one_renewal_that_is_late_is_not_even_noticed() {
    let Some(cluster) = place() else { return };
    cluster.hang("shop", "charge", Hang::NeverReady);
    cluster.on("PUT", "*/leases/cloudc-shop", 3, Trouble::Stall);
    let release = shop().release();
    let (done, ()) = tokio::join!(deploy(&cluster, &release), async {
        tokio::time::sleep(Duration::from_secs(120)).await;
        cluster.mend("shop", "charge");
        cluster.settle();
    });
    done.expect("deployed");
    let history = cluster.history();
    let renewals = history
        .iter()
        .filter(|entry| entry.method == "PUT" && is_lease(entry));
    assert!(renewals.count() > 15, "it goes on being renewed");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_time_does_not_cost_the_lease() {
    let Some(cluster) = place() else { return };
    // Longer than a Lease holds that is not renewed.
    let busy = Trouble::too_many_requests(20);
    for (method, path) in [("POST", "*/leases"), ("PUT", "*/leases/*")] {
        cluster.on(method, path, 1, busy.clone());
        let done = deploy(&cluster, &shop().release()).await;
        done.unwrap_or_else(|problems| panic!("{method}: {}", words(&problems)));
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_told_to_stop_gives_the_lease_back() {
    let Some(cluster) = place() else { return };
    cluster.hang("shop", "charge", Hang::NeverReady);
    let release = shop().release();
    let stopped = options();
    assert!(
        !stopped.stop.is_heard(),
        "there is nothing to give back yet"
    );
    let quiet = Told::default();
    let (done, ()) = tokio::join!(deploy_with(&cluster, &release, &stopped, &quiet), async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        assert!(stopped.stop.is_heard(), "it holds the Lease");
        stopped.stop.now();
    });
    let said = words(&done.expect_err("stopped"));
    assert!(said.contains("CC806 stopped"), "{said}");
    let lease = cluster
        .get("coordination.k8s.io/v1", "Lease", "shop", "cloudc-shop")
        .expect("a Lease");
    assert!(lease["spec"]["holderIdentity"].is_null(), "{lease}");
    cluster.mend("shop", "charge");
    cluster.settle();
    let told = Told::default();
    deploy_with(&cluster, &release, &options(), &told)
        .await
        .expect("went on");
    assert!(!told.text().contains("waiting:"), "{}", told.text());
}
