//! The broker.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::client::{Client, key};
use crate::current::server;
use crate::{object, objects, variables};
use cloudc_tests::process::Process;

/// A broker with the shop's configuration.
pub(crate) struct Broker {
    process: Process,
    pub(crate) store: tempfile::TempDir,
    pub(crate) client: String,
    monitoring: String,
}

/// The command line for these manifests, with the configuration in this folder.
fn command(server: &Path, objects: &[Value], folder: &Path) -> Command {
    let text = object(objects, "ConfigMap")["data"]["nats.conf"]
        .as_str()
        .expect("text");
    // The volume is a folder of the test's own.
    let text = text.replace("\"/data\"", &format!("{folder:?}"));
    let config = folder.join("nats.conf");
    std::fs::write(&config, text).expect("written");
    let mut command = Command::new(server);
    command.arg("--config").arg(config);
    for (variable, user) in variables(object(objects, "StatefulSet")) {
        command.env(variable, key(&user).public_key());
    }
    command
}

impl Broker {
    pub(crate) fn start(server: &Path) -> Self {
        Self::of(server, &objects("nats.yaml"))
    }

    /// One with the configuration in these manifests.
    pub(crate) fn of(server: &Path, objects: &[Value]) -> Self {
        Self::on(server, objects, tempfile::tempdir().expect("a folder"))
    }

    /// The same broker, with another configuration.
    pub(crate) fn then(self, server: &Path, objects: &[Value]) -> Self {
        drop(self.process);
        Self::on(server, objects, self.store)
    }

    fn on(server: &Path, objects: &[Value], store: tempfile::TempDir) -> Self {
        let mut command = command(server, objects, store.path());
        // Any free port.
        command.args(["--addr", "127.0.0.1", "--port", "-1", "--http_port", "-1"]);
        let (process, lines) = Process::start(&mut command, "Server is ready");
        let address = |before: &str| {
            let line = lines
                .iter()
                .find_map(|line| line.split_once(before))
                .expect("a port");
            line.1
                .split_whitespace()
                .next()
                .expect("an address")
                .to_owned()
        };
        Self {
            client: address("Listening for client connections on "),
            monitoring: address("Starting http monitor on "),
            process,
            store,
        }
    }

    pub(crate) fn user(&self, user: &str) -> Client {
        Client::connect(&self.client, user).unwrap_or_else(|error| panic!("{user}: {error}"))
    }

