//! Orders, on their way through the shop, while everything breaks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::http::Http;
use crate::pod::Pod;
use crate::shop::{Shop, charged, order, until};

/// Orders in the test of everything that breaks.
const ORDERS: usize = 10_000;
/// Clients that order at the same time.
const CLIENTS: usize = 64;

/// Every workload but the one that cancels takes part, each with its own accounts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_charged_and_gets_its_receipt() {
    let Some(shop) = Shop::open() else { return };
    shop.run("refresh-prices");
    // The shelf is empty, so the schedule asks for pieces, and a pod brings them.
    shop.run("find-shortages");
    let _restock = shop.start("restock");
    let (service, charge, receipts) = (
        shop.start("shop"),
        shop.start("charge"),
        shop.start("write-receipts"),
    );
    let search = shop.start("search");
    service.connected();
    search.connected();
    let (http, port) = (Http::new(), service.port());
    let set = http
        .put(port, "/products/BELL-1/price", "4321".to_owned())
        .await;
    assert_eq!(set.expect("an answer").0, 200);
    until(async || {
        let (_, product) = http.get(port, "/products/BELL-1").await.expect("an answer");
        product.contains("\"price\":4321")
    })
    .await;
    until(async || {
        let answer = http.post(port, "/orders", order("order-0001")).await;
        answer.expect("an answer").0 == 200
    })
    .await;
    until(async || {
        let (_, status) = http
            .get(port, "/orders/order-0001")
            .await
            .expect("an answer");
        status.contains("closed")
    })
    .await;
    // What was set and brought is found by another service.
    let (status, found) = http
        .get(search.port(), "/search?words=brass")
        .await
        .expect("an answer");
    assert_eq!(status, 200, "{found}");
    let found: serde_json::Value = serde_json::from_str(&found).expect("JSON");
    assert_eq!(found[0]["price"], 4321, "{found}");
    assert!(found[0]["left"].as_u64() > Some(0), "{found}");
    drop(receipts);
    assert_eq!(charged(&charge.kill()), ["order-0001"]);
}

/// Everything that was acknowledged is charged or a dead letter, whatever is killed meanwhile: the consumers at
/// random, the broker for seconds, the cache server with all that it knew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_order_is_lost() {
    let Some(mut shop) = Shop::open() else { return };
    shop.run("refresh-prices");
    shop.fill_shelf("BELL-1", 1_000_000_000).await;
    let services = [shop.start("shop"), shop.start("shop")];
    let ports: Vec<u16> = services.iter().map(Pod::port).collect();
    for service in &services {
        service.connected();
    }
    let mut consumers: Vec<(&str, Pod)> = [
        "charge",
        "charge",
        "charge",
        "write-receipts",
        "write-receipts",
    ]
    .map(|workload| (workload, shop.start(workload)))
    .into();
    let taken = Arc::new(Mutex::new(BTreeSet::new()));
    let next = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (taken, next, ports) = (Arc::clone(&taken), Arc::clone(&next), ports.clone());
            tokio::spawn(order_all(client, ports, next, taken))
        })
        .collect();

    let mut rng = StdRng::seed_from_u64(1);
    let mut charges: Vec<String> = Vec::new();
    let mut broken = BTreeSet::new();
    while !clients.iter().all(tokio::task::JoinHandle::is_finished) {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let victim = rng.random_range(0..consumers.len());
        let (workload, pod) = consumers.swap_remove(victim);
        charges.extend(charged(&pod.kill()));
        consumers.push((workload, shop.start(workload)));
        let done = next.load(Ordering::Relaxed);
        if done > ORDERS / 3 && broken.insert("broker") {
            shop.broker.stop();
            tokio::time::sleep(Duration::from_secs(2)).await;
            shop.broker.start();
        }
        if done > ORDERS * 2 / 3 && broken.insert("caches") {
            shop.caches.stop();
            tokio::time::sleep(Duration::from_secs(2)).await;
            shop.caches.start();
            shop.fill_shelf("BELL-1", 1_000_000_000).await;
            shop.run("refresh-prices");
        }
    }
    assert_eq!(broken.len(), 2, "everything was broken once");
    shop.until_empty(&["shop-orders", "shop-receipts"]).await;
    for (_, pod) in consumers {
        charges.extend(charged(&pod.kill()));
    }
    let dead = shop.dead_letters().await;

    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for id in &charges {
        *times.entry(id).or_default() += 1;
    }
    let taken = taken.lock().expect("no panic");
    let lost: Vec<_> = taken
        .iter()
        .filter(|id| !times.contains_key(id.as_str()) && !dead.contains(*id))
        .collect();
    let known: BTreeSet<String> = (0..ORDERS).map(name).collect();
    let unexpected: Vec<_> = charges
        .iter()
        .chain(&dead)
        .filter(|id| !known.contains(*id))
        .collect();
    assert!(unexpected.is_empty(), "nobody ordered {unexpected:?}");
    let twice = times.values().filter(|times| **times > 1).count();
    println!(
        "{} orders were acknowledged, {} charged, {} are dead letters; the bank was asked twice or more for {twice}",
        taken.len(),
        times.len(),
        dead.len()
    );
    assert!(lost.is_empty(), "{} orders are lost: {lost:?}", lost.len());
    assert!(
        taken.len() > ORDERS * 9 / 10,
        "{} of {ORDERS} were taken",
        taken.len()
    );
}

fn name(number: usize) -> String {
    format!("order-{number:06}")
}

/// Orders until all are ordered. An order that was not acknowledged is sent again, as a browser does.
async fn order_all(
    client: usize,
    ports: Vec<u16>,
    next: Arc<AtomicUsize>,
    taken: Arc<Mutex<BTreeSet<String>>>,
) {
    let http = Http::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= ORDERS {
            return;
        }
        let id = name(number);
        for attempt in 0..60 {
            let port = ports[(client + attempt) % ports.len()];
            match http.post(port, "/orders", order(&id)).await {
                Ok((200, _)) => {
                    taken.lock().expect("no panic").insert(id);
                    break;
                }
                Ok((status, body)) if status < 500 && status != 409 && status != 422 => {
                    panic!("{id}: {status} {body}")
                }
                _ => tokio::time::sleep(Duration::from_millis(250)).await,
            }
        }
    }
}
