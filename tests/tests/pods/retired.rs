//! The provisioner, and what is left of queues that left the graph.

use std::process::Command;

use async_nats::jetstream::{Context, stream};
use serde_json::{Value, json};

use crate::pod::Pod;
use crate::servers::Server;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pod-under-test");

/// Makes a stream as the provisioner of the revision before did, and puts messages into it.
async fn leave(jetstream: &Context, queue: &str, messages: usize) {
    let config = stream::Config {
        name: format!("shop-{}", queue.replace('.', "-")),
        subjects: vec![format!("shop.{queue}")],
        ..Default::default()
    };
    jetstream.create_stream(config).await.expect("made");
    for _ in 0..messages {
        let stored = jetstream
            .publish(format!("shop.{queue}"), "{}".into())
            .await;
        stored.expect("sent").await.expect("stored");
    }
}

/// Runs the provisioner, and returns what it says of queues that left the graph: what, the queue, the stream, how many messages.
fn provision(broker: &Server, retired: &str) -> Vec<Value> {
    let mut command = Command::new(PROGRAM);
    command
        .env_clear()
        .env("CLOUDC_WORKLOAD", "provision")
        .env(
            "CLOUDC_NATS_URL",
            format!("nats://127.0.0.1:{}", broker.port()),
        )
        .env("CLOUDC_RETIRED", retired);
    let (status, lines) = Pod::start(&mut command).exit();
    assert!(status.success(), "{}", lines.join("\n"));
    let events = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    events
        .filter(|event| event["queue"].is_string())
        .map(|event| {
            let text = event["message"].as_str().expect("a message");
            let what = text.split(':').next().unwrap_or_default();
            json!([what, event["queue"], event["stream"], event["messages"]])
        })
        .collect()
}

#[tokio::test]
async fn what_holds_messages_is_kept_until_somebody_says_otherwise() {
    let Some(broker) = Server::plain_broker("enabled") else {
        return;
    };
    let jetstream = broker.jetstream().await;
    leave(&jetstream, "refunds", 2).await;
    leave(&jetstream, "refunds.dead", 0).await;
    leave(&jetstream, "visits", 1).await;
    let first = provision(&broker, "refunds:dead,visits:dead,never-made:dead:delete");
    assert_eq!(
        first,
        [
            json!(["kept", "refunds", "shop-refunds", 2]),
            json!(["deleted", "refunds", "shop-refunds-dead", 0]),
            json!(["kept", "visits", "shop-visits", 1]),
        ]
    );
    let second = provision(&broker, "refunds:dead:delete,visits");
    assert_eq!(
        second,
        [
            json!(["deleted", "refunds", "shop-refunds", 2]),
            json!(["kept", "visits", "shop-visits", 1]),
        ]
    );
    assert!(jetstream.get_stream("shop-refunds").await.is_err());
    jetstream.get_stream("shop-visits").await.expect("kept");
}

/// Manifests that are older than the image, or were changed by hand.
#[tokio::test]
async fn queues_of_the_program_are_left_alone() {
    let Some(broker) = Server::plain_broker("enabled") else {
        return;
    };
    let said = provision(&broker, "orders:dead:delete,orders-dead:delete");
    assert_eq!(said, [] as [Value; 0]);
    for stream in ["shop-orders", "shop-orders-dead"] {
        broker.stream(stream).await;
    }
}
