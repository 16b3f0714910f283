//! Pods are replaced one after another, and nobody notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use crate::http::Http;
use crate::shop::{Shop, order};

/// How long a pod that leaves still gets requests: less than it takes them for.
const LATER: Duration = Duration::from_millis(1_500);

/// What a Service of Kubernetes knows: the pods that are ready. A pod that leaves is taken out a moment after it was
/// told to, as it is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_fails_no_request_and_repeats_no_message() {
    let Some(shop) = Shop::open() else { return };
    shop.run("refresh-prices");
    shop.fill_shelf("BELL-1", 1_000_000_000).await;
    let mut services = [shop.start("shop"), shop.start("shop")];
    let ports: Arc<Vec<AtomicU16>> =
        Arc::new(services.iter().map(|pod| pod.port().into()).collect());
    for service in &services {
        service.connected();
    }
    let mut consumers = [shop.start("charge"), shop.start("charge")];
    let mut receipts = shop.start("write-receipts");
    let over = Arc::new(AtomicBool::new(false));
    let sent = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..16)
        .map(|client| {
            let (ports, over, sent) = (Arc::clone(&ports), Arc::clone(&over), Arc::clone(&sent));
            tokio::spawn(async move {
                let http = Http::new();
                let mut failures = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let number = sent.fetch_add(1, Ordering::Relaxed);
                    let port = ports[(client + number) % ports.len()].load(Ordering::Relaxed);
                    let id = format!("order-{number:06}");
                    match http.post(port, "/orders", order(&id)).await {
                        Ok((200, _)) => {}
                        other => failures.push(format!("{id}: {other:?}")),
                    }
                }
                failures
            })
        })
        .collect();

    let mut troubles = Vec::new();
    for at in 0..services.len() {
        let before = sent.load(Ordering::Relaxed);
        crate::shop::until(async || sent.load(Ordering::Relaxed) > before + 200).await;
        // The new one first, as a Deployment does it.
        let service = shop.start("shop");
        service.connected();
        let mut old = std::mem::replace(&mut services[at], service);
        old.signal(Signal::TERM);
        // Who sends requests hears of it later.
        tokio::time::sleep(LATER).await;
        ports[at].store(services[at].port(), Ordering::Relaxed);
        let (status, lines) = old.exit();
        assert!(status.success(), "{status}: {}", lines.join("\n"));
        let consumer = shop.start("charge");
        consumer.connected();
        let mut old = std::mem::replace(&mut consumers[at], consumer);
        old.signal(Signal::TERM);
        let (status, lines) = old.exit();
        assert!(status.success(), "{status}: {}", lines.join("\n"));
        troubles.extend(lines.into_iter().filter(|line| is_trouble(line)));
        let consumer = shop.start("write-receipts");
        consumer.connected();
        let mut old = std::mem::replace(&mut receipts, consumer);
        old.signal(Signal::TERM);
        let (status, lines) = old.exit();
        assert!(status.success(), "{status}: {}", lines.join("\n"));
        troubles.extend(lines.into_iter().filter(|line| is_trouble(line)));
    }
    over.store(true, Ordering::Relaxed);
    let mut failures = Vec::new();
    for client in clients {
        failures.extend(client.await.expect("no panic"));
    }
    assert!(
        failures.is_empty(),
        "{} failed: {:?}",
        failures.len(),
        failures.first()
    );
    shop.until_empty(&["shop-orders", "shop-receipts"]).await;
    let orders = shop.redeliveries("shop-orders", "charge").await;
    let receipts_again = shop.redeliveries("shop-receipts", "write-receipts").await;
    let again = orders + receipts_again;
    for consumer in consumers.into_iter().chain([receipts]) {
        troubles.extend(consumer.kill().into_iter().filter(|line| is_trouble(line)));
    }
    // On a machine that is busy a call may fail by itself, and says so.
    let failed = troubles
        .iter()
        .filter(|line| line.contains("a call failed"));
    assert!(
        again <= failed.count() as u64,
        "{orders} orders and {receipts_again} receipts came again though their pods left in order:\n{}",
        troubles.join("\n")
    );
}

fn is_trouble(line: &str) -> bool {
    ["\"WARN\"", "\"ERROR\""]
        .iter()
        .any(|level| line.contains(level))
}
