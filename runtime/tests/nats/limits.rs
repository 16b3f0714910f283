//! What the broker does not do.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use async_nats::jetstream::stream;
use cloudc::backend::{Broker as _, Dead, Failure};
use cloudc::names;

use crate::broker::{APP, Broker, FUNCTION, QUEUE, message, send, take};

/// A server where everybody may do this alone.
fn with_permissions(program: PathBuf, publish: &str, subscribe: &str) -> Broker {
    let config = format!(
        "authorization {{ default_permissions: {{ publish: [{publish}], subscribe: [{subscribe}] }}
         users: [{{user: charge, password: secret}}] }}"
    );
    let broker = Broker::empty(program, &config);
    for (file, text) in [("user", "charge"), ("password", "secret")] {
        std::fs::write(broker.store.path().join(file), text).expect("written");
    }
    broker
}

pub(crate) async fn what_is_not_allowed_is_told_at_once(program: PathBuf) {
    let info = "\"$JS.API.CONSUMER.INFO.>\"";
    let broker = with_permissions(program, info, "\"_INBOX_charge.>\"");
    let client = broker
        .client_with(FUNCTION, Some(broker.store.path()))
        .await;
    let start = Instant::now();
    let sent = client.publish(QUEUE, vec![message("a")]).await;
    let Err(Failure::Refused(why)) = sent else {
        panic!("{sent:?}");
    };
    assert!(why.contains("publish to shop.orders;"), "{why}");
    let other = client.publish("parcels", vec![message("a")]).await;
    assert!(matches!(other, Err(Failure::Refused(_))), "{other:?}");
    assert!(start.elapsed() < Duration::from_secs(3));
}

pub(crate) async fn an_inbox_that_is_not_allowed_is_told_at_once(program: PathBuf) {
    let broker = with_permissions(program, "\">\"", "\"_INBOX_other.>\"");
    let client = broker
        .client_with(FUNCTION, Some(broker.store.path()))
        .await;
    let start = Instant::now();
    let pulled = client.pull(QUEUE, 1).await;
    let Err(Failure::Refused(why)) = pulled else {
        panic!("{pulled:?}");
    };
    assert!(why.contains("listen to _INBOX_charge."), "{why}");
    assert!(start.elapsed() < Duration::from_secs(3));
}

pub(crate) async fn without_a_stream_it_says_who_makes_it(program: PathBuf) {
    let broker = Broker::empty(program, "");
    let client = broker.consumer().await;
    let sent = client.publish(QUEUE, vec![message("a")]).await.map(drop);
    let pulled = client.pull(QUEUE, 1).await.map(drop);
    let lag = client.lag(QUEUE).await.map(drop);
    for failed in [sent, pulled, lag] {
        let Err(Failure::Unavailable(why)) = failed else {
            panic!("{failed:?}");
        };
        assert!(why.contains("the Job `shop-provision` makes them"), "{why}");
    }
}

pub(crate) async fn a_full_stream_is_full(program: PathBuf) {
    let broker = Broker::start(program).await;
    let stream = broker.stream().await;
    let bounded = stream::Config {
        max_messages: 1,
        ..stream.cached_info().config.clone()
    };
    let jetstream = broker.jetstream().await;
    jetstream.update_stream(bounded).await.expect("bounded");
    let client = broker.consumer().await;
    send(&client, "a").await;
    let sent = client.publish(QUEUE, vec![message("b")]).await;
    assert_eq!(sent, Err(Failure::Full));
}

pub(crate) async fn a_dead_letter_has_its_reason(program: PathBuf) {
    let broker = Broker::start(program).await;
    let client = broker.consumer().await;
    send(&client, "a b").await;
    let lease = take(&client).await;
    let dead = Dead {
        delivery: lease.delivery.clone(),
        sequence: lease.sequence,
        stored: lease.stored,
        reason: "no\nmoney".to_owned(),
    };
    for _ in 0..2 {
        client.bury(QUEUE, dead.clone()).await.expect("it is kept");
    }
    let name = names::dead_stream(APP, QUEUE);
    let stream = broker.jetstream().await.get_stream(name).await;
    let mut stream = stream.expect("the stream");
    assert_eq!(stream.info().await.expect("info").state.messages, 1);
    let kept = stream.get_raw_message(1).await.expect("the message");
    assert_eq!(kept.payload, lease.delivery.payload);
    let header = |name: &str| {
        kept.headers
            .get_last(name)
            .map(|value| value.as_str().to_owned())
    };
    assert_eq!(header("Cloudc-Reason").as_deref(), Some("no money"));
    assert_eq!(header("Cloudc-Id").as_deref(), Some("a%20b"));
    assert_eq!(header("ce-type").as_deref(), Some("shop.orders"));
}

pub(crate) async fn a_queue_that_is_made_anew_keeps_its_own_dead_letters(program: PathBuf) {
    let broker = Broker::start(program).await;
    let client = broker.consumer().await;
    let dead = names::dead_stream(APP, QUEUE);
    for count in 1..=2 {
        send(&client, "a").await;
        let lease = take(&client).await;
        assert_eq!(lease.sequence, 1);
        let failed = Dead {
            delivery: lease.delivery.clone(),
            sequence: lease.sequence,
            stored: lease.stored,
            reason: "no money".to_owned(),
        };
        client.bury(QUEUE, failed).await.expect("it is kept");
        let jetstream = broker.jetstream().await;
        let mut kept = jetstream.get_stream(&dead).await.expect("the stream");
        assert_eq!(kept.info().await.expect("info").state.messages, count);
        let queue = names::stream(APP, QUEUE);
        jetstream.delete_stream(queue).await.expect("deleted");
        broker.provision().await.expect("made anew");
    }
}
