//! The runtime's own client at the bundled broker: with the permissions that the compiler writes, it can do everything that
//! it does, and it is told at once what it may not.

use std::collections::BTreeMap;
use std::time::Duration;

use cloudc::backend::nats::{Nats, Queue};
use cloudc::backend::{Access, Broker as _, Connection as _, Dead, Failure, Outgoing, Settlement};
use cloudc::names;
use tokio::time::timeout;

use crate::client::key;
use crate::current::server;
use crate::nats::Broker;

pub(crate) const APP: &str = "shop";

pub(crate) fn queue(name: &str, consumer: &str) -> Queue {
    Queue {
        name: name.to_owned(),
        consumer: Some(consumer.to_owned()),
        ack_wait: Duration::from_secs(30),
        dedupe: Duration::from_secs(120),
        max_age: None,
        dead_letter: name == "orders",
    }
}

async fn client(broker: &Broker, workload: &str) -> Nats {
    let queues = [
        queue("orders", "charge"),
        queue("parcels", "ship"),
        queue("receipts", "mail-receipts"),
    ];
    client_of(broker, workload, &queues).await
}

/// A client of a program with these queues.
pub(crate) async fn client_of(broker: &Broker, workload: &str, queues: &[Queue]) -> Nats {
    let user = if workload == names::PROVISION {
        "shop-provision"
    } else {
        workload
    };
    let folder = broker.store.path().join(user);
    std::fs::create_dir_all(&folder).expect("a folder");
    let seed = key(user).seed().expect("a seed");
    std::fs::write(folder.join("seed"), seed).expect("written");
    let access = Access {
        url: format!("nats://{}", broker.client),
        credentials: Some(folder),
    };
    let client = Nats::connect(&access, APP, workload, queues).await;
    client.expect("an address and a seed")
}

pub(crate) fn message(id: &str) -> Outgoing {
    Outgoing {
        id: id.to_owned(),
        keyed: true,
        payload: b"{}".to_vec(),
        headers: BTreeMap::new(),
        delay: Duration::ZERO,
    }
}

pub(crate) fn run(case: impl Future<Output = ()>) {
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("threads");
    let ended = threads.block_on(async { timeout(Duration::from_secs(180), case).await });
    ended.expect("it ends");
}

#[test]
fn everybody_can_do_what_it_does() {
    let Some(server) = server() else {
        return;
    };
    let broker = Broker::start(&server);
    run(async {
        let provisioner = client(&broker, names::PROVISION).await;
        let made = provisioner.provision().await.expect("it is made");
        assert_eq!(made.len(), 7, "{made:?}");
        let again = provisioner.provision().await.expect("it is there");
        assert!(
            again.iter().all(|line| line.ends_with(": unchanged")),
            "{again:?}"
        );

        let shop = client(&broker, "shop").await;
        let sent = shop
            .publish("orders", vec![message("1"), message("1"), message("2")])
            .await;
        let duplicates: Vec<bool> = sent
            .expect("stored")
            .iter()
            .map(|sent| sent.duplicate)
            .collect();
        assert_eq!(duplicates, [false, true, false]);

        let charge = client(&broker, "charge").await;
        assert_eq!(charge.lag("orders").await, Ok(2));
        let mut leases = Vec::new();
        while leases.len() < 2 {
            leases.extend(charge.pull("orders", 2).await.expect("messages"));
        }
        for how in [Settlement::Progress, Settlement::Done] {
            leases[0].hold.settle(how).await.expect("settled");
        }
        leases[1]
            .hold
            .settle(Settlement::Returned)
            .await
            .expect("settled");
        let again = charge.pull("orders", 1).await.expect("messages").remove(0);
        assert_eq!(again.delivery.attempt, 2);
        let dead = Dead {
            delivery: again.delivery.clone(),
            sequence: again.sequence,
            stored: again.stored,
            reason: "no money".to_owned(),
        };
        charge.bury("orders", dead).await.expect("kept");
        again
            .hold
            .settle(Settlement::Dropped)
            .await
            .expect("settled");
        assert_eq!(charge.lag("orders").await, Ok(0));
        charge
            .publish("parcels", vec![message("1")])
            .await
            .expect("stored");

        // With a request open, and one that the server gives up.
        let open = timeout(Duration::from_millis(300), charge.pull("orders", 5)).await;
        assert!(open.is_err(), "{open:?}");
        let start = std::time::Instant::now();
        charge.stop("orders").await.expect("stopped");
        assert!(start.elapsed() < Duration::from_secs(3));
        assert_eq!(
            charge.pull("orders", 1).await.map(|leases| leases.len()),
            Ok(0)
        );
        charge.close().await.expect("closed");
    });
}

#[test]
fn what_the_graph_has_not_is_refused_at_once() {
    let Some(server) = server() else {
        return;
    };
    let broker = Broker::start(&server);
    run(async {
        let provisioner = client(&broker, names::PROVISION).await;
        provisioner.provision().await.expect("it is made");
        let shop = client(&broker, "shop").await;
        let start = std::time::Instant::now();
        let sent = shop.publish("parcels", vec![message("1")]).await.map(drop);
        let pulled = shop.pull("orders", 1).await.map(drop);
        let lag = shop.lag("orders").await.map(drop);
        for refused in [sent, pulled, lag] {
            let Err(Failure::Refused(why)) = refused else {
                panic!("{refused:?}");
            };
            assert!(why.contains("deploy again"), "{why}");
        }
        assert!(start.elapsed() < Duration::from_secs(4));
    });
}

/// As after a deployment that came before its provisioner.
#[test]
fn without_the_streams_it_says_who_makes_them() {
    let Some(server) = server() else {
        return;
    };
    let broker = Broker::start(&server);
    run(async {
        let charge = client(&broker, "charge").await;
        let sent = charge
            .publish("parcels", vec![message("1")])
            .await
            .map(drop);
        let pulled = charge.pull("orders", 1).await.map(drop);
        for failed in [sent, pulled] {
            let Err(Failure::Unavailable(why)) = failed else {
                panic!("{failed:?}");
            };
            assert!(why.contains("`shop-provision`"), "{why}");
        }
    });
}
