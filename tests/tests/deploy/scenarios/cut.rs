//! Whatever breaks off, a second run mends.

use super::destroy::{destroy, everything_named};
use super::*;
use crate::apiserver::Trouble;

/// A deploy of which every write from the nth on fails, then one that succeeds.
async fn cut(release: &Release, trouble: Trouble, nth: usize) -> Option<Cluster> {
    let cluster = place()?;
    cluster.on_from("PATCH", "*", nth, trouble);
    let first = deploy_with(&cluster, release, &hasty(), &Told::default()).await;
    assert!(first.is_err(), "the {nth}th write was cut");
    cluster.heal();
    deploy(&cluster, release).await.expect("mended");
    Some(cluster)
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_cut_in_the_middle_is_mended_by_a_second_run() {
    let Some(undisturbed) = place() else { return };
    let release = shop().release();
    deploy(&undisturbed, &release).await.expect("deployed");
    let history = undisturbed.history();
    let patches: Vec<&Entry> = history
        .iter()
        .filter(|entry| entry.method == "PATCH")
        .collect();
    // The first write, one in each phase whose objects need those before, and the note that it is done.
    let within = [
        "/namespaces/",
        "/secrets/shop-nats-users",
        "/serviceaccounts/charge",
        "/statefulsets/shop-nats",
        "/deployments/charge",
    ];
    let places = within.map(|part| patches.iter().position(|entry| entry.path.contains(part)));
    let last = patches
        .iter()
        .rposition(|entry| entry.path.ends_with("/configmaps/cloudc-shop-1"));
    for place in places.into_iter().chain([last]) {
        let nth = 1 + place.expect("there is such a write");
        for trouble in [Trouble::CutBefore, Trouble::CutAfter] {
            let Some(cluster) = cut(&release, trouble, nth).await else {
                return;
            };
            assert_same(
                everything(&cluster),
                everything(&undisturbed),
                &format!("cut at write {nth}"),
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_cut_is_not_even_noticed() {
    for trouble in [
        Trouble::CutBefore,
        Trouble::CutAfter,
        Trouble::internal(),
        Trouble::unavailable(),
    ] {
        let Some(cluster) = place() else { return };
        for path in [
            "*/deployments/charge",
            "*/secrets/shop-nats-users",
            "*/configmaps/cloudc-shop*",
            "*/jobs/*",
        ] {
            cluster.on("PATCH", path, 1, trouble.clone());
        }
        cluster.on("POST", "*/secrets", 1, trouble.clone());
        cluster.on("POST", "*/leases", 1, trouble.clone());
        deploy(&cluster, &shop().release())
            .await
            .expect("tried again");
        for path in ["*/leases/*", "*/configmaps/cloudc-shop*", "*/namespaces/*"] {
            cluster.on("DELETE", path, 1, trouble.clone());
        }
        cluster.on("PUT", "*/leases/*", 1, trouble.clone());
        destroy(&cluster, &everything_named())
            .await
            .expect("tried again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_server_is_given_the_time_that_it_asks_for() {
    let Some(cluster) = place() else { return };
    cluster.namespace("shop");
    cluster.on(
        "PATCH",
        "*/deployments/charge",
        1,
        Trouble::too_many_requests(20),
    );
    let start = tokio::time::Instant::now();
    deploy(&cluster, &shop().release())
        .await
        .expect("tried again");
    assert!(
        start.elapsed() >= Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
    let tries = cluster
        .history()
        .iter()
        .filter(|entry| entry.path.ends_with("/deployments/charge") && entry.method == "PATCH")
        .count();
    assert_eq!(
        tries, 3,
        "a rehearsal that was refused, one that was not, and the real one"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stays_busy_is_said() {
    let Some(cluster) = place() else { return };
    cluster.always("PATCH", "*/deployments/charge", Trouble::unavailable());
    let problems = deploy(&cluster, &shop().release()).await.expect_err("busy");
    let said = words(&problems);
    assert!(said.contains("cannot apply Deployment charge"), "{said}");
    assert!(said.contains("busy or restarting"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_deploy_that_is_dropped_half_way_is_gone_on_with() {
    let Some(cluster) = place() else { return };
    cluster.hang("shop", "charge", crate::apiserver::Hang::NeverReady);
    let release = shop().release();
    let dropped = tokio::time::timeout(Duration::from_secs(30), deploy(&cluster, &release)).await;
    assert!(dropped.is_err(), "it waits");
    cluster.mend("shop", "charge");
    cluster.settle();
    // The Lease of the first one is forgotten after fifteen seconds.
    let told = Told::default();
    deploy_with(&cluster, &release, &options(), &told)
        .await
        .expect("went on");
    assert!(
        told.text().contains("waiting: somebody@here deploys shop"),
        "{}",
        told.text()
    );
}
