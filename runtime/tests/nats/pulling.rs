//! Taking messages.

use std::path::PathBuf;
use std::time::Duration;

use cloudc::backend::{Broker as _, Failure, Outgoing, Settlement};
use cloudc::names;
use tokio::time::{sleep, timeout};

use crate::broker::{APP, Broker, FUNCTION, QUEUE, ask_and_leave, message, send, take};

pub(crate) async fn many_messages_come_in_their_order(program: PathBuf) {
    let broker = Broker::start(program).await;
    let client = broker.consumer().await;
    let sent: Vec<String> = (0..1_000).map(|id| id.to_string()).collect();
    let messages = sent.iter().map(|id| message(id)).collect();
    let published = client.publish(QUEUE, messages).await.expect("stored");
    assert_eq!(published.len(), sent.len());
    let mut came = Vec::new();
    while came.len() < sent.len() {
        for lease in client.pull(QUEUE, 40).await.expect("messages") {
            lease.hold.settle(Settlement::Done).await.expect("settled");
            came.push(lease.delivery.id);
        }
    }
    let late = came.iter().zip(&sent).find(|(came, sent)| came != sent);
    assert_eq!(late, None);
    assert_eq!(client.lag(QUEUE).await, Ok(0));
}

/// Its ack wait goes by several times before somebody asks for it.
pub(crate) async fn a_message_that_waits_here_keeps_its_lease(program: PathBuf) {
    let ack_wait = Duration::from_millis(400);
    let broker = Broker::start_with(program, ack_wait).await;
    let client = broker.consumer().await;
    ask_and_leave(&client, 5).await;
    send(&client, "a").await;
    sleep(ack_wait * 5).await;
    let lease = take(&client).await;
    assert_eq!(lease.delivery.attempt, 1);
    // And the handler has all of it.
    sleep(ack_wait * 3 / 4).await;
    lease.hold.settle(Settlement::Done).await.expect("settled");
    let again = timeout(ack_wait * 2, client.pull(QUEUE, 1)).await;
    assert!(again.is_err(), "{again:?}");
}

/// It is delivered again while its handler runs, and waits here; then the handler is done with it.
pub(crate) async fn a_handled_message_does_not_come_from_here_again(program: PathBuf) {
    let ack_wait = Duration::from_millis(900);
    let broker = Broker::start_with(program, ack_wait).await;
    let client = broker.consumer().await;
    send(&client, "a").await;
    let lease = take(&client).await;
    ask_and_leave(&client, 1).await;
    sleep(ack_wait).await;
    lease.hold.settle(Settlement::Done).await.expect("settled");
    let again = timeout(ack_wait * 2, client.pull(QUEUE, 1)).await;
    assert!(again.is_err(), "{again:?}");
}

pub(crate) async fn a_message_with_a_delay_counts_from_one(program: PathBuf) {
    let broker = Broker::start(program).await;
    let client = broker.consumer().await;
    for (id, before) in [
        ("early", Duration::ZERO),
        ("due", Duration::from_millis(400)),
    ] {
        let later = Outgoing {
            delay: Duration::from_millis(200),
            ..message(id)
        };
        client.publish(QUEUE, vec![later]).await.expect("stored");
        // Nobody asks before.
        sleep(before).await;
        for attempt in 1..4 {
            let lease = take(&client).await;
            assert_eq!((&*lease.delivery.id, lease.delivery.attempt), (id, attempt));
            let how = if attempt < 3 {
                Settlement::Returned
            } else {
                Settlement::Done
            };
            lease.hold.settle(how).await.expect("settled");
        }
    }
}

pub(crate) async fn a_consumer_that_is_gone_is_told_and_may_come_back(program: PathBuf) {
    let broker = Broker::start(program).await;
    let client = broker.consumer().await;
    let gone = async {
        broker.unsettled(0).await;
        let jetstream = broker.jetstream().await;
        let stream = names::stream(APP, QUEUE);
        let deleted = jetstream.delete_consumer_from_stream(FUNCTION, stream);
        deleted.await.expect("deleted");
    };
    let (pulled, ()) = tokio::join!(client.pull(QUEUE, 1), gone);
    for pulled in [pulled, client.pull(QUEUE, 1).await] {
        let Err(Failure::Unavailable(why)) = pulled else {
            panic!("{pulled:?}");
        };
        assert!(why.contains("`shop-provision`"), "{why}");
    }
    let made = broker.provision().await.expect("made");
    assert!(made[2].ends_with(": created"), "{made:?}");
    send(&client, "a").await;
    assert_eq!(take(&client).await.delivery.id, "a");
}

pub(crate) async fn the_lag_is_what_is_not_settled(program: PathBuf) {
    let broker = Broker::start(program).await;
    let client = broker.consumer().await;
    for id in ["a", "b", "c"] {
        send(&client, id).await;
    }
    assert_eq!(client.lag(QUEUE).await, Ok(3));
    let lease = take(&client).await;
    assert_eq!(client.lag(QUEUE).await, Ok(3));
    lease.hold.settle(Settlement::Done).await.expect("settled");
    assert_eq!(client.lag(QUEUE).await, Ok(2));
}

pub(crate) async fn a_queue_that_is_made_anew_begins_anew(program: PathBuf) {
    let broker = Broker::start(program).await;
    let client = broker.consumer().await;
    for id in ["a", "b"] {
        send(&client, id).await;
        let lease = timeout(Duration::from_secs(10), take(&client)).await;
        let lease = lease.expect("it is handed out");
        assert_eq!((&*lease.delivery.id, lease.sequence), (id, 1));
        lease.hold.settle(Settlement::Done).await.expect("settled");
        let jetstream = broker.jetstream().await;
        let queue = names::stream(APP, QUEUE);
        jetstream.delete_stream(queue).await.expect("deleted");
        broker.provision().await.expect("made anew");
    }
}
