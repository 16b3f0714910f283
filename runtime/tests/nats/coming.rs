//! Brokers that come, go, and say nothing.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use cloudc::backend::{Broker as _, Connection as _, Failure};
use cloudc::names::PROVISION;

use crate::broker::{Broker, QUEUE, ask_and_leave, message, send, take};

pub(crate) async fn a_broker_that_comes_late_is_waited_for(program: PathBuf) {
    let mut broker = Broker::empty(program, "");
    broker.go();
    let provisioner = broker.client(PROVISION).await;
    let why = provisioner.ready().expect_err("nobody is there");
    assert!(why.contains(&broker.url), "{why}");
    let (made, ()) = tokio::join!(provisioner.provision(), async { broker.come_back() });
    made.expect("it is made");
    assert_eq!(provisioner.ready(), Ok(()));
    let client = broker.consumer().await;
    send(&client, "a").await;
    assert_eq!(take(&client).await.delivery.id, "a");
}

pub(crate) async fn a_broker_that_restarts_is_waited_for(program: PathBuf) {
    let mut broker = Broker::start(program).await;
    let client = broker.consumer().await;
    ask_and_leave(&client, 5).await;
    broker.go();
    let sent = async {
        broker.come_back();
        // The consumer finds it by itself.
        send(&broker.client("shop").await, "a").await;
    };
    let (lease, ()) = tokio::join!(take(&client), sent);
    assert_eq!((&*lease.delivery.id, lease.delivery.attempt), ("a", 1));
    assert_eq!(client.ready(), Ok(()));
}

pub(crate) async fn a_broker_that_stands_still_does_not_answer(program: PathBuf) {
    let broker = Broker::start(program).await;
    let client = broker.consumer().await;
    send(&client, "a").await;
    broker.signal("-STOP");
    let start = Instant::now();
    let sent = client.publish(QUEUE, vec![message("b")]).await;
    assert!(matches!(sent, Err(Failure::NoAnswer(_))), "{sent:?}");
    assert!(start.elapsed() < Duration::from_secs(8));
    broker.signal("-CONT");
    // It may have been stored, and then it is known.
    let again = client.publish(QUEUE, vec![message("b")]).await;
    assert!(again.expect("it answers")[0].duplicate);
}

pub(crate) async fn a_stranger_is_told_so(program: PathBuf) {
    let config = "authorization { users: [{user: shop, password: right}] }";
    let broker = Broker::empty(program, config);
    let folder = tempfile::tempdir().expect("a folder");
    let login = |password: &str| {
        std::fs::write(folder.path().join("user"), "shop\n").expect("written");
        std::fs::write(folder.path().join("password"), password).expect("written");
    };
    login("right\n");
    let known = broker.client_with(PROVISION, Some(folder.path())).await;
    known.provision().await.expect("it is made");
    login("wrong");
    let stranger = broker.client_with("charge", Some(folder.path())).await;
    let sent = stranger.publish(QUEUE, vec![message("a")]).await;
    let Err(Failure::Unavailable(why)) = sent else {
        panic!("{sent:?}");
    };
    assert!(why.contains("authorization violation"), "{why}");
    assert!(!why.contains("wrong"), "{why}");
}
