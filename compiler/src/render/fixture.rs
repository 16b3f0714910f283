//! Graphs made by hand, for the tests of the renderers and of who reads what they write.

use std::path::Path;
use std::time::Duration;

use crate::graph::{
    Cache, CacheId, Edge, Function, FunctionId, Graph, Knobs, Limits, Operation, Queue, QueueId,
    Resource, Sandbox, Scale, Setting, Step, Trigger, Visibility, Workload, WorkloadId,
    WorkloadKind,
};
use crate::span::{FileId, Sources, Span};

/// A graph with one file of blank lines, so that a span that starts at byte `n` is line `n + 1`.
pub(super) struct Builder {
    graph: Graph,
    sources: Sources,
    file: FileId,
    line: u32,
}

impl Builder {
    pub(super) fn new(app: &str) -> Self {
        let mut sources = Sources::default();
        let name = format!("examples/{app}/src/lib.rs");
        let file = sources.add(name.clone(), Path::new(&name), "\n".repeat(10_000).into());
        let graph = Graph {
            app: app.to_owned(),
            ..Graph::default()
        };
        Builder {
            graph,
            sources,
            file,
            line: 0,
        }
    }

    fn span(&mut self) -> Span {
        self.line += 1;
        Span {
            file: self.file,
            start: self.line,
            end: self.line + 1,
        }
    }

    fn setting<T>(&mut self, value: T) -> Setting<T> {
        let span = self.span();
        Setting { value, span }
    }

    pub(super) fn queue(&mut self, name: &str, payload: &str, deliveries: u32, dead_letter: bool) {
        let span = self.span();
        let max_deliveries = (deliveries > 0).then(|| self.setting(deliveries));
        self.graph.queues.push(Queue {
            name: name.to_owned(),
            span,
            path: format!("{}::{}", self.graph.app, name.to_uppercase()),
            doc: format!("The queue {name}."),
            payload: payload.to_owned(),
            max_deliveries,
            ack_wait: Duration::from_secs(30),
            ack_wait_span: span,
            dead_letter,
            dedupe_window: Duration::from_secs(120),
            max_age: None,
        });
    }

    pub(super) fn cache(&mut self, name: &str, key: &str, value: &str, ttl: Option<u64>) {
        let span = self.span();
        self.graph.caches.push(Cache {
            name: name.to_owned(),
            span,
            path: format!("{}::{}", self.graph.app, name.to_uppercase()),
            doc: format!("The cache {name}."),
            key: key.to_owned(),
            value: value.to_owned(),
            ttl: ttl.map(Duration::from_secs),
        });
    }

    pub(super) fn http(&mut self, service: &str, name: &str, route: &str) -> FunctionId {
        let (method, path) = route.split_once(' ').expect("a method and a path");
        let trigger = Trigger::Http {
            method: method.to_owned(),
            path: path.to_owned(),
        };
        self.function(service, WorkloadKind::Service, name, trigger)
    }

    pub(super) fn consumer(&mut self, name: &str, queue: &str, batch: Option<u32>) -> FunctionId {
        let trigger = Trigger::Queue {
            queue: QueueId(position(&self.graph.queues, |it| it.name == queue)),
            batch: batch.map(|batch| self.setting(batch)),
        };
        self.function(name, WorkloadKind::Consumer, name, trigger)
    }

    pub(super) fn schedule(&mut self, name: &str, cron: &str, timezone: &str) -> FunctionId {
        let trigger = Trigger::Schedule {
            cron: cron.to_owned(),
            timezone: self.setting(timezone.to_owned()),
        };
        self.function(name, WorkloadKind::Schedule, name, trigger)
    }

    fn function(
        &mut self,
        workload: &str,
        kind: WorkloadKind,
        name: &str,
        trigger: Trigger,
    ) -> FunctionId {
        let (span, trigger_span) = (self.span(), self.span());
        let id = FunctionId(self.graph.functions.len());
        let known = self
            .graph
            .workloads
            .iter()
            .position(|it| it.name == workload);
        let at = known.unwrap_or_else(|| {
            self.graph.workloads.push(Workload {
                name: workload.to_owned(),
                span,
                kind,
                functions: Vec::new(),
                limits: limits(kind),
            });
            self.graph.workloads.len() - 1
        });
        self.graph.workloads[at].functions.push(id);
        self.graph.functions.push(Function {
            name: name.to_owned(),
            span,
            path: format!("{}::{}", self.graph.app, name.replace('-', "_")),
            doc: format!("The function {name}."),
            trigger,
            trigger_span,
            workload: WorkloadId(at),
            knobs: Knobs::default(),
        });
        id
    }

    /// `uses` is a list of `send QUEUE`, `read CACHE` and `write CACHE`.
    pub(super) fn uses(&mut self, function: FunctionId, uses: &[&str]) {
        for text in uses {
            let (verb, name) = text.split_once(' ').expect("a verb and a name");
            let queue =
                || Resource::Queue(QueueId(position(&self.graph.queues, |it| it.name == name)));
            let cache =
                || Resource::Cache(CacheId(position(&self.graph.caches, |it| it.name == name)));
            let (operation, resource) = match verb {
                "send" => (Operation::Send, queue()),
                "read" => (Operation::Read, cache()),
                "write" => (Operation::Write, cache()),
                other => panic!("no operation: {other}"),
            };
            let chain = vec![Step {
                from: self.graph.functions[function.0].path.clone(),
                to: format!("{}.{verb}", name.to_uppercase()),
                span: self.span(),
            }];
            self.graph.edges.push(Edge {
                function,
                operation,
                resource,
                chain,
            });
        }
    }

