//! Messages with an id, each acknowledged by the broker: beside the same message, and beside one that is no CloudEvent.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use async_nats::jetstream::{self, stream};
use cloudc::backend::nats::Nats;
use cloudc::backend::{Access, Broker, Outgoing};

use crate::servers::Server;
use crate::{compare, rate};

const MESSAGES: usize = 20_000;
const SENDERS: usize = 64;
const ROUNDS: usize = 5;

pub(crate) async fn measure() {
    let Some(server) = Server::plain_broker("enabled") else {
        return;
    };
    let jetstream = server.jetstream().await;
    for name in ["odd-crumbs", "raw"] {
        let config = stream::Config {
            name: name.to_owned(),
            subjects: vec![name.replace('-', ".")],
            retention: stream::RetentionPolicy::WorkQueue,
            ..Default::default()
        };
        jetstream.create_stream(config).await.expect("a stream");
    }
    let access = Access {
        url: format!("nats://127.0.0.1:{}", server.port()),
        credentials: None,
    };
    let ours = Arc::new(
        Nats::connect(&access, "odd", "bench", &[])
            .await
            .expect("connected"),
    );
    let (mut rates, mut raws, mut bares) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let began = Instant::now();
        let broker = Arc::clone(&ours);
        send_all(move |number| {
            let broker = Arc::clone(&broker);
            async move {
                let message = Outgoing {
                    id: format!("o{round}-{number}"),
                    keyed: false,
                    payload: number.to_string().into_bytes(),
                    headers: BTreeMap::new(),
                    delay: Duration::ZERO,
                };
                broker
                    .publish("crumbs", vec![message])
                    .await
                    .expect("taken");
            }
        })
        .await;
        rates.push(rate(MESSAGES, began.elapsed()));
        for (is_event, rates) in [(true, &mut raws), (false, &mut bares)] {
            let began = Instant::now();
            let context = jetstream.clone();
            send_all(move |number| {
                let jetstream = context.clone();
                async move {
                    let id = format!("{is_event}{round}-{number}");
                    raw(&jetstream, id, is_event, number).await
                }
            })
            .await;
            rates.push(rate(MESSAGES, began.elapsed()));
        }
    }
    compare("publish, confirmed", "1/s", rates.clone(), raws);
    compare("publish, raw without event", "1/s", rates, bares);
}

/// As a person would write it who wants deduplication, a confirmation, and a message that says what it is.
async fn raw(jetstream: &jetstream::Context, id: String, is_event: bool, number: usize) {
    let mut headers = HeaderMap::new();
    if is_event {
        headers.insert("ce-id", &*id);
        headers.insert("ce-specversion", "1.0");
        headers.insert("ce-source", "/odd/bench");
        headers.insert("ce-type", "odd.crumbs");
        headers.insert("content-type", "application/json");
    }
    headers.insert("Nats-Msg-Id", id);
    let sent = jetstream.publish_with_headers("raw", headers, number.to_string().into());
    sent.await.expect("sent").await.expect("taken");
}

async fn send_all<F: Future<Output = ()> + Send + 'static>(
    send: impl Fn(usize) -> F + Clone + Send + Sync + 'static,
) {
    let senders = (0..SENDERS).map(|sender| {
        let send = send.clone();
        tokio::spawn(async move {
            for number in (sender..MESSAGES).step_by(SENDERS) {
                send(number).await;
            }
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await.expect("no panic");
    }
}
