//! The application's next revision on the same servers: a queue left the graph, and programs of the revision before may still
//! run.

use cloudc::backend::nats::{Leftover, Retired};
use cloudc::backend::{Broker as _, Connection as _, Failure};
use cloudc::names;
use cloudc_compiler::config::{self, Settings};
use cloudc_compiler::graph::{Graph, Operation, QueueId, Resource, WorkloadKind};
use cloudc_compiler::lower::permissions;
use serde_json::{Value, json};

use crate::client::Client;
use crate::current::server;
use crate::nats::Broker;
use crate::runtime::{client_of, message, queue, run};
use crate::testing::shop;
use crate::{objects_of, valkey};

const RECEIPTS: QueueId = QueueId(2);

/// The shop with dead letters of receipts.
fn before() -> Graph {
    let mut graph = shop();
    graph.queues[RECEIPTS.0].dead_letter = true;
    graph
}

/// The shop without that queue: nobody sends to it, and its function has become a schedule.
fn after() -> Graph {
    let mut graph = shop();
    graph.queues.truncate(RECEIPTS.0);
    graph
        .edges
        .retain(|edge| edge.resource != Resource::Queue(RECEIPTS));
    let schedule = graph
        .functions
        .iter()
        .position(|it| it.name == "refresh-prices");
    let trigger = graph.functions[schedule.expect("it is there")]
        .trigger
        .clone();
    for function in graph
        .functions
        .iter_mut()
        .filter(|it| it.name == "mail-receipts")
    {
        function.trigger = trigger.clone();
    }
    for workload in graph
        .workloads
        .iter_mut()
        .filter(|it| it.name == "mail-receipts")
    {
        workload.kind = WorkloadKind::Schedule;
    }
    graph
}

fn broker_of(graph: &Graph, settings: &Settings) -> Vec<Value> {
    objects_of(graph, settings, "nats.yaml")
}

fn retiring(delete: bool) -> Settings {
    Settings {
        retired: vec![config::Retired {
            queue: "receipts".to_owned(),
            dead_letter: true,
            delete,
        }],
        ..Settings::default()
    }
}

/// Makes everything of the revision before, with two messages in the queue and one dead letter.
async fn fill(broker: &Broker) {
    let mut receipts = queue("receipts", "mail-receipts");
    receipts.dead_letter = true;
    let queues = [
        queue("orders", "charge"),
        queue("parcels", "ship"),
        receipts,
    ];
    let provisioner = client_of(broker, names::PROVISION, &queues).await;
    provisioner.provision().await.expect("it is made");
    let charge = client_of(broker, "charge", &queues).await;
    let sent = charge.publish("receipts", vec![message("1"), message("2")]);
    sent.await.expect("stored");
    let mut dead = broker.user("mail-receipts");
    dead.api("shop.receipts.dead", &json!({}));
    for client in [provisioner, charge] {
        client.close().await.expect("closed");
    }
}

/// What the provisioner of the next revision makes of what is left.
async fn retire(broker: &Broker, delete: bool) -> Vec<Result<Leftover, Failure>> {
    let queues = [queue("orders", "charge"), queue("parcels", "ship")];
    let provisioner = client_of(broker, names::PROVISION, &queues).await;
    let unchanged = provisioner.provision().await.expect("it is there");
    assert!(
        unchanged.iter().all(|line| line.ends_with(": unchanged")),
        "{unchanged:?}"
    );
    let retired = Retired {
        queue: "receipts".to_owned(),
        dead_letter: true,
        delete,
    };
    let left = provisioner.retire(&[retired]).await;
    provisioner.close().await.expect("closed");
    left
}

fn left(stream: &str, messages: u64, deleted: bool) -> Result<Leftover, Failure> {
    Ok(Leftover {
        queue: "receipts".to_owned(),
        stream: stream.to_owned(),
        messages,
        deleted,
    })
}

#[test]
fn a_queue_that_left_the_graph_goes_once_it_is_empty() {
    let Some(server) = server() else {
        return;
    };
    let (old, new) = (
        broker_of(&before(), &Settings::default()),
        broker_of(&after(), &retiring(false)),
    );
    run(async {
        let broker = Broker::of(&server, &old);
        fill(&broker).await;
        let broker = broker.then(&server, &new);
        let kept = [
            left("shop-receipts", 2, false),
            left("shop-receipts-dead", 1, false),
        ];
        assert_eq!(retire(&broker, false).await, kept);
        assert_eq!(retire(&broker, false).await, kept);

        // Back, so that somebody can empty them.
        let broker = broker.then(&server, &old);
        let mut operator = broker.user("shop-operator");
        for (stream, purged) in [("shop-receipts", 2), ("shop-receipts-dead", 1)] {
            let purge = operator.api(&format!("$JS.API.STREAM.PURGE.{stream}"), &json!({}));
            assert_eq!(purge["purged"], purged);
        }
        let broker = broker.then(&server, &new);
        let gone = [
            left("shop-receipts", 0, true),
            left("shop-receipts-dead", 0, true),
        ];
        assert_eq!(retire(&broker, false).await, gone);
        assert_eq!(retire(&broker, false).await, []);
    });
}

