//! What only who deploys knows: queues that left the graph, and a revision that runs beside this one.

use super::{file, hello, tree, tree_of};
use crate::config::{NatsPermissions, Permissions, Retired, Settings};
use crate::graph::{CacheId, Graph, Operation, Resource};
use crate::lower::permissions;
use crate::lower::testing::shop;

fn retired(queue: &str, dead_letter: bool, delete: bool) -> Retired {
    Retired {
        queue: queue.to_owned(),
        dead_letter,
        delete,
    }
}

fn retiring(retired: &[Retired]) -> Settings {
    Settings {
        retired: retired.to_vec(),
        ..Settings::default()
    }
}

/// What the provisioner is told.
fn told(tree: &str) -> Option<String> {
    let (_, rest) = tree.split_once("name: CLOUDC_RETIRED\n")?;
    let value = rest.trim_start().strip_prefix("value: ")?;
    value.lines().next().map(str::to_owned)
}

/// The subjects with this verb that the provisioner may publish on, at the broker of this tree.
fn subjects(tree: &str, verb: &str) -> Vec<String> {
    let broker = file(tree, "nats.yaml");
    let mut subjects: Vec<String> = broker
        .split('"')
        .filter(|word| word.contains(verb))
        .map(str::to_owned)
        .collect();
    subjects.sort_unstable();
    subjects.dedup();
    subjects
}

#[test]
fn the_provisioner_deletes_what_left_the_graph() {
    let settings = retiring(&[
        retired("refunds", true, false),
        retired("parcels-2", false, true),
    ]);
    let tree = tree(&settings);
    assert_eq!(
        told(&tree).as_deref(),
        Some("parcels-2:delete,refunds:dead")
    );
    assert_eq!(
        subjects(&tree, "STREAM.DELETE"),
        [
            "$JS.API.STREAM.DELETE.shop-parcels-2",
            "$JS.API.STREAM.DELETE.shop-refunds",
            "$JS.API.STREAM.DELETE.shop-refunds-dead"
        ]
    );
    let looks = subjects(&tree, "STREAM.INFO.shop-refunds");
    assert_eq!(looks.len(), 2, "{looks:?}");
    // An empty one is set aside first. None is made.
    let aside = subjects(&tree, "STREAM.UPDATE.shop-refunds");
    assert_eq!(aside.len(), 2, "{aside:?}");
    assert!(subjects(&tree, "STREAM.CREATE.shop-refunds").is_empty());
    assert_eq!(
        tree.matches("CLOUDC_RETIRED").count(),
        1,
        "of the provisioner alone"
    );
    let provision = file(&tree, "provision.yaml");
    assert!(
        provision.contains("# queue refunds left the graph\n"),
        "{provision}"
    );
}

/// Its name has to change, or Kubernetes would run it no more.
#[test]
fn another_job_retires_other_queues() {
    let job = |settings: &Settings| {
        let tree = tree(settings);
        let name = tree
            .lines()
            .find(|line| line.starts_with("  name: shop-provision-"));
        name.map(str::to_owned).expect("a Job")
    };
    let names = [
        job(&Settings::default()),
        job(&retiring(&[retired("refunds", false, false)])),
        job(&retiring(&[retired("refunds", false, true)])),
        job(&retiring(&[retired("refunds", true, false)])),
    ];
    for (index, name) in names.iter().enumerate() {
        assert!(!names[..index].contains(name), "{names:?}");
    }
}

#[test]
fn a_queue_is_retired_once_and_only_if_it_is_gone() {
    let twice = retiring(&[
        retired("refunds", true, false),
        retired("orders", true, true),
        retired("refunds", false, true),
    ]);
    assert_eq!(told(&tree(&twice)).as_deref(), Some("refunds:dead:delete"));
    let back = tree(&retiring(&[retired("orders", true, true)]));
    assert_eq!(back, tree(&Settings::default()));
}

/// The failed messages of `orders` are in `shop-orders-dead`, which was the stream of a queue `orders-dead` before.
#[test]
fn a_stream_that_another_queue_has_now_stays() {
    let tree = tree(&retiring(&[retired("orders-dead", true, true)]));
    assert_eq!(
        subjects(&tree, "STREAM.DELETE"),
        ["$JS.API.STREAM.DELETE.shop-orders-dead-dead"]
    );
}

#[test]
fn without_a_queue_nobody_retires_any() {
    let settings = retiring(&[retired("orders", true, true)]);
    let hello = hello();
    assert_eq!(
        tree_of(&hello, &settings),
        tree_of(&hello, &Settings::default())
    );
}

/// The shop without the uses of the function of this name.
fn without_uses(function: &str) -> Graph {
    let mut graph = shop();
    let functions = graph.functions.clone();
    graph
        .edges
        .retain(|edge| functions[edge.function.0].name != function);
    graph
}

