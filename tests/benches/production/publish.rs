//! Messages with an id, each acknowledged by the broker.

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
    let (mut rates, mut raws) = (Vec::new(), Vec::new());
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
        let began = Instant::now();
        let context = jetstream.clone();
        send_all(move |number| {
            let jetstream = context.clone();
            async move { raw(&jetstream, format!("r{round}-{number}"), number).await }
        })
        .await;
        raws.push(rate(MESSAGES, began.elapsed()));
    }
    compare("publish, confirmed", "1/s", rates, raws);
}

/// As a person would write it who wants deduplication and a confirmation.
async fn raw(jetstream: &jetstream::Context, id: String, number: usize) {
    let mut headers = HeaderMap::new();
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
