//! The lowering of whole applications, as the files that a user reads.

mod deployed;

use super::testing::{shop, span};
use crate::codes;
use crate::config::{Address, Egress, ExistingNats, Knative, Nats, Settings, Target};
use crate::diagnostic::Diagnostic;
use crate::emit::yaml;
use crate::graph::{Graph, Sandbox, Setting, WorkloadKind};

fn tree_of(graph: &Graph, settings: &Settings) -> String {
    let manifests = super::lower(graph, settings).expect("it lowers");
    let files = manifests.iter().map(|manifest| {
        let text = yaml::file(manifest).expect("YAML");
        format!("==== {}\n{text}", manifest.file)
    });
    files.collect::<Vec<_>>().join("\n")
}

fn tree(settings: &Settings) -> String {
    tree_of(&shop(), settings)
}

fn kubernetes() -> Settings {
    Settings {
        target: Target::Kubernetes,
        ..Settings::default()
    }
}

/// The smallest application: one service, nothing that it uses.
fn hello() -> Graph {
    let mut graph = shop();
    graph.app = "hello".to_owned();
    graph.functions = graph.functions.drain(1..2).collect();
    graph.workloads.retain(|workload| workload.name == "prices");
    graph.edges.clear();
    graph.queues.clear();
    graph.caches.clear();
    graph.workloads[0].functions = vec![crate::graph::FunctionId(0)];
    graph
}

/// The lines of a workload's own file.
fn file(tree: &str, name: &str) -> String {
    let (_, rest) = tree
        .split_once(&format!("==== {name}\n"))
        .expect("the file");
    rest.split("\n==== ").next().unwrap_or_default().to_owned()
}

fn refused(graph: &Graph, settings: &Settings) -> Vec<Diagnostic> {
    super::lower(graph, settings).expect_err("it is refused")
}

fn existing_nats() -> ExistingNats {
    ExistingNats {
        secret: "broker".to_owned(),
        address: Address {
            host: "nats.messaging.svc".to_owned(),
            port: 4222,
        },
        provision_secret: None,
        tls: true,
        monitoring_tls: false,
        account: Some("SHOP".to_owned()),
        monitoring: Some(Address {
            host: "nats.messaging.svc".to_owned(),
            port: 8222,
        }),
        span: span(20),
    }
}

#[test]
fn shop_on_knative() {
    insta::assert_snapshot!(tree(&Settings::default()));
}

#[test]
fn shop_on_kubernetes() {
    insta::assert_snapshot!(tree(&kubernetes()));
}

#[test]
fn an_application_that_uses_nothing_gets_no_backend() {
    let tree = tree_of(&hello(), &Settings::default());
    let files: Vec<_> = tree
        .lines()
        .filter_map(|line| line.strip_prefix("==== "))
        .collect();
    assert_eq!(
        files,
        [
            "namespace.yaml",
            "service-prices.yaml",
            "kustomization.yaml"
        ]
    );
    for word in [
        "CLOUDC_NATS",
        "CLOUDC_VALKEY",
        "secret",
        "egress:",
        "Secrets",
    ] {
        assert!(!tree.contains(word), "{word}\n{tree}");
    }
}

#[test]
fn a_workload_names_only_what_its_edges_need() {
    let tree = tree(&Settings::default());
    let prices = file(&tree, "service-prices.yaml");
    assert!(
        prices.contains("secretName: prices-valkey") && !prices.contains("nats"),
        "{prices}"
    );
    let ship = file(&tree, "consumer-ship.yaml");
    assert!(
        ship.contains("secretName: ship-nats") && !ship.contains("valkey"),
        "{ship}"
    );
}

/// Every subject that the operator may publish on: none that changes a stream or takes a message from a consumer, and none
/// that reads what is in a queue.
#[test]
fn an_operator_looks_and_deals_with_dead_letters() {
    let operator = super::permissions::operator(&shop()).expect("there are queues");
    assert_eq!(
        operator.publish,
        [
            "$JS.API.CONSUMER.INFO.shop-orders.charge",
            "$JS.API.CONSUMER.INFO.shop-parcels.ship",
            "$JS.API.CONSUMER.INFO.shop-receipts.mail-receipts",
            "$JS.API.STREAM.INFO.shop-orders",
            "$JS.API.STREAM.INFO.shop-orders-dead",
            "$JS.API.STREAM.INFO.shop-parcels",
            "$JS.API.STREAM.INFO.shop-receipts",
            "$JS.API.STREAM.MSG.DELETE.shop-orders-dead",
            "$JS.API.STREAM.MSG.GET.shop-orders-dead",
            "$JS.API.STREAM.PURGE.shop-orders",
            "$JS.API.STREAM.PURGE.shop-orders-dead",
            "$JS.API.STREAM.PURGE.shop-parcels",
            "$JS.API.STREAM.PURGE.shop-receipts",
            "shop.orders",
        ]
    );
    assert_eq!(operator.subscribe, ["_INBOX_shop-operator.>"]);
    assert_eq!(super::permissions::operator(&hello()), None);
}

