//! The shop, with its servers.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::pod::Pod;
use crate::servers::{Server, broker_credentials, cache_credentials};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pod-under-test");

/// The shop's servers, on which pods can be started.
pub(crate) struct Shop {
    pub(crate) broker: Server,
    pub(crate) caches: Server,
}

impl Shop {
    /// Starts the servers and makes the streams. `None` where there are no servers.
    pub(crate) fn open() -> Option<Self> {
        let shop = Self {
            broker: Server::broker()?,
            caches: Server::caches()?,
        };
        shop.run("provision");
        Some(shop)
    }

    /// The command of a pod, with all that its manifest sets.
    pub(crate) fn command(&self, workload: &str) -> Command {
        let folder = self.broker.folder();
        let user = if workload == "provision" {
            "shop-provision"
        } else {
            workload
        };
        let mut command = Command::new(PROGRAM);
        command
            .env("CLOUDC_WORKLOAD", workload)
            .env(
                "CLOUDC_NATS_URL",
                format!("nats://127.0.0.1:{}", self.broker.port()),
            )
            .env("CLOUDC_NATS_CREDENTIALS", broker_credentials(folder, user))
            .env(
                "CLOUDC_VALKEY_URL",
                format!("redis://127.0.0.1:{}", self.caches.port()),
            )
            .env("CLOUDC_VALKEY_CREDENTIALS", cache_credentials(folder, user))
            .env("PORT", "0")
            // An effect, such as a charge, is a line of the log.
            .env("RUST_LOG", "info,cloudc::effect=debug");
        command
    }

    /// Starts a pod.
    pub(crate) fn start(&self, workload: &str) -> Pod {
        Pod::start(&mut self.command(workload))
    }

    /// Runs a pod to its end, which has to be a good one.
    pub(crate) fn run(&self, workload: &str) -> Vec<String> {
        let (status, lines) = self.start(workload).exit();
        assert!(
            status.success(),
            "{workload}: {status}\n{}",
            lines.join("\n")
        );
        lines
    }

    /// Puts pieces on the shelf, past every pod.
    pub(crate) async fn fill_shelf(&self, sku: &str, pieces: u32) {
        let url = format!("redis://admin:secret@127.0.0.1:{}", self.caches.port());
        let client = redis::Client::open(url).expect("an address");
        let mut connection = client
            .get_multiplexed_async_connection()
            .await
            .expect("a connection");
        let () = redis::cmd("SET")
            .arg(format!("shop:stock:\"{sku}\""))
            .arg(pieces)
            .query_async(&mut connection)
            .await
            .expect("set");
    }
}

/// The body of an order.
pub(crate) fn order(id: &str) -> String {
    json!({"id": id, "lines": [{"sku": "BELL-1", "pieces": 1}]}).to_string()
}

/// The orders that the lines of a pod say were charged.
pub(crate) fn charged(lines: &[String]) -> Vec<String> {
    let effects = lines.iter().filter(|line| line.contains("cloudc::effect"));
    effects
        .map(|line| {
            let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
            event["key"].as_str().expect("a key").to_owned()
        })
        .collect()
}

/// Waits until something is so.
pub(crate) async fn until(mut so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), waiting)
        .await
        .expect("it is never so");
}

/// A look at the broker past every pod.
impl Shop {
    /// Waits until these streams hold no message.
    pub(crate) async fn until_empty(&self, streams: &[&str]) {
        let jetstream = self.broker.jetstream().await;
        until(async || {
            let mut held = 0;
            for stream in streams {
                let mut stream = jetstream.get_stream(*stream).await.expect("the stream");
                held += stream.info().await.expect("its state").state.messages;
            }
            held == 0
        })
        .await;
    }

    /// How many deliveries of a consumer were not a message's first.
    pub(crate) async fn redeliveries(&self, stream: &str, consumer: &str) -> u64 {
        let jetstream = self.broker.jetstream().await;
        let mut stream = jetstream.get_stream(stream).await.expect("the stream");
        let sent = stream.info().await.expect("its state").state.last_sequence;
        let consumer = stream.consumer_info(consumer).await.expect("the consumer");
        consumer.delivered.consumer_sequence - sent
    }

    /// The orders that are dead letters.
    pub(crate) async fn dead_letters(&self) -> BTreeSet<String> {
        let jetstream = self.broker.jetstream().await;
        let mut stream = jetstream
            .get_stream("shop-orders-dead")
            .await
            .expect("the stream");
        let state = stream.info().await.expect("its state").state.clone();
        let mut dead = BTreeSet::new();
        for sequence in state.first_sequence..=state.last_sequence {
            let Ok(message) = stream.get_raw_message(sequence).await else {
                continue;
            };
            let order: serde_json::Value = serde_json::from_slice(&message.payload).expect("JSON");
            dead.insert(order["id"].as_str().expect("an id").to_owned());
        }
        dead
    }
}
