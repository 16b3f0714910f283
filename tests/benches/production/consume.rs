//! A no-op handler with confirmed acknowledgements, and a hand-written loop that promises the same.

use std::process::Command;
use std::time::{Duration, Instant};

use async_nats::jetstream;

use crate::servers::Server;
use crate::{Running, compare, rate};

const MESSAGES: usize = 40_000;
const ROUNDS: usize = 5;

pub(crate) async fn measure() {
    let Some(server) = Server::plain_broker("enabled") else {
        return;
    };
    let url = format!("nats://127.0.0.1:{}", server.port());
    let odd = |workload: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_odd-under-test"));
        command
            .env("CLOUDC_WORKLOAD", workload)
            .env("CLOUDC_NATS_URL", &url)
            .env("PORT", "0")
            .env("RUST_LOG", "warn");
        command
    };
    let provisioned = odd("provision").status().expect("it runs");
    assert!(provisioned.success());
    let mut bare = Command::new(env!("CARGO_BIN_EXE_bare"));
    bare.env("BARE", "queue").env("CLOUDC_NATS_URL", &url);
    let jetstream = server.jetstream().await;
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(drained(&jetstream, &mut odd("swallow")).await);
        raw.push(drained(&jetstream, &mut bare).await);
    }
    compare("consume, confirmed", "1/s", ours, raw);
}

/// Fills the queue, starts who empties it, and says how many a second it took between the first and the last.
async fn drained(jetstream: &jetstream::Context, command: &mut Command) -> f64 {
    let mut acks = Vec::new();
    for number in 0..MESSAGES {
        let sent = jetstream.publish("odd.crumbs", number.to_string().into());
        acks.push(sent.await.expect("sent").into_future());
        if acks.len() == 256 {
            for ack in acks.drain(..) {
                ack.await.expect("taken");
            }
        }
    }
    for ack in acks {
        ack.await.expect("taken");
    }
    let _running = Running::start(command);
    let mut stream = jetstream
        .get_stream("odd-crumbs")
        .await
        .expect("the stream");
    let mut began = None;
    loop {
        let left = stream.info().await.expect("its state").state.messages as usize;
        if left == 0 {
            break;
        }
        if began.is_none() && left < MESSAGES {
            began = Some((Instant::now(), left));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (began, left) = began.expect("it took a while");
    rate(left, began.elapsed())
}