/// It is a person's: the broker knows it, and no pod has its Secret or may connect as it.
#[test]
fn no_pod_is_the_operator() {
    let tree = tree(&Settings::default());
    let broker = file(&tree, "nats.yaml");
    assert!(broker.contains("key: shop-operator\n"), "{broker}");
    let (_, policy) = broker.split_once("kind: NetworkPolicy").expect("a policy");
    assert!(
        policy.contains("- shop-provision\n") && !policy.contains("operator\n"),
        "{policy}"
    );
    assert!(!tree.contains("secretName: shop-operator-nats"));
    let kustomization = file(&tree, "kustomization.yaml");
    assert!(
        kustomization.contains("#   shop-operator-nats           seed: "),
        "{kustomization}"
    );
}

#[test]
fn an_existing_broker_is_pointed_at() {
    let settings = Settings {
        nats: Nats::Existing(existing_nats()),
        namespace: Some("prod".to_owned()),
        ..Settings::default()
    };
    let tree = tree(&settings);
    assert!(!tree.contains("==== nats.yaml"));
    insta::assert_snapshot!(file(&tree, "consumer-ship.yaml"));
    let kustomization = file(&tree, "kustomization.yaml");
    assert!(
        kustomization.contains("broker   ") && !kustomization.contains("ship-nats"),
        "{kustomization}"
    );
    // Nobody makes an operator there, so it is said what one needs.
    assert!(
        kustomization.contains("#   $JS.API.STREAM.MSG.GET.shop-orders-dead\n")
            && kustomization.contains("# and subscribes to\n#   _INBOX_shop-operator.>\n")
            && !kustomization.contains("operator-nats"),
        "{kustomization}"
    );
}

#[test]
fn keda_has_to_see_an_existing_broker() {
    let nats = Nats::Existing(ExistingNats {
        account: None,
        monitoring: None,
        ..existing_nats()
    });
    let settings = Settings {
        nats,
        ..Settings::default()
    };
    let found = refused(&shop(), &settings);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].code, found[0].span()),
        (codes::CONFIG_VALUE, Some(span(20)))
    );
    assert_eq!(
        found[0].help.as_deref(),
        Some("add account = \"NAME\" and monitoring = \"HOST:8222\"")
    );
    let settings = Settings {
        target: Target::Kubernetes,
        ..settings
    };
    assert!(
        super::lower(&shop(), &settings).is_ok(),
        "without KEDA nobody has to"
    );
}

#[test]
fn a_sandbox_on_knative_needs_the_clusters_flag() {
    let mut graph = shop();
    for workload in &mut graph.workloads {
        workload.limits.sandbox = Sandbox::Gvisor;
    }
    let asked = span(30);
    graph.functions[1].knobs.sandbox = Some(Setting {
        value: Sandbox::Gvisor,
        span: asked,
    });
    let found = refused(&graph, &Settings::default());
    let services = graph
        .workloads
        .iter()
        .filter(|workload| workload.kind == WorkloadKind::Service);
    assert_eq!(
        found.len(),
        services.count(),
        "queue and schedule functions have no such limit"
    );
    assert!(
        found
            .iter()
            .all(|found| found.code == codes::SANDBOX_UNAVAILABLE)
    );
    assert_eq!(found[0].span(), Some(asked));

    let flag = Knative {
        runtime_class: true,
        ..Knative::default()
    };
    let allowed = Settings {
        knative: flag,
        ..Settings::default()
    };
    for settings in [allowed, kubernetes()] {
        let tree = tree_of(&graph, &settings);
        assert_eq!(
            tree.matches("runtimeClassName: gvisor").count(),
            graph.workloads.len()
        );
    }
}

