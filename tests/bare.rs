//! What production is measured against: the same handlers, on bare axum and in a hand-written loop of async-nats with
//! the same guarantees.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::{self, AckKind, consumer::PullConsumer};
use axum::routing::get;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::Semaphore;

/// As many as the function `swallow` of the odd application takes at the same time.
const CONCURRENCY: usize = 64;

#[tokio::main]
async fn main() {
    let variable = |name| std::env::var(name).expect("it is set");
    match &*variable("BARE") {
        "http" => serve(variable("PORT").parse().expect("a port")).await,
        _ => consume(variable("CLOUDC_NATS_URL")).await,
    }
}

async fn serve(port: u16) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await;
    let routes = axum::Router::new().route("/hello/{name}", get(hello::greet));
    axum::serve(listener.expect("a port"), routes)
        .await
        .expect("it serves");
}

async fn consume(url: String) {
    let client = async_nats::connect(url).await.expect("a connection");
    let jetstream = jetstream::new(client);
    let consumer: PullConsumer = jetstream
        .get_consumer_from_stream("swallow", "odd-crumbs")
        .await
        .expect("the consumer");
    let mut messages = consumer
        .stream()
        .max_messages_per_batch(CONCURRENCY)
        .expires(Duration::from_secs(30))
        .heartbeat(Duration::from_secs(5))
        .messages()
        .await
        .expect("messages");
    let slots = Arc::new(Semaphore::new(CONCURRENCY));
    while let Some(message) = messages.next().await {
        let message = message.expect("a message");
        let slot = Arc::clone(&slots).acquire_owned().await.expect("a slot");
        tokio::spawn(async move {
            let handler = AssertUnwindSafe(handle(&message.payload)).catch_unwind();
            match tokio::time::timeout(Duration::from_secs(20), handler).await {
                Ok(Ok(Ok(()))) => message.double_ack().await.expect("confirmed"),
                _ => {
                    let again = AckKind::Nak(Some(Duration::from_secs(1)));
                    message.ack_with(again).await.expect("sent");
                }
            }
            drop(slot);
        });
    }
}

async fn handle(payload: &[u8]) -> serde_json::Result<()> {
    serde_json::from_slice::<u64>(payload).map(drop)
}
