//! Least privilege: what each workload may do at the servers is what its edges need, and nothing else. Every workload
//! tries every operation, with its own credentials.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::client::Client;
use crate::shop::Shop;

/// Who may do what: `charge may send to receipts`.
type Pairs = BTreeSet<String>;

fn graph() -> Value {
    let path = cloudc_tests::app::repository().join("snapshots/shop/graph.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("a graph")).expect("JSON")
}

fn names(list: &Value) -> Vec<&str> {
    let list = list.as_array().expect("a list").iter();
    list.map(|one| one["name"].as_str().expect("a name"))
        .collect()
}

/// The function that a queue triggers, which is a workload of the same name.
fn consumer<'a>(graph: &'a Value, queue: &str) -> &'a str {
    let functions = graph["functions"].as_array().expect("functions").iter();
    functions
        .filter(|function| function["trigger"]["queue"] == queue)
        .find_map(|function| function["name"].as_str())
        .expect("a consumer")
}

/// What the edges of the graph need: sends, reads and writes of functions, and the queues they are triggered by.
fn needed(graph: &Value) -> Pairs {
    let functions = graph["functions"].as_array().expect("functions");
    let workload = |name: &Value| {
        let function = functions.iter().find(|function| function["name"] == *name);
        function.expect("a function")["workload"]
            .as_str()
            .expect("a workload")
            .to_owned()
    };
    let mut pairs: Pairs = graph["edges"]
        .as_array()
        .expect("edges")
        .iter()
        .map(|edge| {
            let resource = edge["resource"]["name"].as_str().expect("a name");
            let verb = edge["operation"].as_str().expect("an operation");
            format!("{} may {verb} {resource}", workload(&edge["function"]))
        })
        .collect();
    for queue in graph["queues"].as_array().expect("queues") {
        let name = queue["name"].as_str().expect("a name");
        let consumer = consumer(graph, name);
        pairs.insert(format!("{consumer} may consume {name}"));
        pairs.insert(format!("{consumer} may inspect {name}"));
        if queue["dead_letter"] == true {
            pairs.insert(format!("{consumer} may bury {name}"));
        }
    }
    pairs
}

/// The subjects that an operation on a queue publishes on.
fn subjects(graph: &Value, verb: &str, queue: &str) -> Vec<String> {
    let (stream, consumer) = (format!("shop-{queue}"), consumer(graph, queue));
    match verb {
        "send" => vec![format!("shop.{queue}")],
        "bury" => vec![format!("shop.{queue}.dead")],
        "consume" => vec![
            format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"),
            format!("$JS.API.STREAM.MSG.GET.{stream}"),
            format!("$JS.ACK.{stream}.{consumer}.1.1.1.1.0"),
        ],
        "inspect" => vec![format!("$JS.API.CONSUMER.INFO.{stream}.{consumer}")],
        "measure" => vec![format!("$JS.API.STREAM.INFO.{stream}")],
        // What nobody but the operator may do.
        "operate" => vec![format!("$JS.API.STREAM.PURGE.{stream}")],
        "redrive" => vec![
            format!("$JS.API.STREAM.MSG.GET.{stream}-dead"),
            format!("$JS.API.STREAM.MSG.DELETE.{stream}-dead"),
            format!("$JS.API.STREAM.PURGE.{stream}-dead"),
        ],
        // What nobody but the provisioner may do.
        _ => vec![
            format!("$JS.API.STREAM.CREATE.{stream}"),
            format!("$JS.API.STREAM.UPDATE.{stream}"),
            format!("$JS.API.CONSUMER.CREATE.{stream}.{consumer}"),
            format!("$JS.API.CONSUMER.LIST.{stream}"),
            format!("$JS.API.CONSUMER.DELETE.{stream}.other"),
        ],
    }
}

/// Everything that is tried on every queue.
const VERBS: [&str; 8] = [
    "send",
    "bury",
    "consume",
    "inspect",
    "measure",
    "operate",
    "redrive",
    "provision",
];

/// What nobody may do, the provisioner and the operator neither.
const FORBIDDEN: [&str; 17] = [
    "$JS.API.INFO",
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.DELETE.shop-orders",
    "$JS.API.STREAM.DELETE.shop-orders-dead",
    "$JS.API.STREAM.MSG.DELETE.shop-orders",
    "$JS.API.STREAM.SNAPSHOT.shop-orders",
    "$JS.API.STREAM.CREATE.other",
    "$JS.API.DIRECT.GET.shop-orders",
    "$JS.API.DIRECT.GET.shop-orders-dead",
    "$JS.API.CONSUMER.CREATE.shop-orders-dead.other",
    "$JS.API.CONSUMER.DELETE.shop-orders-dead.other",
    "$JS.API.CONSUMER.DURABLE.CREATE.shop-orders.charge",
    "$JS.API.CONSUMER.CREATE.shop-orders.other",
    "$JS.API.CONSUMER.MSG.NEXT.shop-orders.other",
    "$SYS.REQ.ACCOUNT.PING",
    "other.orders",
];