fn beside(running: Permissions) -> Settings {
    Settings {
        running: Some(running),
        ..Settings::default()
    }
}

#[test]
fn what_is_the_same_beside_changes_nothing() {
    let settings = beside(permissions::all(&shop()));
    assert_eq!(tree(&settings), tree(&Settings::default()));
}

/// Who needs less now keeps what it had; who needs nothing now keeps its user, its account and its Secret.
#[test]
fn users_may_do_what_either_revision_needs() {
    let settings = beside(permissions::all(&shop()));
    for name in ["charge", "place-order", "sweep-carts", "get-price"] {
        let with = tree_of(&without_uses(name), &settings);
        let before = tree(&Settings::default());
        assert_eq!(
            file(&with, "nats.yaml"),
            file(&before, "nats.yaml"),
            "{name}"
        );
        let users = |tree: &str| {
            let file = file(tree, "valkey.yaml");
            let mut lines: Vec<String> = file.lines().map(str::to_owned).collect();
            lines.sort_unstable();
            lines
        };
        assert_eq!(users(&with), users(&before), "{name}");
    }
    let no_carts = tree_of(&without_uses("sweep-carts"), &settings);
    assert!(
        file(&no_carts, "kustomization.yaml").contains("sweep-carts-valkey"),
        "its Secret has to stay"
    );
    assert!(!file(&no_carts, "schedule-sweep-carts.yaml").contains("valkey"));
}

#[test]
fn a_cache_is_opened_for_each_revision_by_itself() {
    let mut next = shop();
    for edge in &mut next.edges {
        if edge.function.0 == 4 {
            edge.resource = Resource::Cache(CacheId(2));
            edge.operation = Operation::Read;
        }
    }
    let tree = tree_of(&next, &beside(permissions::all(&shop())));
    let valkey = file(&tree, "valkey.yaml");
    let (_, rules) = valkey
        .split_once("        - refresh-prices\n")
        .expect("its rules");
    let rules: Vec<&str> = rules
        .lines()
        .map_while(|line| line.trim().strip_prefix("- "))
        .take_while(|rule| *rule != "--user")
        .collect();
    assert_eq!(
        rules[5..],
        [
            "(%R~shop:stock:* +exists +get +mget +pttl)",
            "(%W~shop:prices:* +del +pexpire +set +unlink)"
        ],
        "{rules:?}"
    );
}

/// The last queue is gone, and what runs beside still uses it: so does the broker stay.
#[test]
fn a_server_that_only_the_other_revision_uses_stays() {
    let mut running = permissions::all(&shop());
    let mut next = hello();
    next.app = "shop".to_owned();
    let tree = tree_of(&next, &beside(running.clone()));
    for server in ["nats.yaml", "valkey.yaml"] {
        assert!(tree.contains(&format!("==== {server}\n")), "{server}");
    }
    assert!(!tree.contains("==== provision.yaml\n"));
    running.nats.clear();
    assert!(!tree_of(&next, &beside(running)).contains("==== nats.yaml\n"));
}

#[test]
fn a_queue_that_is_still_in_use_is_not_retired() {
    let user = |subject: &str| Permissions {
        nats: [(
            "pay".to_owned(),
            NatsPermissions {
                publish: vec![subject.to_owned()],
                subscribe: vec!["_INBOX_pay.>".to_owned()],
            },
        )]
        .into(),
        ..Permissions::default()
    };
    let told = |subject: &str| {
        told(&tree(&Settings {
            retired: vec![retired("refunds", true, true)],
            running: Some(user(subject)),
            ..Settings::default()
        }))
    };
    assert_eq!(told("shop.refunds"), None);
    assert_eq!(told("$JS.API.CONSUMER.MSG.NEXT.shop-refunds.pay"), None);
    let retired = Some("refunds:dead:delete".to_owned());
    assert_eq!(told("shop.refunds-2"), retired);
    assert_eq!(
        told("$JS.API.CONSUMER.MSG.NEXT.shop-refunds-2.pay"),
        retired
    );
}

/// They are kept in the cluster, beside what is deployed.
#[test]
fn permissions_are_data() {
    let all = permissions::all(&shop());
    let text = serde_json::to_string(&all).expect("JSON");
    let back: Permissions = serde_json::from_str(&text).expect("permissions");
    assert_eq!(back, all);
    let users: Vec<&str> = all.nats.keys().map(String::as_str).collect();
    assert_eq!(
        users,
        [
            "charge",
            "mail-receipts",
            "ship",
            "shop",
            "shop-operator",
            "shop-provision"
        ]
    );
    let users: Vec<&str> = all.valkey.keys().map(String::as_str).collect();
    assert_eq!(
        users,
        ["charge", "prices", "refresh-prices", "shop", "sweep-carts"]
    );
    assert_eq!(permissions::all(&hello()), Permissions::default());
}
