//! Mixed load for minutes: no pod's memory grows, nor the number of its open files. `tests/soak` runs it.

#[path = "../../tests/pods/http.rs"]
#[expect(dead_code, reason = "the tests ask more")]
mod http;
#[path = "../../tests/pods/pod.rs"]
#[expect(dead_code, reason = "the tests ask more")]
mod pod;
#[path = "../../tests/pods/servers.rs"]
#[expect(dead_code, reason = "the tests ask more")]
mod servers;
#[path = "../../tests/pods/shop.rs"]
#[expect(dead_code, reason = "the tests ask more")]
mod shop;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::http::Http;
use crate::shop::{Shop, order};

const SAMPLE: Duration = Duration::from_secs(5);
/// What memory may differ by between the second quarter of the time and the last, in KiB and as a part.
const SLACK: u64 = 1024;
const PART: u64 = 20;
/// Of how many answers one may be another than it should be: a machine that is busy has its moments.
const RARE: usize = 1_000;

#[tokio::main]
async fn main() {
    // `cargo test --all-targets` runs benchmarks too, without this word.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let minutes: u64 = match std::env::var("SOAK_MINUTES") {
        Ok(minutes) => minutes.parse().expect("a number of minutes"),
        Err(_) => 10,
    };
    let Some(shop) = Shop::open() else { return };
    shop.run("refresh-prices");
    shop.fill_shelf("BELL-1", 1_000_000_000).await;
    let workloads = ["shop", "search", "charge", "write-receipts", "restock"];
    let pods: Vec<_> = workloads
        .iter()
        .map(|workload| shop.start(workload))
        .collect();
    for pod in &pods {
        pod.connected();
    }
    let (service, search) = (pods[0].port(), pods[1].port());
    let over = Arc::new(AtomicBool::new(false));
    let (answered, wrong) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..8)
        .map(|client| {
            let (over, answered) = (Arc::clone(&over), Arc::clone(&answered));
            let wrong = Arc::clone(&wrong);
            tokio::spawn(async move {
                let http = Http::new();
                let mut number = 0;
                while !over.load(Ordering::Relaxed) {
                    number += 1;
                    let id = format!("order-{client}-{number:07}");
                    let answers = [
                        http.post(service, "/orders", order(&id)).await,
                        http.get(service, &format!("/orders/{id}")).await,
                        http.get(search, "/search?words=bell").await,
                        // What is wrong costs no more than what is right.
                        http.post(service, "/orders", "{".to_owned()).await,
                        http.get(service, "/nowhere").await,
                    ];
                    let right = answers
                        .iter()
                        .zip([200, 200, 200, 400, 404])
                        .filter(
                            |(answer, right)| matches!(answer, Ok((status, _)) if status == right),
                        )
                        .count();
                    answered.fetch_add(right, Ordering::Relaxed);
                    wrong.fetch_add(answers.len() - right, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })
        })
        .collect();
    let began = Instant::now();
    let time = Duration::from_secs(minutes * 60);
    let mut samples: Vec<Vec<(u64, u64)>> = vec![Vec::new(); pods.len()];
    while began.elapsed() < time {
        tokio::time::sleep(SAMPLE).await;
        for (pod, samples) in pods.iter().zip(&mut samples) {
            samples.push((memory(pod.child.id()), files(pod.child.id())));
        }
    }
    over.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.expect("no panic");
    }
    let (answered, wrong) = (
        answered.load(Ordering::Relaxed),
        wrong.load(Ordering::Relaxed),
    );
    println!(
        "{answered} answers in {minutes} minutes, and {wrong} that were wrong or did not come"
    );
    assert!(wrong * RARE < answered, "too many are wrong");
    // All that was ordered is handled.
    shop.until_empty(&["shop-orders", "shop-receipts"]).await;
    println!(
        "{:<16} {:>12} {:>12} {:>8} {:>8}",
        "workload", "KiB early", "KiB late", "files", "late"
    );
    let mut grown = Vec::new();
    for (workload, samples) in workloads.iter().zip(&samples) {
        let quarter = samples.len() / 4;
        let (early, late) = (
            highest(&samples[quarter..quarter * 2]),
            highest(&samples[quarter * 3..]),
        );
        println!(
            "{workload:<16} {:>12} {:>12} {:>8} {:>8}",
            early.0, late.0, early.1, late.1
        );
        if late.0 > early.0 + early.0 / PART + SLACK || late.1 > early.1 + 8 {
            grown.push(*workload);
        }
    }
    assert!(grown.is_empty(), "these have grown: {grown:?}");
}

fn highest(samples: &[(u64, u64)]) -> (u64, u64) {
    let memory = samples.iter().map(|(memory, _)| *memory).max();
    let files = samples.iter().map(|(_, files)| *files).max();
    (memory.unwrap_or(0), files.unwrap_or(0))
}

/// Memory that it holds, in KiB.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process));
    let status = status.expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.expect("a number").parse().expect("a number")
}

/// How many files and connections it has open.
fn files(process: u32) -> u64 {
    let open = std::fs::read_dir(format!("/proc/{}/fd", process));
    open.expect("it runs").count() as u64
}
