//! From what is declared and who reaches what to the graph.

use std::collections::BTreeMap;

use cloudc_syntax::Operation as Verb;

use super::model::{
    Cache, CacheId, Edge, Function, FunctionId, Graph, Knobs, Operation, Queue, QueueId, Resource,
    Sandbox, Scale, Setting, Step, Trigger, Visibility, Workload, WorkloadId, WorkloadKind,
};
use super::{defaults, reach};
use crate::lift::facts::{
    CacheDecl, Declares, FunctionDecl, QueueDecl, Spot, TriggerDecl, Written,
};
use crate::load::program::Program;
use crate::project::Project;
use crate::resolve::{Declaration, Resolved};
use crate::span::{FileId, Span};

/// Builds the graph of a resolved program. Functions whose queue could not be found are left out.
pub fn build(project: &Project, program: &Program, resolved: &Resolved<'_>) -> Graph {
    let app = project.crates.first().map(|krate| kebab(&krate.package));
    let mut build = Build {
        program,
        resolved,
        graph: Graph {
            app: app.unwrap_or_default(),
            ..Graph::default()
        },
        resources: BTreeMap::new(),
        functions: BTreeMap::new(),
    };
    build.resources();
    build.functions();
    build.workloads();
    build.edges();
    build.graph
}

/// A package's name as Kubernetes allows it.
fn kebab(package: &str) -> String {
    package.replace('_', "-").to_lowercase()
}

struct Build<'a, 'p> {
    program: &'a Program,
    resolved: &'a Resolved<'p>,
    graph: Graph,
    /// By index into the declarations.
    resources: BTreeMap<usize, Resource>,
    /// By node.
    functions: BTreeMap<u32, FunctionId>,
}

