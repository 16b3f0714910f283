//! How fast worlds are: `cargo bench -p cloudc --bench world`.
//!
//! Ratios are within one run. Each figure is the best of its rounds: what disturbs makes a run slower, never
//! faster.

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use cloudc::testing::{Case, Simulation, days, simulate, test};
use cloudc::{Cache, Error, Json, Queue, World, cache, function, queue};

#[queue(max_deliveries = 5, dead_letter = true)]
static ORDERS: Queue<u64>;

#[queue]
static RECEIPTS: Queue<u64>;

#[queue]
static NUMBERS: Queue<u64>;

#[cache(ttl = "1d")]
static DONE: Cache<u64, u64>;

#[function(http = "POST /orders")]
async fn place(Json(order): Json<u64>) -> Result<(), Error> {
    ORDERS.send_once(&order, &order.to_string()).await
}

#[function(queue = ORDERS)]
async fn charge(order: u64) -> Result<(), Error> {
    RECEIPTS.send_once(&order, &order.to_string()).await
}

#[function(queue = RECEIPTS, batch = 50)]
async fn finish(orders: Vec<u64>) -> Result<(), Error> {
    for order in orders {
        DONE.set(&order, &order).await?;
    }
    Ok(())
}

#[function(queue = NUMBERS)]
async fn take(_: u64) {}

#[function(schedule = "* * * * *")]
async fn every_minute() {}

fn case(seed: u64) -> Case {
    Case {
        name: "world::bench",
        package: "cloudc",
        file: file!(),
        line: line!(),
        seed: Some(seed),
        start: None,
    }
}

/// The best of five rounds.
fn best(mut round: impl FnMut()) -> Duration {
    let rounds = (0..5).map(|_| {
        let begin = Instant::now();
        round();
        begin.elapsed()
    });
    rounds.min().unwrap_or_default()
}

fn messages(many: u64) -> Duration {
    best(|| {
        test(case(1), move |world: World| async move {
            let numbers: Vec<u64> = (0..many).collect();
            for number in &numbers {
                NUMBERS.send(number).await?;
            }
            world.until_idle().await;
            assert_eq!(world.queue(&NUMBERS).acked(), many);
            Ok::<(), Error>(())
        });
    })
}

/// Each number goes to a task of its own, which acknowledges it.
fn channels(many: u64) -> Duration {
    best(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime").block_on(async {
            let (send, mut receive) = tokio::sync::mpsc::channel::<u64>(1_000);
            let (ack, mut acked) = tokio::sync::mpsc::channel::<u64>(1_000);
            tokio::spawn(async move {
                while let Some(number) = receive.recv().await {
                    let ack = ack.clone();
                    tokio::spawn(async move { ack.send(number).await });
                }
            });
            let count = tokio::spawn(async move {
                let mut count = 0;
                while acked.recv().await.is_some() {
                    count += 1;
                }
                count
            });
            for number in 0..many {
                send.send(number).await.expect("a receiver");
            }
            drop(send);
            assert_eq!(count.await.expect("counted"), many);
        });
    })
}

/// The memory of this process in kibibytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Worlds that live at the same time, each in a thread that waits.
fn memory(worlds: usize) -> u64 {
    let before = resident();
    let all = Arc::new((Barrier::new(worlds + 1), Barrier::new(worlds + 1)));
    let threads: Vec<_> = (0..worlds)
        .map(|_| {
            let all = Arc::clone(&all);
            std::thread::spawn(move || {
                test(case(1), move |_: World| {
                    let all = Arc::clone(&all);
                    async move {
                        all.0.wait();
                        all.1.wait();
                    }
                });
            })
        })
        .collect();
    all.0.wait();
    let with = resident();
    all.1.wait();
    for thread in threads {
        thread.join().expect("no panic");
    }
    with.saturating_sub(before)
}

async fn shop(world: World) {
    for order in 0..5_u64 {
        let placing = world.http().post("/orders").json(&order);
        placing.send_until_answered().await;
    }
    world.until_idle().await;
    world.assert_one_send_per_key(&RECEIPTS, |order| *order);
}

fn main() {
    // `cargo test --benches` builds it and runs nothing.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let start = best(|| (0..100).for_each(|_| test(case(1), async |_: World| ()))) / 100;
    println!("start and drop of a world           {start:?}");
    for many in [1_000, 10_000, 100_000] {
        let (world, bare) = (messages(many), channels(many));
        println!(
            "{many:>6} messages in a world          {:.0} a second, {:.1} times as long as bare channels",
            many as f64 / world.as_secs_f64(),
            world.as_secs_f64() / bare.as_secs_f64()
        );
    }
    let begin = Instant::now();
    test(case(1), async |world: World| world.advance(days(365)).await);
    println!("a year of a minutely schedule       {:?}", begin.elapsed());
    let begin = Instant::now();
    let simulation = Simulation {
        case: case(0),
        runs: 1_000,
        last_line: line!(),
    };
    simulate(simulation, shop);
    println!("1,000 seeds of a shop               {:?}", begin.elapsed());
    let worlds = 500;
    println!(
        "memory of {worlds} worlds at once        {} KiB each",
        memory(worlds) / worlds as u64
    );
}