#[test]
fn at_the_broker_every_workload_may_do_what_its_edges_need_and_nothing_else() {
    let Some(shop) = Shop::open() else { return };
    let address = format!("127.0.0.1:{}", shop.broker.port());
    let graph = graph();
    let queues = names(&graph["queues"]);
    let mut users = names(&graph["workloads"]);
    users.extend(["shop-provision", "shop-operator"]);
    let (mut may, mut tried) = (Pairs::new(), 0);
    for user in &users {
        // One that has no business with the broker has no user there.
        let Ok(mut client) = Client::connect(&address, user) else {
            continue;
        };
        for queue in &queues {
            for verb in VERBS {
                let subjects = subjects(&graph, verb, queue);
                let allowed = subjects
                    .iter()
                    .filter(|subject| client.may_publish(subject))
                    .count();
                tried += subjects.len();
                if allowed == subjects.len() {
                    may.insert(format!("{user} may {verb} {queue}"));
                } else {
                    assert_eq!(allowed, 0, "{user} may {verb} {queue} by half");
                }
            }
        }
        for subject in FORBIDDEN {
            tried += 1;
            assert!(
                !client.may_publish(subject),
                "{user} may publish on {subject}"
            );
        }
        for other in users.iter().filter(|other| *other != user) {
            tried += 1;
            let inbox = format!("_INBOX_{other}.>");
            assert!(
                !client.may_subscribe(&inbox),
                "{user} may listen to {inbox}"
            );
        }
        for subject in [">", "shop.>", "shop.orders", "_INBOX.>", "$JS.>"] {
            tried += 1;
            assert!(
                !client.may_subscribe(subject),
                "{user} may listen to {subject}"
            );
        }
    }
    let mut expected: Pairs = needed(&graph)
        .into_iter()
        .filter(|pair| {
            ["send", "bury", "consume", "inspect"]
                .iter()
                .any(|verb| pair.contains(&format!(" may {verb} ")))
        })
        .collect();
    for queue in &queues {
        for verb in ["inspect", "measure", "provision"] {
            expected.insert(format!("shop-provision may {verb} {queue}"));
        }
        for verb in ["inspect", "measure", "operate"] {
            expected.insert(format!("shop-operator may {verb} {queue}"));
        }
    }
    for queue in graph["queues"].as_array().expect("queues") {
        if queue["dead_letter"] == true {
            let name = queue["name"].as_str().expect("a name");
            // It sends them again.
            for verb in ["redrive", "send"] {
                expected.insert(format!("shop-operator may {verb} {name}"));
            }
        }
    }
    assert_eq!(may, expected, "of {tried} that were tried");
}

#[test]
fn at_the_cache_server_every_workload_may_do_what_its_edges_need_and_nothing_else() {
    let Some(shop) = Shop::open() else { return };
    let graph = graph();
    let mut may = Pairs::new();
    for user in names(&graph["workloads"]) {
        let url = format!("redis://{user}:secret@127.0.0.1:{}", shop.caches.port());
        let client = redis::Client::open(url).expect("an address");
        // One that has no business with the cache server has no user there.
        let Ok(mut connection) = client.get_connection() else {
            continue;
        };
        let mut allowed = |command: &str| {
            let mut words = command.split(' ');
            let mut ask = redis::cmd(words.next().expect("a command"));
            words.for_each(|word| _ = ask.arg(word));
            match ask.query::<redis::Value>(&mut connection) {
                Err(error) => error.code() != Some("NOPERM"),
                Ok(_) => true,
            }
        };
        for cache in names(&graph["caches"]) {
            let key = format!("shop:{cache}:x");
            for (verb, commands) in [
                ("read", ["GET {}", "EXISTS {}"]),
                ("write", ["SET {} 1 PX 60000", "UNLINK {}"]),
            ] {
                let both = commands.map(|command| allowed(&command.replace("{}", &key)));
                if both == [true, true] {
                    may.insert(format!("{user} may {verb} {cache}"));
                } else {
                    assert_eq!(both, [false, false], "{user} may {verb} {cache} by half");
                }
            }
        }
        for command in [
            "GET other:stock:x",
            "SET shop:x 1",
            "KEYS *",
            "SCAN 0",
            "FLUSHALL",
            "CONFIG GET maxmemory",
            "ACL LIST",
            "CLIENT LIST",
            "SUBSCRIBE x",
            "EVAL return 0",
            "MONITOR",
        ] {
            assert!(!allowed(command), "{user} may {command}");
        }
    }
    let expected: Pairs = needed(&graph)
        .into_iter()
        .filter(|pair| {
            [" may read ", " may write "]
                .iter()
                .any(|verb| pair.contains(verb))
        })
        .collect();
    assert_eq!(may, expected);
}