impl Build<'_, '_> {
    /// The declarations of a kind, sorted by name; then by path, so that two of one name have an order.
    fn sorted<'d, T>(
        &'d self,
        pick: impl Fn(&'d Declaration) -> Option<(&'d str, T)>,
    ) -> Vec<(usize, &'d Declaration, T)> {
        let all = self.resolved.declarations.all.iter().enumerate();
        let mut picked: Vec<_> = all
            .filter_map(|(at, declaration)| {
                pick(declaration).map(|(name, of)| (name, at, declaration, of))
            })
            .collect();
        picked.sort_by(|(a, _, x, _), (b, _, y, _)| (a, &x.path).cmp(&(b, &y.path)));
        picked
            .into_iter()
            .map(|(_, at, declaration, of)| (at, declaration, of))
            .collect()
    }

    fn file(&self, declaration: &Declaration) -> FileId {
        let file = self.program.files.get(declaration.file);
        file.map_or(FileId(u32::MAX), |file| file.id)
    }

    fn resources(&mut self) {
        let queues = self.sorted(|declaration| match &declaration.declares {
            Declares::Queue(queue) => Some((queue.name.value.as_str(), queue)),
            _ => None,
        });
        let queues: Vec<(usize, Queue)> = queues
            .into_iter()
            .map(|(at, declaration, of)| (at, queue(declaration, of, self.file(declaration))))
            .collect();
        for (at, queue) in queues {
            let id = QueueId(self.graph.queues.len());
            self.resources.insert(at, Resource::Queue(id));
            self.graph.queues.push(queue);
        }
        let caches = self.sorted(|declaration| match &declaration.declares {
            Declares::Cache(cache) => Some((cache.name.value.as_str(), cache)),
            _ => None,
        });
        let caches: Vec<(usize, Cache)> = caches
            .into_iter()
            .map(|(at, declaration, of)| (at, cache(declaration, of, self.file(declaration))))
            .collect();
        for (at, cache) in caches {
            let id = CacheId(self.graph.caches.len());
            self.resources.insert(at, Resource::Cache(id));
            self.graph.caches.push(cache);
        }
    }

    fn functions(&mut self) {
        let functions = self.sorted(|declaration| match &declaration.declares {
            Declares::Function(function) => Some((function.name.value.as_str(), function)),
            _ => None,
        });
        let functions: Vec<(u32, Function)> = functions
            .into_iter()
            .filter_map(|(_, declaration, of)| {
                let function = self.function(declaration, of)?;
                Some((declaration.node as u32, function))
            })
            .collect();
        for (node, function) in functions {
            let id = FunctionId(self.graph.functions.len());
            self.functions.insert(node, id);
            self.graph.functions.push(function);
        }
    }

    fn function(&self, declaration: &Declaration, of: &FunctionDecl) -> Option<Function> {
        let file = self.file(declaration);
        let trigger = match &of.trigger {
            TriggerDecl::Http { method, path } => Trigger::Http {
                method: method.clone(),
                path: path.clone(),
            },
            TriggerDecl::Queue { batch, .. } => {
                let declarations = &self.resolved.declarations;
                let at = declarations.resources.get(&declaration.queue?)?;
                let Some(Resource::Queue(queue)) = self.resources.get(at) else {
                    return None;
                };
                Trigger::Queue {
                    queue: *queue,
                    batch: setting(batch.as_ref(), file, |batch| *batch),
                }
            }
            TriggerDecl::Schedule { cron, timezone } => {
                let default = Setting {
                    value: defaults::TIMEZONE.to_owned(),
                    span: span(file, of.trigger_spot),
                };
                Trigger::Schedule {
                    cron: cron.clone(),
                    timezone: setting(timezone.as_ref(), file, String::clone).unwrap_or(default),
                }
            }
        };
        Some(Function {
            name: of.name.value.clone(),
            span: span(file, of.name.spot),
            path: declaration.path.clone(),
            doc: declaration.doc.clone(),
            trigger,
            trigger_span: span(file, of.trigger_spot),
            // Set when the workloads are known.
            workload: WorkloadId(usize::MAX),
            knobs: knobs(of, file),
        })
    }

    /// HTTP functions of one service share a workload; every other function is one by itself.
    fn workloads(&mut self) {
        let declared: BTreeMap<&str, &Declaration> = self
            .resolved
            .declarations
            .all
            .iter()
            .map(|declaration| (declaration.path.as_str(), declaration))
            .collect();
        // A service and a consumer of one name are two workloads; `check` says so.
        let mut groups: BTreeMap<(String, WorkloadKind, usize), (Span, Vec<FunctionId>)> =
            BTreeMap::new();
        for (index, function) in self.graph.functions.iter().enumerate() {
            let declaration = declared.get(function.path.as_str());
            let service = declaration.and_then(|declaration| match &declaration.declares {
                Declares::Function(of) => of.service.as_ref(),
                _ => None,
            });
            let (key, span) = match function.trigger {
                Trigger::Http { .. } => {
                    let package = declaration.map(|declaration| kebab(&declaration.package));
                    let name = service.map(|service| service.value.clone());
                    let span = service.map_or(function.span, |service| {
                        span(function.span.file, service.spot)
                    });
                    let name = name.or(package).unwrap_or_default();
                    ((name, WorkloadKind::Service, 0), span)
                }
                Trigger::Queue { .. } => (
                    (function.name.clone(), WorkloadKind::Consumer, index),
                    function.span,
                ),
                Trigger::Schedule { .. } => (
                    (function.name.clone(), WorkloadKind::Schedule, index),
                    function.span,
                ),
            };
            let group = groups.entry(key).or_insert_with(|| (span, Vec::new()));
            group.1.push(FunctionId(index));
        }
        for ((name, kind, _), (span, functions)) in groups {
            let id = WorkloadId(self.graph.workloads.len());
            let mut ack_wait = None;
            let mut turned = Vec::new();
            for function in &functions {
                let Some(function) = self.graph.functions.get_mut(function.0) else {
                    continue;
                };
                function.workload = id;
                if let Trigger::Queue { queue, .. } = function.trigger {
                    ack_wait = self.graph.queues.get(queue.0).map(|queue| queue.ack_wait);
                }
                turned.push(function.knobs.clone());
            }
            let limits = defaults::limits(kind, &defaults::merge(&turned), ack_wait);
            self.graph.workloads.push(Workload {
                name,
                span,
                kind,
                functions,
                limits,
            });
        }
    }

    fn edges(&mut self) {
        let handlers: Vec<u32> = self.functions.keys().copied().collect();
        let reached = reach::reach(&self.resolved.calls, &handlers);
        let mut paths: BTreeMap<u32, String> = BTreeMap::new();
        let mut path = |node: u32| {
            let path = paths
                .entry(node)
                .or_insert_with(|| self.resolved.path(node as usize));
            path.clone()
        };
        let mut edges = Vec::new();
        for of in reached {
            let (Some(function), Some(resource)) = (
                self.functions.get(&of.node),
                self.resources.get(&of.resource),
            ) else {
                continue;
            };
            let mut chain: Vec<Step> = of
                .chain
                .iter()
                .map(|hop| Step {
                    from: path(hop.from),
                    to: path(hop.to),
                    span: hop.span.unwrap_or(of.end.span),
                })
                .collect();
            chain.push(Step {
                from: path(of.end.node),
                to: of.end.text.clone(),
                span: of.end.span,
            });
            edges.push(Edge {
                function: *function,
                operation: match of.verb {
                    Verb::Send => Operation::Send,
                    Verb::Read => Operation::Read,
                    Verb::Write => Operation::Write,
                },
                resource: *resource,
                chain,
            });
        }
        edges.sort_by_key(|edge| (edge.function, edge.resource, edge.operation));
        self.graph.edges = edges;
    }
}