#[test]
fn an_egress_rule_is_for_functions_that_exist() {
    let egress = |function: &str| Settings {
        egress: vec![Egress {
            cidr: "203.0.113.0/24".to_owned(),
            ports: vec![443],
            functions: vec![Setting {
                value: function.to_owned(),
                span: span(40),
            }],
        }],
        ..Settings::default()
    };
    let found = refused(&shop(), &egress("chrage"));
    assert_eq!(
        (found[0].code, found[0].span()),
        (codes::CONFIG_VALUE, Some(span(40)))
    );
    assert_eq!(found[0].help.as_deref(), Some("did you mean `charge`?"));

    let tree = tree(&egress("charge"));
    assert_eq!(tree.matches("203.0.113.0/24").count(), 1);
    assert!(file(&tree, "consumer-charge.yaml").contains("203.0.113.0/24"));
}

#[test]
fn a_configuration_of_other_content_has_another_name() {
    let name = |graph: &Graph, prefix: &str| {
        let tree = tree_of(graph, &Settings::default());
        let line = tree.lines().find(|line| line.starts_with(prefix));
        line.map(str::to_owned).expect("a name")
    };
    let mut changed = shop();
    changed.edges.remove(0);
    let config = "  name: shop-nats-config-";
    assert_ne!(name(&shop(), config), name(&changed, config));
    let mut changed = shop();
    changed.queues[0].ack_wait *= 2;
    let job = "  name: shop-provision-";
    assert_ne!(name(&shop(), job), name(&changed, job));
    assert_eq!(name(&shop(), config), name(&changed, config));
}

/// The numbers of `check` are those of what is made here.
#[test]
fn the_longest_name_fits_a_label() {
    let mut graph = shop();
    graph.app = "a".repeat(crate::check::longest_app(&graph).0);
    let tree = tree_of(&graph, &Settings::default());
    let names = tree
        .lines()
        .filter_map(|line| line.strip_prefix("  name: "));
    // A ConfigMap's name never becomes a label.
    let names = names.filter(|name| !name.contains("-config-"));
    let longest = names.max_by_key(|name| name.len()).unwrap_or_default();
    assert_eq!(longest.len(), 63, "{longest}");

    graph.queues.clear();
    graph
        .edges
        .retain(|edge| matches!(edge.resource, crate::graph::Resource::Cache(_)));
    graph.app = "a".repeat(crate::check::longest_app(&graph).0);
    let tree = tree_of(&graph, &Settings::default());
    let (_, name) = file(&tree, "valkey.yaml")
        .split_once("kind: StatefulSet\nmetadata:\n  name: ")
        .map(|(_, rest)| ((), rest.lines().next().unwrap_or_default().to_owned()))
        .expect("a StatefulSet");
    assert_eq!(name.len(), 52, "{name}");
}

/// The application with this scale for every workload.
fn scaled(min: u32, max: Option<u32>) -> Graph {
    let mut graph = shop();
    for workload in &mut graph.workloads {
        workload.limits.scale = crate::graph::Scale { min, max };
    }
    graph
}

#[test]
fn the_most_is_never_less_than_the_least() {
    let tree = tree_of(&scaled(200, None), &Settings::default());
    let charge = file(&tree, "consumer-charge.yaml");
    assert!(
        charge.contains("minReplicaCount: 200") && charge.contains("maxReplicaCount: 200"),
        "{charge}"
    );
}

/// A GitOps controller makes a Job anew that Kubernetes has deleted.
#[test]
fn the_provisioner_stays() {
    let tree = tree(&Settings::default());
    assert!(!tree.contains("ttlSeconds"), "{tree}");
}

/// The activator counts a cold start against the timeout.
#[test]
fn knative_waits_longer_than_the_handler_may_take() {
    let timeout = |millis| {
        let mut graph = hello();
        graph.workloads[0].limits.timeout = std::time::Duration::from_millis(millis);
        let tree = tree_of(&graph, &Settings::default());
        let line = tree.lines().find_map(|line| {
            let number = line.trim().strip_prefix("timeoutSeconds: ")?;
            number.parse::<u32>().ok()
        });
        line.expect("a timeout")
    };
    assert_eq!(
        [1_500, 30_000, 590_000, 595_000, 600_000].map(timeout),
        [40, 40, 600, 600, 600]
    );
}

#[test]
fn metrics_are_for_the_autoscaler_alone() {
    let tree = tree_of(&hello(), &Settings::default());
    let prices = file(&tree, "service-prices.yaml");
    let ports = |rule: &str| {
        let lines = rule.lines().filter_map(|line| {
            let (_, port) = line.split_once("port: ")?;
            port.parse().ok()
        });
        lines.collect::<Vec<u16>>()
    };
    let (serving, rest) = prices
        .split_once("- from:")
        .expect("a rule")
        .1
        .split_once("- from:")
        .expect("another");
    assert!(serving.contains("knative-serving") && rest.contains("kourier-system"));
    assert_eq!(ports(serving), [8012, 8013, 8112, 9090]);
    assert_eq!(ports(rest), [8012, 8013, 8112]);

    let nobody = Settings {
        knative: Knative {
            ingress: Vec::new(),
            ..Knative::default()
        },
        ..Settings::default()
    };
    let tree = tree_of(&hello(), &nobody);
    assert_eq!(
        tree.matches("- from:").count(),
        1,
        "an empty selector lets everybody in"
    );
}

