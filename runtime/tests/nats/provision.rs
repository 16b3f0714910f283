//! What the provisioner makes, changes and refuses.

use std::path::PathBuf;
use std::time::Duration;

use async_nats::jetstream::{consumer, stream};
use cloudc::backend::Broker as _;
use cloudc::names::PROVISION;

use crate::broker::{Broker, send};

const PIECES: [&str; 3] = [
    "the stream `shop-orders`",
    "the stream `shop-orders-dead`",
    "the consumer `charge` of the stream `shop-orders`",
];

fn all(what: &str) -> Vec<String> {
    PIECES
        .iter()
        .map(|piece| format!("{piece}: {what}"))
        .collect()
}

pub(crate) async fn twice_is_once(program: PathBuf) {
    let broker = Broker::empty(program, "");
    assert_eq!(broker.provision().await, Ok(all("created")));
    send(&broker.consumer().await, "a").await;
    assert_eq!(broker.provision().await, Ok(all("unchanged")));
}

/// A work queue has one consumer. What the one before had taken and not acknowledged comes to the next.
pub(crate) async fn another_function_takes_the_place(program: PathBuf) {
    let mut broker = Broker::empty(program, "");
    broker.provision().await.expect("it is made");
    let charge = broker.consumer().await;
    send(&charge, "a").await;
    let taken = charge.pull("orders", 1).await.expect("a message");
    assert_eq!(taken.len(), 1);
    broker.queue.consumer = Some("bill".to_owned());
    let made = broker.provision().await.expect("it is made");
    let title = "the consumer `bill` of the stream `shop-orders`";
    assert_eq!(
        made[2],
        format!("{title}: created in the place of `charge`")
    );
    let again = broker.provision().await.expect("it is there");
    assert_eq!(again[2], format!("{title}: unchanged"));
    let bill = broker.consumer().await;
    let taken = bill.pull("orders", 1).await.expect("a message");
    assert_eq!(taken[0].delivery.payload, b"\"a\"");
}

/// The server would say so after the rest is done.
pub(crate) async fn a_strangers_consumer_is_refused(program: PathBuf) {
    let mut broker = Broker::empty(program, "");
    broker.queue.consumer = None;
    broker.provision().await.expect("it is made");
    let jetstream = broker.jetstream().await;
    let stream = jetstream.get_stream("shop-orders").await.expect("a stream");
    let spy = consumer::pull::Config {
        durable_name: Some("spy".to_owned()),
        description: Some("The function `charge` of bank.".to_owned()),
        ..Default::default()
    };
    stream.create_consumer(spy).await.expect("made");
    broker.queue.consumer = Some("charge".to_owned());
    broker.queue.max_age = Some(Duration::from_secs(60));
    let refused = broker.provision().await.expect_err("refused");
    assert_eq!(refused.len(), 1, "{refused:?}");
    for part in [
        "the consumer `charge` ",
        "the consumer `spy`, which is none of shop's",
    ] {
        assert!(refused[0].contains(part), "{part}: {refused:?}");
    }
    broker.queue.consumer = None;
    broker.queue.max_age = None;
    let unchanged = broker.provision().await.expect("nothing was done");
    assert!(
        unchanged.iter().all(|line| line.ends_with("unchanged")),
        "{unchanged:?}"
    );
}

pub(crate) async fn one_that_breaks_off_says_how_far_it_came(program: PathBuf) {
    let room = |streams: u32| {
        format!(
            "no_auth_user: all, accounts: {{ all: {{ jetstream: {{ max_streams: {streams} }}, \
             users: [{{user: all, password: all}}] }} }}"
        )
    };
    let mut broker = Broker::empty(program, &room(1));
    let said = broker.provision().await.expect_err("no room");
    let [why, done, rest] = &said[..] else {
        panic!("{said:?}");
    };
    assert!(why.starts_with(&format!("{}: ", PIECES[1])), "{why}");
    assert!(why.contains("maximum number of streams"), "{why}");
    assert!(done.ends_with(&format!("{}: created", PIECES[0])), "{done}");
    for piece in &PIECES[1..] {
        assert!(rest.contains(piece), "{rest}");
    }
    broker.go();
    std::fs::write(broker.store.path().join("nats.conf"), room(2)).expect("written");
    broker.come_back();
    let mut expected = all("created");
    expected[0] = format!("{}: unchanged", PIECES[0]);
    assert_eq!(broker.provision().await, Ok(expected));
}

pub(crate) async fn a_change_is_made_and_told(program: PathBuf) {
    let mut broker = Broker::empty(program, "");
    broker.provision().await.expect("it is made");
    broker.queue.ack_wait = Duration::from_secs(60);
    broker.queue.max_age = Some(Duration::from_secs(60));
    let changed = [
        format!(
            "{}: duplicate_window from 120 s to 60 s, max_age from no end to 60 s",
            PIECES[0]
        ),
        format!("{}: unchanged", PIECES[1]),
        format!("{}: ack_wait from 30 s to 60 s", PIECES[2]),
    ];
    assert_eq!(broker.provision().await, Ok(changed.to_vec()));
    assert_eq!(broker.provision().await, Ok(all("unchanged")));
    broker.queue.max_age = None;
    let back = broker.provision().await.expect("it is made");
    assert!(back[0].ends_with("max_age from 60 s to no end"), "{back:?}");
}

pub(crate) async fn what_would_lose_messages_is_not_done(program: PathBuf) {
    let mut broker = Broker::empty(program, "");
    broker.provision().await.expect("it is made");
    send(&broker.consumer().await, "a").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    broker.queue.max_age = Some(Duration::from_millis(200));
    // Nothing of the rest is done either.
    broker.queue.ack_wait = Duration::from_secs(60);
    let refused = broker.provision().await.expect_err("refused");
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(
        refused[0].contains("max_age from no end to 200ms"),
        "{refused:?}"
    );
    broker.queue.max_age = None;
    broker.queue.ack_wait = Duration::from_secs(30);
    assert_eq!(broker.provision().await, Ok(all("unchanged")));

    // Another application's, by accident.
    let jetstream = broker.jetstream().await;
    let other = stream::Config {
        name: "bank-orders".to_owned(),
        subjects: vec!["bank.>".to_owned()],
        ..Default::default()
    };
    jetstream.create_stream(other).await.expect("made");
    let access = cloudc::backend::Access {
        url: broker.url.clone(),
        credentials: None,
    };
    let queues = [broker.queue.clone()];
    let bank = cloudc::backend::nats::Nats::connect(&access, "bank", PROVISION, &queues).await;
    let refused = bank
        .expect("an address")
        .provision()
        .await
        .expect_err("refused");
    assert!(
        refused[0].contains("retention from \"limits\" to \"workqueue\""),
        "{refused:?}"
    );
}