fn span(file: FileId, spot: Spot) -> Span {
    Span {
        file,
        start: spot.start,
        end: spot.start.saturating_add(spot.len),
    }
}

fn setting<T, U>(
    written: Option<&Written<T>>,
    file: FileId,
    value: impl FnOnce(&T) -> U,
) -> Option<Setting<U>> {
    written.map(|written| Setting {
        value: value(&written.value),
        span: span(file, written.spot),
    })
}

fn knobs(of: &FunctionDecl, file: FileId) -> Knobs {
    Knobs {
        scale: setting(of.scale.as_ref(), file, |(min, max)| Scale {
            min: *min,
            max: *max,
        }),
        concurrency: setting(of.concurrency.as_ref(), file, |value| *value),
        timeout: setting(of.timeout.as_ref(), file, |value| *value),
        memory: setting(of.memory.as_ref(), file, String::clone),
        cpu: setting(of.cpu.as_ref(), file, String::clone),
        sandbox: setting(of.sandbox.as_ref(), file, |gvisor| match gvisor {
            true => Sandbox::Gvisor,
            false => Sandbox::None,
        }),
        visibility: setting(of.private.as_ref(), file, |private| match private {
            true => Visibility::Private,
            false => Visibility::Public,
        }),
    }
}

fn queue(declaration: &Declaration, of: &QueueDecl, file: FileId) -> Queue {
    let dead_letter = of
        .dead_letter
        .as_ref()
        .map_or(defaults::DEAD_LETTER, |set| set.value);
    let name_span = span(file, of.name.spot);
    let by_default = defaults::max_deliveries(dead_letter).map(|value| Setting {
        value,
        span: name_span,
    });
    Queue {
        name: of.name.value.clone(),
        span: name_span,
        path: declaration.path.clone(),
        doc: declaration.doc.clone(),
        payload: of.payload.clone(),
        max_deliveries: setting(of.max_deliveries.as_ref(), file, |value| *value).or(by_default),
        ack_wait: of
            .ack_wait
            .as_ref()
            .map_or(defaults::ACK_WAIT, |set| set.value),
        ack_wait_span: of
            .ack_wait
            .as_ref()
            .map_or(name_span, |set| span(file, set.spot)),
        dead_letter,
        dedupe_window: of
            .dedupe
            .as_ref()
            .map_or(defaults::DEDUPE_WINDOW, |set| set.value),
        max_age: of.max_age.as_ref().map(|set| set.value),
    }
}

fn cache(declaration: &Declaration, of: &CacheDecl, file: FileId) -> Cache {
    Cache {
        name: of.name.value.clone(),
        span: span(file, of.name.spot),
        path: declaration.path.clone(),
        doc: declaration.doc.clone(),
        key: of.key.clone(),
        value: of.value.clone(),
        ttl: of.ttl.as_ref().map(|set| set.value),
    }
}
