//! A realistic application, built by hand.

use std::time::Duration;

use crate::graph::{
    Cache, CacheId, Edge, Function, FunctionId, Graph, Knobs, Limits, Operation, Queue, QueueId,
    Resource, Sandbox, Scale, Setting, Step, Trigger, Visibility, Workload, WorkloadId,
    WorkloadKind,
};
use crate::span::{FileId, Span};

/// A span in the first file.
pub(crate) fn span(start: u32) -> Span {
    Span {
        file: FileId(0),
        start,
        end: start + 1,
    }
}

fn limits(scale: Scale) -> Limits {
    Limits {
        scale,
        concurrency: 10,
        timeout: Duration::from_secs(20),
        memory: "128Mi".to_owned(),
        cpu: "100m".to_owned(),
        sandbox: Sandbox::None,
        visibility: Visibility::Public,
    }
}

fn function(name: &str, doc: &str, trigger: Trigger, workload: usize) -> Function {
    Function {
        name: name.to_owned(),
        span: span(1),
        path: format!("shop::{}", name.replace('-', "_")),
        doc: doc.to_owned(),
        trigger,
        trigger_span: span(2),
        workload: WorkloadId(workload),
        knobs: Knobs::default(),
    }
}

fn http(method: &str, path: &str) -> Trigger {
    Trigger::Http {
        method: method.to_owned(),
        path: path.to_owned(),
    }
}

fn consumes(queue: usize, batch: Option<u32>) -> Trigger {
    Trigger::Queue {
        queue: QueueId(queue),
        batch: batch.map(|value| Setting {
            value,
            span: span(3),
        }),
    }
}

fn schedule(cron: &str, timezone: &str) -> Trigger {
    Trigger::Schedule {
        cron: cron.to_owned(),
        timezone: Setting {
            value: timezone.to_owned(),
            span: span(4),
        },
    }
}

fn workload(name: &str, kind: WorkloadKind, functions: &[usize], limits: Limits) -> Workload {
    Workload {
        name: name.to_owned(),
        span: span(5),
        kind,
        functions: functions.iter().copied().map(FunctionId).collect(),
        limits,
    }
}

fn queue(name: &str, doc: &str, dead_letter: bool) -> Queue {
    Queue {
        name: name.to_owned(),
        span: span(6),
        path: format!("shop::queues::{}", name.to_uppercase()),
        doc: doc.to_owned(),
        payload: "Order".to_owned(),
        max_deliveries: Some(Setting {
            value: 5,
            span: span(7),
        }),
        ack_wait: Duration::from_secs(30),
        ack_wait_span: span(8),
        dead_letter,
        dedupe_window: Duration::from_secs(120),
        max_age: None,
    }
}

fn cache(name: &str, ttl: Option<u64>) -> Cache {
    Cache {
        name: name.to_owned(),
        span: span(9),
        path: format!("shop::caches::{}", name.to_uppercase()),
        doc: String::new(),
        key: "Sku".to_owned(),
        value: "Price".to_owned(),
        ttl: ttl.map(Duration::from_secs),
    }
}

fn edge(function: usize, operation: Operation, resource: Resource) -> Edge {
    Edge {
        function: FunctionId(function),
        operation,
        resource,
        chain: vec![Step {
            from: "shop::place_order".to_owned(),
            to: "ORDERS.send".to_owned(),
            span: span(10),
        }],
    }
}

/// A shop: two services (one private), three consumers (one batched, one with a dead letter), two schedules, three queues,
/// three caches.
pub(crate) fn shop() -> Graph {
    use Operation::{Read, Send, Write};
    let (orders, parcels, receipts) = (0, 1, 2);
    let (carts, prices, stock) = (0, 1, 2);
    let to_queue = |id| Resource::Queue(QueueId(id));
    let to_cache = |id| Resource::Cache(CacheId(id));
    let sleepy = Scale {
        min: 0,
        max: Some(20),
    };
    Graph {
        app: "shop".to_owned(),
        functions: vec![
            function("charge", "Charges one order.", consumes(orders, None), 0),
            function(
                "get-price",
                "The current price of a product.",
                http("GET", "/prices/{sku}"),
                2,
            ),
            function(
                "mail-receipts",
                "Mails receipts, many at a time.",
                consumes(receipts, Some(50)),
                1,
            ),
            function("place-order", "Takes an order.", http("POST", "/orders"), 5),
            function(
                "refresh-prices",
                "Refreshes every price at three in the morning.",
                schedule("0 3 * * *", "Asia/Shanghai"),
                3,
            ),
            function("ship", "", consumes(parcels, None), 4),
            function(
                "show-cart",
                "What is in a cart.",
                http("GET", "/carts/{id}"),
                5,
            ),
            function(
                "sweep-carts",
                "Forgets old carts.",
                schedule("*/15 * * * *", "Etc/UTC"),
                6,
            ),
        ],
        workloads: vec![
            workload("charge", WorkloadKind::Consumer, &[0], limits(sleepy)),
            workload(
                "mail-receipts",
                WorkloadKind::Consumer,
                &[2],
                Limits {
                    concurrency: 2,
                    ..limits(Scale { min: 2, max: None })
                },
            ),
            workload(
                "prices",
                WorkloadKind::Service,
                &[1],
                Limits {
                    visibility: Visibility::Private,
                    concurrency: 80,
                    timeout: Duration::from_millis(1500),
                    ..limits(Scale { min: 1, max: None })
                },
            ),
            workload(
                "refresh-prices",
                WorkloadKind::Schedule,
                &[4],
                Limits {
                    timeout: Duration::from_secs(300),
                    ..limits(sleepy)
                },
            ),
            workload(
                "ship",
                WorkloadKind::Consumer,
                &[5],
                Limits {
                    sandbox: Sandbox::Gvisor,
                    ..limits(sleepy)
                },
            ),
            workload(
                "shop",
                WorkloadKind::Service,
                &[3, 6],
                Limits {
                    concurrency: 80,
                    memory: "256Mi".to_owned(),
                    cpu: "500m".to_owned(),
                    ..limits(Scale {
                        min: 0,
                        max: Some(50),
                    })
                },
            ),
            workload("sweep-carts", WorkloadKind::Schedule, &[7], limits(sleepy)),
        ],
        queues: vec![
            queue("orders", "Orders that wait to be charged.", true),
            queue("parcels", "", false),
            queue("receipts", "Receipts that wait to be mailed.", false),
        ],
        caches: vec![
            cache("carts", None),
            cache("prices", Some(600)),
            cache("stock", None),
        ],
        edges: vec![
            edge(0, Send, to_queue(parcels)),
            edge(0, Send, to_queue(receipts)),
            edge(0, Read, to_cache(stock)),
            edge(0, Write, to_cache(stock)),
            edge(1, Read, to_cache(prices)),
            edge(3, Send, to_queue(orders)),
            edge(3, Read, to_cache(prices)),
            edge(4, Write, to_cache(prices)),
            edge(6, Read, to_cache(carts)),
            edge(7, Write, to_cache(carts)),
        ],
    }
}
