//! The end of a pod: it takes nothing more, loses nothing, and costs nobody a delivery.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use cloudc::backend::nats::Nats;
use cloudc::backend::{Broker as _, Connection as _, Outgoing, Settlement};

use crate::broker::{Broker, QUEUE, ask_and_leave, message, send, take};

const MESSAGES: usize = 400;

/// Takes messages until there are no more, or there were so many. Says which.
async fn take_until(client: &Nats, most: usize) -> Vec<String> {
    let mut taken = Vec::new();
    while taken.len() < most {
        let leases = client.pull(QUEUE, 20).await.expect("messages");
        if leases.is_empty() {
            break;
        }
        for lease in leases {
            assert_eq!(lease.delivery.attempt, 1, "{}", lease.delivery.id);
            lease.hold.settle(Settlement::Done).await.expect("settled");
            taken.push(lease.delivery.id);
        }
    }
    taken
}

/// A pod is stopped in the middle of a stream of messages; another one takes the rest. What the server had sent to the first and
/// got lost would come to the second after 30 seconds, and for the second time.
pub(crate) async fn what_was_sent_still_comes_and_nothing_twice(program: PathBuf) {
    let broker = Broker::start(program).await;
    let sender = broker.client("shop").await;
    let first = broker.consumer().await;
    let sending = async {
        for id in 0..MESSAGES {
            let sent = sender.publish(QUEUE, vec![message(&id.to_string())]).await;
            sent.expect("stored");
        }
    };
    let taking = async {
        let mut taken = take_until(&first, MESSAGES / 4).await;
        first.stop(QUEUE).await.expect("stopped");
        taken.extend(take_until(&first, usize::MAX).await);
        assert!(
            taken.len() < MESSAGES,
            "it stopped too late to show anything"
        );
        assert_eq!(first.pull(QUEUE, 1).await.map(|leases| leases.len()), Ok(0));
        first.close().await.expect("closed");
        let second = broker.consumer().await;
        taken.extend(take_until(&second, MESSAGES - taken.len()).await);
        taken
    };
    let start = Instant::now();
    let ((), taken) = tokio::join!(sending, taking);
    assert!(
        start.elapsed() < Duration::from_secs(25),
        "something came late"
    );
    let distinct: BTreeSet<&String> = taken.iter().collect();
    assert_eq!((taken.len(), distinct.len()), (MESSAGES, MESSAGES));
}

/// The same in the middle of what the server sends for one request: most of it is on its way, or is not sent yet.
pub(crate) async fn a_stop_in_a_full_pipe_loses_nothing(program: PathBuf) {
    let broker = Broker::start(program).await;
    let first = broker.consumer().await;
    let large = |id: usize| Outgoing {
        payload: vec![b' '; 20_000],
        ..message(&id.to_string())
    };
    let sent = first
        .publish(QUEUE, (0..MESSAGES).map(large).collect())
        .await;
    sent.expect("stored");
    let start = Instant::now();
    let begun = first.pull(QUEUE, MESSAGES).await.expect("messages");
    first.stop(QUEUE).await.expect("stopped");
    let mut taken: Vec<String> = begun
        .iter()
        .map(|lease| lease.delivery.id.clone())
        .collect();
    taken.extend(take_until(&first, usize::MAX).await);
    let second = broker.consumer().await;
    taken.extend(take_until(&second, MESSAGES - taken.len()).await);
    assert!(
        start.elapsed() < Duration::from_secs(25),
        "something came late"
    );
    let distinct: BTreeSet<&String> = taken.iter().collect();
    assert_eq!(distinct.len(), MESSAGES);
}

pub(crate) async fn an_idle_queue_stops_at_once(program: PathBuf) {
    let broker = Broker::start(program).await;
    let client = broker.consumer().await;
    let start = Instant::now();
    let (pulled, stopped) = tokio::join!(client.pull(QUEUE, 50), async {
        ask_and_leave(&client, 5).await;
        client.stop(QUEUE).await
    });
    stopped.expect("stopped");
    assert_eq!(pulled.map(|leases| leases.len()), Ok(0));
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
    // Nobody else waits behind its request.
    let other = broker.consumer().await;
    send(&other, "a").await;
    assert_eq!(take(&other).await.delivery.attempt, 1);
}

pub(crate) async fn what_nobody_took_goes_back_when_it_closes(program: PathBuf) {
    let broker = Broker::start(program).await;
    let client = broker.consumer().await;
    ask_and_leave(&client, 3).await;
    for id in ["a", "b", "c"] {
        send(&client, id).await;
    }
    broker.unsettled(3).await;
    client.close().await.expect("closed");
    assert!(client.ready().is_err());
    let other = broker.consumer().await;
    for _ in 0..3 {
        assert_eq!(take(&other).await.delivery.attempt, 2);
    }
}
