//! The application that is deployed: the shop, and the shop a week later.

use std::fs;

use cloudc_compiler::config::{Config, Settings, Target};
use cloudc_compiler::graph::{Graph, Resource, Trigger};
use cloudc_compiler::load::cache::Cache;
use cloudc_compiler::project::files::Disk;
use cloudc_compiler::project::{Options, cargo};
use cloudc_compiler::release::{Release, Source};
use cloudc_compiler::span::{FileId, Sources};
use cloudc_compiler::{analyse, lower, render};
use cloudc_tests::app::repository;

/// An application between its source and its release.
pub(super) struct Shop {
    pub(super) graph: Graph,
    pub(super) settings: Settings,
    sources: Sources,
}

impl Shop {
    pub(super) fn read() -> Self {
        let folder = repository().join("examples/shop");
        let project = cargo::find(&folder, &Options::default()).expect("a package");
        let text = fs::read_to_string(folder.join("cloudc.toml")).expect("the settings");
        let (config, problems) = Config::parse(&text, FileId(0));
        assert_eq!(problems, []);
        let settings = config.settings(None).expect("there is a default");
        let cache = Cache::empty();
        let analysis = analyse(&project, &Disk, &cache, Sources::default(), Target::Knative);
        let analysis = analysis.expect("threads");
        let mut shop = Self {
            graph: analysis.graph,
            settings,
            sources: analysis.sources,
        };
        shop.image('1');
        shop
    }

    /// Another program: its image's digest is this digit, 64 times.
    pub(super) fn image(&mut self, digit: char) {
        let digits: String = std::iter::repeat_n(digit, 64).collect();
        self.settings.image_digest = Some(format!("sha256:{digits}"));
    }

    /// More memory for a workload.
    pub(super) fn memory(&mut self, workload: &str, memory: &str) {
        let mut workloads = self.graph.workloads.iter_mut();
        let found = workloads.find(|known| known.name == workload);
        found.expect("a workload").limits.memory = memory.to_owned();
    }

    /// Keeps a pod of a workload, also while it has nothing to do.
    pub(super) fn awake(&mut self, workload: &str) {
        let mut workloads = self.graph.workloads.iter_mut();
        let found = workloads.find(|known| known.name == workload);
        found.expect("a workload").limits.scale.min = 1;
    }

    /// Takes the queue `restock-requests` away, with its consumer and whoever sends to it.
    pub(super) fn without_restocking(&mut self) {
        let graph = &mut self.graph;
        let queue = graph
            .queues
            .iter()
            .position(|queue| queue.name == "restock-requests");
        let queue = queue.expect("a queue");
        assert_eq!(
            queue,
            graph.queues.len() - 1,
            "it is the last one, so no number moves"
        );
        graph
            .edges
            .retain(|edge| !matches!(edge.resource, Resource::Queue(id) if id.0 == queue));
        let consumer = graph.functions.iter().position(|function| {
            matches!(function.trigger, Trigger::Queue { queue: id, .. } if id.0 == queue)
        });
        let consumer = consumer.expect("a consumer");
        graph.edges.retain(|edge| edge.function.0 != consumer);
        // Numbers are places in a list, so what is in front of others stays and becomes a stand-in: the workload goes.
        let workload = graph.functions[consumer].workload.0;
        graph.queues.truncate(queue);
        graph.functions.remove(consumer);
        for edge in &mut graph.edges {
            if edge.function.0 > consumer {
                edge.function.0 -= 1;
            }
        }
        graph.workloads.remove(workload);
        for function in &mut graph.functions {
            if function.workload.0 > workload {
                function.workload.0 -= 1;
            }
        }
        for workload in &mut graph.workloads {
            for function in &mut workload.functions {
                if function.0 > consumer {
                    function.0 -= 1;
                }
            }
        }
    }

    /// Takes every queue away from what is written, and with it the broker.
    pub(super) fn without_queues(&mut self) {
        let graph = &mut self.graph;
        graph
            .edges
            .retain(|edge| !matches!(edge.resource, Resource::Queue(_)));
        graph.queues.clear();
        let gone: Vec<usize> = (0..graph.functions.len())
            .filter(|id| matches!(graph.functions[*id].trigger, Trigger::Queue { .. }))
            .collect();
        graph.edges.retain(|edge| !gone.contains(&edge.function.0));
        let moved = |id: usize| id - gone.iter().filter(|gone| **gone < id).count();
        for edge in &mut graph.edges {
            edge.function.0 = moved(edge.function.0);
        }
        let workloads: Vec<usize> = (0..graph.workloads.len())
            .filter(|id| {
                graph.workloads[*id]
                    .functions
                    .iter()
                    .all(|function| gone.contains(&function.0))
            })
            .collect();
        let place = |id: usize| id - workloads.iter().filter(|gone| **gone < id).count();
        let mut id = 0;
        graph.functions.retain(|_| {
            id += 1;
            !gone.contains(&(id - 1))
        });
        let mut id = 0;
        graph.workloads.retain(|_| {
            id += 1;
            !workloads.contains(&(id - 1))
        });
        for function in &mut graph.functions {
            function.workload.0 = place(function.workload.0);
        }
        for workload in &mut graph.workloads {
            for function in &mut workload.functions {
                function.0 = moved(function.0);
            }
        }
    }

    pub(super) fn release(&self) -> Release {
        self.release_with(&self.settings)
    }

    pub(super) fn release_with(&self, settings: &Settings) -> Release {
        let manifests = lower::lower(&self.graph, settings).expect("it lowers");
        let json = render::json(&self.graph, &self.sources);
        Release::new(&self.graph, &json, settings, "default", &manifests).expect("JSON")
    }

    /// The release that a person deploys after these.
    pub(super) fn release_after(&self, remembered: &[Release], delete_data: &[&str]) -> Release {
        let json = render::json(&self.graph, &self.sources);
        let source = Source {
            graph: &self.graph,
            json: &json,
            environment: "default",
        };
        let delete_data: Vec<String> = delete_data.iter().map(ToString::to_string).collect();
        let release = source.after(&self.settings, remembered, &delete_data);
        release.expect("it lowers")
    }
}
