//! Small applications, built by hand, for the tests of the checks.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use super::check;
use crate::config::Target;
use crate::graph::{
    Cache, CacheId, Edge, Function, FunctionId, Graph, Knobs, Operation, Queue, QueueId, Resource,
    Setting, Step, Trigger, Workload, WorkloadId, WorkloadKind, defaults,
};
use crate::span::{FileId, Sources, Span};

/// An application in the making. Whatever has a span stands in a source of its own, one thing a line.
pub(super) struct App {
    graph: Graph,
    source: String,
}

impl App {
    pub(super) fn new() -> Self {
        Self {
            graph: Graph {
                app: "shop".to_owned(),
                ..Graph::default()
            },
            source: String::new(),
        }
    }

    /// A place whose text is this.
    pub(super) fn span(&mut self, text: &str) -> Span {
        let start = self.source.len() as u32;
        self.source.push_str(text);
        self.source.push('\n');
        Span {
            file: FileId(0),
            start,
            end: start + text.len() as u32,
        }
    }

    pub(super) fn set<T>(&mut self, text: &str, value: T) -> Option<Setting<T>> {
        let span = self.span(text);
        Some(Setting { value, span })
    }

    /// Without a name, the functions of a path: `stock::reserve` is named `reserve`.
    fn function(&mut self, path: &str, trigger: Trigger, on: &str, run: Workload) -> FunctionId {
        let workloads = &mut self.graph.workloads;
        let same = |workload: &Workload| {
            run.kind == WorkloadKind::Service
                && workload.kind == run.kind
                && workload.name == run.name
        };
        let workload = workloads.iter().position(same).unwrap_or_else(|| {
            workloads.push(run);
            workloads.len() - 1
        });
        let id = FunctionId(self.graph.functions.len());
        workloads[workload].functions.push(id);
        let function = Function {
            name: name(path),
            span: self.span(super::ident(path)),
            path: format!("shop::{path}"),
            doc: String::new(),
            trigger,
            trigger_span: self.span(on),
            workload: WorkloadId(workload),
            knobs: Knobs::default(),
        };
        self.graph.functions.push(function);
        id
    }

    fn workload(&mut self, name: &str, kind: WorkloadKind) -> Workload {
        Workload {
            name: name.to_owned(),
            span: self.span(name),
            kind,
            functions: Vec::new(),
            limits: defaults::limits(kind, &Knobs::default(), None),
        }
    }

    pub(super) fn http(
        &mut self,
        service: &str,
        path: &str,
        method: &str,
        route: &str,
    ) -> FunctionId {
        let run = self.workload(service, WorkloadKind::Service);
        let trigger = Trigger::Http {
            method: method.to_owned(),
            path: route.to_owned(),
        };
        self.function(path, trigger, &format!("{method} {route}"), run)
    }

    pub(super) fn consumer(&mut self, path: &str, queue: QueueId) -> FunctionId {
        let run = self.workload(&name(path), WorkloadKind::Consumer);
        let on = super::ident(&self.graph.queues[queue.0].path).to_owned();
        self.function(path, Trigger::Queue { queue, batch: None }, &on, run)
    }

    pub(super) fn schedule(&mut self, path: &str, cron: &str, timezone: &str) -> FunctionId {
        let run = self.workload(&name(path), WorkloadKind::Schedule);
        let trigger = Trigger::Schedule {
            cron: cron.to_owned(),
            timezone: Setting {
                value: timezone.to_owned(),
                span: self.span(timezone),
            },
        };
        self.function(path, trigger, cron, run)
    }

    pub(super) fn queue(&mut self, path: &str) -> QueueId {
        let span = self.span(super::ident(path));
        self.graph.queues.push(Queue {
            name: name(path),
            span,
            path: format!("shop::{path}"),
            doc: String::new(),
            payload: "Order".to_owned(),
            max_deliveries: None,
            ack_wait: defaults::ACK_WAIT,
            ack_wait_span: span,
            dead_letter: defaults::DEAD_LETTER,
            dedupe_window: defaults::DEDUPE_WINDOW,
            max_age: None,
        });
        QueueId(self.graph.queues.len() - 1)
    }

    pub(super) fn cache(&mut self, path: &str) -> CacheId {
        let span = self.span(super::ident(path));
        self.graph.caches.push(Cache {
            name: name(path),
            span,
            path: format!("shop::{path}"),
            doc: String::new(),
            key: "Sku".to_owned(),
            value: "Price".to_owned(),
            ttl: None,
        });
        CacheId(self.graph.caches.len() - 1)
    }

    fn edge(&mut self, function: FunctionId, operation: Operation, resource: Resource, to: String) {
        let span = self.span(&to);
        self.graph.edges.push(Edge {
            function,
            operation,
            resource,
            chain: vec![Step {
                from: self.graph.functions[function.0].path.clone(),
                to,
                span,
            }],
        });
    }

    pub(super) fn sends(&mut self, function: FunctionId, queue: QueueId) {
        let to = format!("{}.send", super::ident(&self.graph.queues[queue.0].path));
        self.edge(function, Operation::Send, Resource::Queue(queue), to);
    }

    pub(super) fn reads(&mut self, function: FunctionId, cache: CacheId) {
        let to = format!("{}.get", super::ident(&self.graph.caches[cache.0].path));
        self.edge(function, Operation::Read, Resource::Cache(cache), to);
    }

    pub(super) fn writes(&mut self, function: FunctionId, cache: CacheId) {
        let to = format!("{}.set", super::ident(&self.graph.caches[cache.0].path));
        self.edge(function, Operation::Write, Resource::Cache(cache), to);
    }

    pub(super) fn knobs(&mut self, function: FunctionId) -> &mut Knobs {
        &mut self.graph.functions[function.0].knobs
    }

    pub(super) fn timeout(&mut self, function: FunctionId, seconds: u64) {
        let timeout = self.set(&format!("{seconds}s"), Duration::from_secs(seconds));
        self.knobs(function).timeout = timeout;
    }

    pub(super) fn queue_mut(&mut self, queue: QueueId) -> &mut Queue {
        &mut self.graph.queues[queue.0]
    }

    pub(super) fn rename_app(&mut self, name: &str) {
        self.graph.app = name.to_owned();
    }

    pub(super) fn build(self) -> (Graph, Sources) {
        let mut sources = Sources::default();
        sources.add("src/lib.rs", Path::new("src/lib.rs"), self.source.into());
        (self.graph, sources)
    }

    /// What the checks say for the Knative target: the text of each label's place stands in
    /// brackets before the words of the label.
    pub(super) fn report(self) -> String {
        self.report_for(Target::Knative, true)
    }

    pub(super) fn report_for(self, target: Target, complete: bool) -> String {
        let (graph, sources) = self.build();
        let mut out = String::new();
        for found in check(&graph, target, complete) {
            let severity = format!("{:?}", found.severity).to_lowercase();
            let _ = writeln!(out, "{severity} {}: {}", found.code, found.message);
            for label in &found.labels {
                let _ = writeln!(out, "  [{}] {}", sources.snippet(label.span), label.text);
            }
            if let Some(help) = &found.help {
                let _ = writeln!(out, "  help: {help}");
            }
        }
        out
    }
}

fn name(path: &str) -> String {
    super::ident(path).to_lowercase().replace('_', "-")
}
