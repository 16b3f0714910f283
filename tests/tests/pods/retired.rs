//! The provisioner, and what is left of queues that left the graph.

use std::process::Command;
use std::time::Duration;

use async_nats::jetstream::{Context, stream};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::pod::Pod;
use crate::servers::Server;
use crate::slow::proxy;

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
    provision_at(broker.port(), retired)
}

fn provision_at(port: u16, retired: &str) -> Vec<Value> {
    let mut command = Command::new(PROGRAM);
    command
        .env_clear()
        .env("CLOUDC_WORKLOAD", "provision")
        .env("CLOUDC_NATS_URL", format!("nats://127.0.0.1:{port}"))
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

fn aside(stream: &str) -> Vec<String> {
    vec![format!("_RETIRED.{stream}")]
}

/// A provisioner that was killed between the two had set an empty stream aside.
#[tokio::test]
async fn a_stream_that_was_set_aside_is_decided_on_again() {
    let Some(broker) = Server::plain_broker("enabled") else {
        return;
    };
    let jetstream = broker.jetstream().await;
    for (queue, messages) in [("refunds", 1), ("visits", 0), ("orders", 0)] {
        leave(&jetstream, queue, messages).await;
        let name = format!("shop-{queue}");
        let mut stream = jetstream.get_stream(&name).await.expect("made");
        let mut config = stream.info().await.expect("its state").config.clone();
        if queue == "orders" {
            jetstream.delete_stream(&name).await.expect("deleted");
            assert_eq!(
                provision(&broker, "refunds"),
                [json!(["kept", "refunds", "shop-refunds", 1])]
            );
            let mut stream = jetstream.get_stream(&name).await.expect("the program's");
            config = stream.info().await.expect("its state").config.clone();
        }
        config.subjects = aside(&name);
        jetstream.update_stream(config).await.expect("set aside");
    }
    let said = provision(&broker, "refunds,visits");
    assert_eq!(
        said,
        [
            json!(["kept", "refunds", "shop-refunds", 1]),
            json!(["deleted", "visits", "shop-visits", 0]),
        ]
    );
    // One holds messages, and one is a queue of the application again.
    for queue in ["refunds", "orders"] {
        let sent = jetstream
            .publish(format!("shop.{queue}"), "{}".into())
            .await;
        sent.expect("sent").await.expect("stored");
    }
}

/// A pod of the release before sends while the provisioner, which hears of it late, has looked at the empty stream.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_sender_was_told_is_stored_is_not_deleted() {
    let Some(broker) = Server::plain_broker("enabled") else {
        return;
    };
    let jetstream = broker.jetstream().await;
    leave(&jetstream, "refunds", 0).await;
    let mut looks = broker.listen("$JS.API.STREAM.INFO.shop-refunds").await;
    let port = proxy(broker.port(), Duration::from_millis(200)).await;
    let retiring = spawn_blocking(move || provision_at(port, "refunds"));
    looks.next().await.expect("a look at it");
    let sent = jetstream.publish("shop.refunds", "{}".into()).await;
    sent.expect("sent").await.expect("stored");
    let said = retiring.await.expect("no panic");
    assert_eq!(said, [json!(["kept", "refunds", "shop-refunds", 1])]);
    let sent = jetstream.publish("shop.refunds", "{}".into()).await;
    sent.expect("sent").await.expect("stored, as before");
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