#[test]
fn what_somebody_named_goes_with_its_messages() {
    let Some(server) = server() else {
        return;
    };
    run(async {
        let broker = Broker::of(&server, &broker_of(&before(), &Settings::default()));
        fill(&broker).await;
        let broker = broker.then(&server, &broker_of(&after(), &retiring(true)));
        let gone = [
            left("shop-receipts", 2, true),
            left("shop-receipts-dead", 1, true),
        ];
        assert_eq!(retire(&broker, true).await, gone);
        assert_eq!(retire(&broker, true).await, []);
    });
}

/// Nobody may delete what is not retired, and no others than the provisioner what is.
#[test]
fn only_what_is_retired_may_be_deleted() {
    let Some(server) = server() else {
        return;
    };
    run(async {
        let broker = Broker::of(&server, &broker_of(&before(), &Settings::default()));
        fill(&broker).await;
        let broker = broker.then(&server, &broker_of(&after(), &Settings::default()));
        let refused = retire(&broker, true).await;
        assert_eq!(refused.len(), 2, "{refused:?}");
        for refused in refused {
            assert!(matches!(refused, Err(Failure::Refused(_))), "{refused:?}");
        }
        let broker = broker.then(&server, &broker_of(&after(), &retiring(true)));
        let delete = "$JS.API.STREAM.DELETE.shop-receipts";
        for user in ["shop", "charge", "shop-operator"] {
            assert!(!may(&mut broker.user(user), delete), "{user}");
        }
        let mut provisioner = broker.user("shop-provision");
        assert!(!may(&mut provisioner, "$JS.API.STREAM.DELETE.shop-orders"));
        assert!(may(&mut provisioner, "$JS.API.STREAM.INFO.shop-receipts"));
    });
}

/// Whether the server lets a user publish on a subject.
fn may(client: &mut Client, subject: &str) -> bool {
    client.send(&format!("PUB {subject} 0\r\n\r\n"));
    client.settle().is_ok()
}

#[test]
fn programs_of_both_revisions_do_what_they_were_built_to_do() {
    let Some(server) = server() else {
        return;
    };
    let beside = Settings {
        running: Some(permissions::all(&before())),
        // It is in use, so it stays.
        ..retiring(true)
    };
    run(async {
        let broker = Broker::of(&server, &broker_of(&before(), &Settings::default()));
        fill(&broker).await;
        let broker = broker.then(&server, &broker_of(&after(), &beside));
        let mut old = queue("receipts", "mail-receipts");
        old.dead_letter = true;
        let queues = [old, queue("parcels", "ship")];
        // Of the revision before: it sends to the queue, takes from it and buries.
        let charge = client_of(&broker, "charge", &queues).await;
        let sent = charge.publish("receipts", vec![message("3")]);
        sent.await.expect("stored");
        let mail = client_of(&broker, "mail-receipts", &queues).await;
        let taken = mail.pull("receipts", 1).await.expect("a message");
        assert_eq!(taken.len(), 1);
        broker
            .user("mail-receipts")
            .api("shop.receipts.dead", &json!({}));
        // Of both.
        let sent = charge.publish("parcels", vec![message("1")]);
        sent.await.expect("stored");
        let provisioner = client_of(&broker, names::PROVISION, &queues).await;
        let delete = "$JS.API.STREAM.DELETE.shop-receipts";
        assert!(!may(&mut broker.user("shop-provision"), delete));
        for client in [charge, mail, provisioner] {
            client.close().await.expect("closed");
        }

        // Alone, the next one knows neither the user nor the right.
        let broker = broker.then(&server, &broker_of(&after(), &Settings::default()));
        let stranger = Client::connect(&broker.client, "mail-receipts").map(drop);
        assert!(stranger.is_err(), "mail-receipts has no queue any more");
        assert!(!may(&mut broker.user("charge"), "shop.receipts"));
    });
}

#[test]
fn caches_of_both_revisions_may_be_used() {
    let mut next = shop();
    let writes = |edge: &cloudc_compiler::graph::Edge| edge.operation == Operation::Write;
    next.edges
        .retain(|edge| !(edge.function.0 == 0 && writes(edge)) && edge.function.0 != 7);
    let settings = Settings {
        running: Some(permissions::all(&shop())),
        ..Settings::default()
    };
    let alone = objects_of(&next, &Settings::default(), "valkey.yaml");
    let beside = objects_of(&next, &settings, "valkey.yaml");
    let (Some(alone), Some(beside)) = (valkey::Server::of(&alone), valkey::Server::of(&beside))
    else {
        return;
    };
    let set = "SET shop:stock:tea 3";
    assert!(!alone.user("charge").may(set));
    assert!(beside.user("charge").may(set));
    assert!(beside.user("charge").may("GET shop:stock:tea"));
    assert!(!beside.user("charge").may("GET shop:carts:1"));
    assert!(beside.user("sweep-carts").may("UNLINK shop:carts:1"));
    assert!(!beside.user("sweep-carts").may("GET shop:carts:1"));
}