#[test]
fn several_pods_of_a_knative_service_are_drained_one_by_one() {
    for (min, budgets) in [(0, 0), (1, 0), (2, 2)] {
        let tree = tree_of(&scaled(min, None), &Settings::default());
        let services = tree
            .split("==== ")
            .filter(|file| file.starts_with("service-"));
        let with = services.filter(|file| file.contains("PodDisruptionBudget"));
        assert_eq!(with.count(), budgets, "{min}");
    }
}

/// The egress of a queue function whose broker is at this host.
fn egress_to(host: &str) -> String {
    let nats = Nats::Existing(ExistingNats {
        address: Address {
            host: host.to_owned(),
            port: 4222,
        },
        ..existing_nats()
    });
    let tree = tree(&Settings {
        nats,
        ..Settings::default()
    });
    file(&tree, "consumer-ship.yaml")
}

#[test]
fn connections_are_held_to_where_an_address_is() {
    for (host, held) in [
        ("[fd00::7]", "cidr: fd00::7/128"),
        ("10.0.0.7", "cidr: 10.0.0.7/32"),
        ("broker", "- podSelector: {}"),
        ("nats.messaging", "metadata.name: messaging"),
        ("nats.messaging.svc", "metadata.name: messaging"),
        (
            "nats.messaging.svc.cluster.local.",
            "metadata.name: messaging",
        ),
    ] {
        let file = egress_to(host);
        assert!(
            file.contains(held) && !file.contains("0.0.0.0/0"),
            "{host}\n{file}"
        );
    }
    for host in ["nats.example.com", "example.com."] {
        let file = egress_to(host);
        assert!(
            file.contains(&format!("and {host} is outside of the cluster."))
                && file.contains("cidr: 0.0.0.0/0")
                && file.contains("cidr: ::/0"),
            "{host}\n{file}"
        );
    }
}

#[test]
fn the_provisioner_may_have_a_secret_of_its_own() {
    let nats = Nats::Existing(ExistingNats {
        provision_secret: Some("admin".to_owned()),
        ..existing_nats()
    });
    let tree = tree(&Settings {
        nats,
        ..Settings::default()
    });
    let secret = |name: &str| {
        let file = file(&tree, name);
        let secret = file.split("secretName: ").nth(1);
        secret.and_then(|rest| rest.lines().next().map(str::to_owned))
    };
    assert_eq!(secret("provision.yaml").as_deref(), Some("admin"));
    assert_eq!(secret("consumer-ship.yaml").as_deref(), Some("broker"));
    assert!(file(&tree, "kustomization.yaml").contains("admin   "));
}

#[test]
fn the_monitoring_has_its_own_tls() {
    let https = |tls, monitoring_tls| {
        let nats = Nats::Existing(ExistingNats {
            tls,
            monitoring_tls,
            ..existing_nats()
        });
        let tree = tree(&Settings {
            nats,
            ..Settings::default()
        });
        file(&tree, "consumer-ship.yaml").contains("useHttps: 'true'")
    };
    assert!(!https(true, false));
    assert!(https(false, true));
}

#[test]
fn the_clusters_own_namespaces_stay_its_own() {
    let of = |namespace: Option<&str>, app: &str| {
        let mut graph = hello();
        graph.app = app.to_owned();
        let settings = Settings {
            namespace: namespace.map(str::to_owned),
            keda_namespace: "scaling".to_owned(),
            ..Settings::default()
        };
        let found = super::lower(&graph, &settings).err().unwrap_or_default();
        found.iter().map(|found| found.code).collect::<Vec<_>>()
    };
    assert_eq!(of(None, "hello"), []);
    assert_eq!(of(Some("hello"), "kube-hello"), []);
    for app in ["default", "kube-hello", "knative-hello", "keda", "scaling"] {
        assert_eq!(of(None, app), [codes::NAME_COLLISION], "{app}");
    }
    for namespace in ["scaling", "kourier-system"] {
        assert_eq!(
            of(Some(namespace), "hello"),
            [codes::CONFIG_VALUE],
            "{namespace}"
        );
    }
}