    fn sort_workloads(&mut self) {
        let workloads = &mut self.graph.workloads;
        workloads.sort_by(|a, b| a.name.cmp(&b.name));
        for (index, workload) in workloads.iter().enumerate() {
            for function in &workload.functions {
                self.graph.functions[function.0].workload = WorkloadId(index);
            }
        }
    }

    pub(super) fn finish(mut self) -> (Graph, Sources) {
        self.sort_workloads();
        (self.graph.edges).sort_by_key(|edge| (edge.function, edge.resource, edge.operation));
        (self.graph, self.sources)
    }
}

fn position<T>(list: &[T], wanted: impl Fn(&T) -> bool) -> usize {
    list.iter().position(wanted).expect("a known name")
}

fn limits(kind: WorkloadKind) -> Limits {
    Limits {
        scale: Scale {
            min: 0,
            max: Some(if kind == WorkloadKind::Service {
                50
            } else {
                20
            }),
        },
        concurrency: if kind == WorkloadKind::Service { 80 } else { 1 },
        timeout: Duration::from_secs(20),
        memory: "128Mi".to_owned(),
        cpu: "100m".to_owned(),
        sandbox: Sandbox::None,
        visibility: Visibility::Public,
    }
}

/// The smallest application.
pub(crate) fn hello() -> (Graph, Sources) {
    let mut app = Builder::new("hello");
    app.http("hello", "greet", "GET /hello/{name}");
    app.finish()
}

/// A shop: two services, three consumers, two schedules, three queues and three caches.
pub(crate) fn shop() -> (Graph, Sources) {
    let mut app = Builder::new("shop");
    app.queue("orders", "Order", 5, true);
    app.queue("receipts", "Receipt", 0, false);
    app.queue("restock-requests", "Restock", 10, false);
    app.cache("prices", "Sku", "Price", Some(129_600));
    app.cache("statuses", "OrderId", "Status", Some(2_592_000));
    app.cache("stock", "Sku", "u32", None);
    let cancel = app.http("shop", "cancel-order", "DELETE /orders/{id}");
    app.uses(cancel, &["read statuses", "write statuses"]);
    let charge = app.consumer("charge", "orders", None);
    let uses = [
        "send receipts",
        "read statuses",
        "write statuses",
        "read stock",
        "write stock",
    ];
    app.uses(charge, &uses);
    let find = app.schedule("find-shortages", "*/15 * * * *", "Etc/UTC");
    app.uses(find, &["send restock-requests", "read stock"]);
    let place = app.http("shop", "place-order", "POST /orders");
    let uses = ["send orders", "read prices", "read stock", "write stock"];
    app.uses(place, &uses);
    app.uses(place, &["read statuses", "write statuses"]);
    let refresh = app.schedule("refresh-prices", "0 3 * * *", "Asia/Shanghai");
    app.uses(refresh, &["write prices"]);
    let restock = app.consumer("restock", "restock-requests", None);
    app.uses(restock, &["read stock", "write stock"]);
    let search = app.http("search", "search-products", "GET /search");
    app.uses(search, &["read prices", "read stock"]);
    let price = app.http("shop", "set-price", "PUT /products/{sku}/price");
    app.uses(price, &["write prices"]);
    let order = app.http("shop", "show-order", "GET /orders/{id}");
    app.uses(order, &["read statuses"]);
    let product = app.http("shop", "show-product", "GET /products/{sku}");
    app.uses(product, &["read prices", "read stock"]);
    app.http("search", "suggest-names", "GET /search/names");
    let receipts = app.consumer("write-receipts", "receipts", Some(50));
    app.uses(receipts, &["write statuses"]);
    app.finish()
}

/// An application of this many functions, of every kind, with lines of every length.
pub(super) fn large(functions: usize) -> (Graph, Sources) {
    let mut app = Builder::new("large");
    let queues = functions / 5;
    let caches = functions / 6 + 1;
    for index in 0..queues {
        app.queue(&format!("queue-{index:03}"), "Payload", 5, index % 2 == 0);
    }
    for index in 0..caches {
        app.cache(&format!("cache-{index:03}"), "Key", "Value", Some(60));
    }
    for index in 0..functions {
        let (name, queue) = (format!("function-{index:03}"), index / 5);
        let function = match index % 5 {
            0 if queue < queues => app.consumer(&name, &format!("queue-{queue:03}"), None),
            1 => app.schedule(&name, "0 3 * * *", "Etc/UTC"),
            _ => {
                let service = format!("service-{}", index / 12);
                app.http(&service, &name, &format!("GET /things/{index}/{{id}}"))
            }
        };
        let cache = format!("read cache-{:03}", index * 7 % caches);
        let other = format!("write cache-{:03}", index / 6);
        let mut uses = vec![cache, other];
        if index % 3 == 0 && queue + 1 < queues {
            uses.push(format!("send queue-{:03}", queue + 1));
        }
        if index % 20 == 2 && queues > 0 {
            uses.push(format!("send queue-{:03}", 0));
        }
        let uses: Vec<&str> = uses.iter().map(String::as_str).collect();
        app.uses(function, &uses);
    }
    app.finish()
}