    /// A page of the monitoring.
    fn monitoring(&self, page: &str) -> Value {
        let mut stream = TcpStream::connect(&self.monitoring).expect("a connection");
        write!(stream, "GET {page} HTTP/1.0\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(body).expect("JSON")
    }
}

/// How many messages each of these streams holds; `None` for one that is gone.
fn held(provisioner: &mut Client, streams: &[&str]) -> Vec<Option<u64>> {
    let info = |stream| {
        let subject = format!("$JS.API.STREAM.INFO.{stream}");
        let (_, answer) = provisioner.request(&subject, "").expect("an answer");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        answer["state"]["messages"].as_u64()
    };
    streams.iter().map(info).collect()
}

/// Makes what the provisioner makes, as its own user.
fn provision(broker: &Broker) {
    let mut client = broker.user("shop-provision");
    for (queue, consumer) in [
        ("orders", "charge"),
        ("parcels", "ship"),
        ("receipts", "mail-receipts"),
    ] {
        let stream = format!("shop-{queue}");
        let config = json!({"name": stream, "subjects": [format!("shop.{queue}")], "retention": "workqueue", "storage": "file", "num_replicas": 1});
        client.api(&format!("$JS.API.STREAM.CREATE.{stream}"), &config);
        client.api(&format!("$JS.API.STREAM.INFO.{stream}"), &json!({}));
        client.api(&format!("$JS.API.STREAM.UPDATE.{stream}"), &config);
        let config = json!({"stream_name": stream, "config": {"durable_name": consumer, "name": consumer, "ack_policy": "explicit", "deliver_policy": "all"}});
        client.api(
            &format!("$JS.API.CONSUMER.CREATE.{stream}.{consumer}"),
            &config,
        );
        client.api(
            &format!("$JS.API.CONSUMER.INFO.{stream}.{consumer}"),
            &json!({}),
        );
    }
    let dead = json!({"name": "shop-orders-dead", "subjects": ["shop.orders.dead"], "retention": "limits", "storage": "file", "num_replicas": 1});
    client.api("$JS.API.STREAM.CREATE.shop-orders-dead", &dead);
}

#[test]
fn the_server_takes_its_configuration() {
    let Some(server) = server() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let output = command(&server, &objects("nats.yaml"), folder.path())
        .arg("-t")
        .output()
        .expect("nats-server");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
}

#[test]
fn a_message_takes_its_way_and_keda_sees_it() {
    let Some(server) = server() else {
        return;
    };
    let broker = Broker::start(&server);
    provision(&broker);

    let stored = broker
        .user("shop")
        .api("shop.orders", &json!({"sku": "tea"}));
    assert_eq!(stored["stream"], "shop-orders");

    // What KEDA's scaler looks at: the account by its exact name, the stream, the consumer, its lag.
    let page = broker.monitoring("/jsz?acc=shop&consumers=true&config=true");
    let account = &page["account_details"][0];
    assert_eq!(account["name"], "shop", "{page}");
    let streams = account["stream_detail"].as_array().expect("streams");
    let orders = streams
        .iter()
        .find(|stream| stream["name"] == "shop-orders")
        .expect("the stream");
    let consumer = &orders["consumer_detail"][0];
    assert_eq!(
        (consumer["name"].as_str(), consumer["num_pending"].as_u64()),
        (Some("charge"), Some(1))
    );

    let mut charge = broker.user("charge");
    charge.api("$JS.API.CONSUMER.INFO.shop-orders.charge", &json!({}));
    let looked = charge.api("$JS.API.STREAM.MSG.GET.shop-orders", &json!({"seq": 1}));
    assert_eq!(looked["message"]["seq"], 1, "{looked}");
    let next = "$JS.API.CONSUMER.MSG.NEXT.shop-orders.charge";
    let (ack, order) = charge.request(next, "{\"batch\":1}").expect("a message");
    assert_eq!(order, "{\"sku\":\"tea\"}");
    charge
        .request(&ack, "+ACK")
        .expect("a confirmed acknowledgement");
    assert_eq!(
        charge.api("shop.orders.dead", &json!({}))["stream"],
        "shop-orders-dead"
    );
    assert_eq!(
        charge.api("shop.parcels", &json!({}))["stream"],
        "shop-parcels"
    );
}

#[test]
fn every_kind_of_answer_finds_its_way() {
    let Some(server) = server() else {
        return;
    };
    let broker = Broker::start(&server);
    provision(&broker);

    // Sent again with the same id: stored once.
    let mut shop = broker.user("shop");
    let mut send = |id: &str, payload: &str| {
        let stored = shop.request_with(&format!("Nats-Msg-Id: {id}"), "shop.orders", payload);
        assert_eq!(stored["stream"], "shop-orders", "{stored}");
        stored["duplicate"].as_bool().unwrap_or_default()
    };
    assert_eq!(
        [send("1", "one"), send("1", "one"), send("2", "two")],
        [false, true, false]
    );

    // One request, two messages.
    let next = "$JS.API.CONSUMER.MSG.NEXT.shop-orders.charge";
    let mut charge = broker.user("charge");
    let (one, payload) = charge.request(next, "{\"batch\":2}").expect("a message");
    assert!(payload.ends_with("one"), "{payload}");
    let (two, payload) = charge.next().expect("a message");
    assert!(payload.ends_with("two"), "{payload}");

    // Each asks for a confirmation, which is empty.
    let confirmed = |charge: &mut Client, ack: &str, what: &str| {
        let (_, answer) = charge.request(ack, what).expect("a confirmation");
        assert_eq!(answer, "", "{what}");
    };
    let waits = |charge: &mut Client| {
        let info = charge.api("$JS.API.CONSUMER.INFO.shop-orders.charge", &json!({}));
        (
            info["num_ack_pending"].as_u64(),
            info["num_pending"].as_u64(),
        )
    };
    confirmed(&mut charge, &one, "+WPI");
    assert_eq!(waits(&mut charge), (Some(2), Some(0)));
    confirmed(&mut charge, &one, "-NAK");
    let (again, payload) = charge.request(next, "{\"batch\":1}").expect("a message");
    assert!(payload.ends_with("one"), "{payload}");
    confirmed(&mut charge, &again, "+TERM");
    assert_eq!(waits(&mut charge), (Some(1), Some(0)));
    confirmed(&mut charge, &two, "+ACK");
    assert_eq!(waits(&mut charge), (Some(0), Some(0)));
    let (_, nothing) = charge
        .request(next, "{\"batch\":1,\"no_wait\":true}")
        .expect("a status");
    assert!(nothing.starts_with("NATS/1.0 404"), "{nothing}");
    let mut provisioner = broker.user("shop-provision");
    assert_eq!(held(&mut provisioner, &["shop-orders"]), [Some(0)]);
}

/// The broker asks no permission for the subject on which a message wants its answer.
#[test]
fn an_answer_cannot_be_sent_elsewhere() {
    let Some(server) = server() else {
        return;
    };
    let broker = Broker::start(&server);
    provision(&broker);
    let mut provisioner = broker.user("shop-provision");
    let mut charge = broker.user("charge");
    let mut shop = broker.user("shop");
    let mut ship = broker.user("ship");
    for subject in ["shop.parcels", "shop.receipts", "shop.orders.dead"] {
        charge.api(subject, &json!({}));
    }
    shop.api("shop.orders", &json!({}));

    let mut effects = Vec::new();

    // JetStream says that it stored a message.
    let others = ["shop-parcels", "shop-receipts", "shop-orders-dead"];
    let mut before = held(&mut provisioner, &others);
    assert_eq!(before, [Some(1); 3]);
    for elsewhere in [
        "shop.parcels",
        "shop.receipts",
        "shop.orders.dead",
        "$JS.API.STREAM.PURGE.shop-parcels",
        "$JS.API.STREAM.DELETE.shop-receipts",
    ] {
        shop.publish("shop.orders", elsewhere, "{}");
        // The answer to the next one comes after the answer to this.
        shop.api("shop.orders", &json!({}));
        let after = held(&mut provisioner, &others);
        if after != before {
            effects.push(format!("stored, with the answer to {elsewhere}"));
        }
        before = after;
    }

    let next = "$JS.API.CONSUMER.MSG.NEXT.shop-parcels.ship";
    let others = ["shop-orders", "shop-receipts", "shop-orders-dead"];
    let mut before = held(&mut provisioner, &others);
    for elsewhere in [
        "shop.orders",
        "shop.receipts",
        "shop.orders.dead",
        "$JS.API.STREAM.PURGE.shop-orders",
        "$JS.API.STREAM.DELETE.shop-orders-dead",
    ] {
        // It hands out a message.
        for _ in 0..2 {
            charge.api("shop.parcels", &json!({}));
        }
        ship.publish(next, elsewhere, "{\"batch\":1}");
        let (ack, _) = ship.request(next, "{\"batch\":1}").expect("a message");
        let after = held(&mut provisioner, &others);
        if after != before {
            effects.push(format!("pulled to {elsewhere}"));
        }
        before = after;
        // It confirms an acknowledgement. A second one is confirmed after it.
        ship.publish(&ack, elsewhere, "+ACK");
        ship.request(&ack, "+ACK").expect("a confirmation");
        let after = held(&mut provisioner, &others);
        if after != before {
            effects.push(format!("acknowledged to {elsewhere}"));
        }
        before = after;
    }
    assert_eq!(effects, Vec::<String>::new());
}

#[test]
fn nobody_can_do_more() {
    let Some(server) = server() else {
        return;
    };
    let broker = Broker::start(&server);
    provision(&broker);
    // What each user may publish, of all that anybody may, and of what nobody may.
    let everybodys = [
        "shop.orders",
        "shop.orders.dead",
        "shop.parcels",
        "shop.receipts",
        "$JS.ACK.shop-orders.charge.1.1.1.1.1",
        "$JS.ACK.shop-parcels.ship.1.1.1.1.1",
        "$JS.API.CONSUMER.INFO.shop-orders.charge",
        "$JS.API.CONSUMER.MSG.NEXT.shop-orders.charge",
        "$JS.API.CONSUMER.MSG.NEXT.shop-parcels.ship",
        "$JS.API.CONSUMER.CREATE.shop-orders.charge",
        "$JS.API.STREAM.CREATE.shop-orders",
        "$JS.API.STREAM.INFO.shop-orders",
        "$JS.API.STREAM.UPDATE.shop-orders",
        "$JS.API.STREAM.MSG.DELETE.shop-orders-dead",
        "$JS.API.STREAM.MSG.GET.shop-orders-dead",
        "$JS.API.STREAM.PURGE.shop-orders",
        "$JS.API.STREAM.PURGE.shop-orders-dead",
        "$JS.API.CONSUMER.LIST.shop-orders",
        "$JS.API.CONSUMER.DELETE.shop-orders.charge",
        "$JS.API.STREAM.MSG.GET.shop-orders",
    ];
    let nobodys = [
        "$JS.API.INFO",
        "$JS.API.STREAM.NAMES",
        "$JS.API.STREAM.DELETE.shop-orders",
        "$JS.API.STREAM.DELETE.shop-orders-dead",
        "$JS.API.STREAM.MSG.DELETE.shop-orders",
        "$JS.API.DIRECT.GET.shop-orders",
        "$JS.API.DIRECT.GET.shop-orders-dead",
        "$JS.API.STREAM.CREATE.spy",
        "$JS.API.CONSUMER.CREATE.shop-orders-dead.spy",
        "$JS.API.CONSUMER.CREATE.shop-orders.spy",
        "$JS.API.CONSUMER.CREATE.shop-orders.charge.shop.orders",
        "$JS.API.CONSUMER.DURABLE.CREATE.shop-orders.spy",
        "$SYS.REQ.SERVER.PING",
        "_INBOX_charge.1",
        "shop",
        "shop.other",
        "elsewhere",
    ];
    let mut allowed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for user in [
        "charge",
        "mail-receipts",
        "ship",
        "shop",
        "shop-operator",
        "shop-provision",
    ] {
        let mut client = broker.user(user);
        let subjects = everybodys.iter().chain(&nobodys);
        allowed.insert(
            user,
            subjects
                .filter(|subject| client.may_publish(subject))
                .copied()
                .collect(),
        );
        let inboxes = [
            "_INBOX_charge.>",
            "_INBOX_ship.>",
            "_INBOX_shop-operator.>",
            "_INBOX.>",
            "shop.orders",
            "shop.>",
            ">",
            "$JS.EVENT.>",
        ];
        let own = format!("_INBOX_{user}.>");
        for subject in inboxes.into_iter().filter(|subject| *subject != own) {
            assert!(
                !client.may_subscribe(subject),
                "{user} may subscribe to {subject}"
            );
        }
    }
    let expected: BTreeMap<&str, Vec<&str>> = [
        (
            "charge",
            vec![
                "shop.orders.dead",
                "shop.parcels",
                "shop.receipts",
                "$JS.ACK.shop-orders.charge.1.1.1.1.1",
                "$JS.API.CONSUMER.INFO.shop-orders.charge",
                "$JS.API.CONSUMER.MSG.NEXT.shop-orders.charge",
                "$JS.API.STREAM.MSG.GET.shop-orders",
            ],
        ),
        ("mail-receipts", vec![]),
        (
            "ship",
            vec![
                "$JS.ACK.shop-parcels.ship.1.1.1.1.1",
                "$JS.API.CONSUMER.MSG.NEXT.shop-parcels.ship",
            ],
        ),
        ("shop", vec!["shop.orders"]),
        (
            "shop-operator",
            vec![
                "shop.orders",
                "$JS.API.CONSUMER.INFO.shop-orders.charge",
                "$JS.API.STREAM.INFO.shop-orders",
                "$JS.API.STREAM.MSG.DELETE.shop-orders-dead",
                "$JS.API.STREAM.MSG.GET.shop-orders-dead",
                "$JS.API.STREAM.PURGE.shop-orders",
                "$JS.API.STREAM.PURGE.shop-orders-dead",
            ],
        ),
        (
            "shop-provision",
            vec![
                "$JS.API.CONSUMER.INFO.shop-orders.charge",
                "$JS.API.CONSUMER.CREATE.shop-orders.charge",
                "$JS.API.STREAM.CREATE.shop-orders",
                "$JS.API.STREAM.INFO.shop-orders",
                "$JS.API.STREAM.UPDATE.shop-orders",
                "$JS.API.CONSUMER.LIST.shop-orders",
                "$JS.API.CONSUMER.DELETE.shop-orders.charge",
            ],
        ),
    ]
    .into();
    assert_eq!(allowed, expected);
}

#[test]
fn a_stranger_is_not_let_in() {
    let Some(server) = server() else {
        return;
    };
    let broker = Broker::start(&server);
    let refused = Client::connect(&broker.client, "stranger")
        .err()
        .expect("refused");
    assert!(refused.contains("Authorization Violation"), "{refused}");
}
