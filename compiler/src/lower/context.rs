//! What every part of the lowering looks at, and the names and labels of what it makes.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use crate::config::Settings;
use crate::graph::{Function, Graph, Workload, WorkloadId, WorkloadKind};

/// The application and its settings.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) graph: &'a Graph,
    pub(super) settings: &'a Settings,
}

impl<'a> Context<'a> {
    pub(super) fn app(&self) -> &'a str {
        &self.graph.app
    }

    pub(super) fn namespace(&self) -> &'a str {
        self.settings.namespace(&self.graph.app)
    }

    pub(super) fn workloads(&self) -> impl Iterator<Item = (WorkloadId, &'a Workload)> {
        let workloads = self.graph.workloads.iter().enumerate();
        workloads.map(|(index, workload)| (WorkloadId(index), workload))
    }

    /// The functions of a workload.
    pub(super) fn functions(&self, workload: &'a Workload) -> impl Iterator<Item = &'a Function> {
        let functions = &self.graph.functions;
        workload
            .functions
            .iter()
            .filter_map(|id| functions.get(id.0))
    }

    /// What a workload's objects are called and labelled.
    pub(super) fn workload(&self, workload: &Workload) -> Identity {
        let component = match workload.kind {
            WorkloadKind::Service => "service",
            WorkloadKind::Consumer => "consumer",
            WorkloadKind::Schedule => "schedule",
        };
        self.identity(&workload.name, &workload.name, component)
    }

    /// What the objects of one part of the application are called and labelled.
    pub(super) fn identity(&self, object: &str, name: &str, component: &'static str) -> Identity {
        Identity {
            object: object.to_owned(),
            name: name.to_owned(),
            component,
            app: self.app().to_owned(),
            namespace: self.namespace().to_owned(),
        }
    }
}

/// What the objects of one part of the application are called and labelled.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) object: String,
    name: String,
    component: &'static str,
    app: String,
    namespace: String,
}

impl Identity {
    /// The recommended labels of Kubernetes. Not the version: the image says it, and a label would
    /// have to change with it in every overlay.
    pub(super) fn labels(&self) -> BTreeMap<String, String> {
        labels([
            ("component", self.component),
            ("instance", &self.object),
            ("managed-by", "cloudc"),
            ("name", &self.name),
            ("part-of", &self.app),
        ])
    }

    /// The labels that tell these pods from all others of the namespace. A Deployment's can't
    /// change, so they are the ones that never do.
    pub(super) fn pods(&self) -> BTreeMap<String, String> {
        pods(&self.app, &self.object)
    }

    pub(super) fn selector(&self) -> LabelSelector {
        LabelSelector {
            match_labels: Some(self.pods()),
            ..Default::default()
        }
    }

    pub(super) fn metadata(&self) -> ObjectMeta {
        self.metadata_of(&self.object)
    }

    /// The metadata of an object with a name of its own.
    pub(super) fn metadata_of(&self, name: &str) -> ObjectMeta {
        ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(self.namespace.clone()),
            labels: Some(self.labels()),
            ..Default::default()
        }
    }

    /// The metadata of a pod template: labels alone.
    pub(super) fn template(&self) -> ObjectMeta {
        ObjectMeta {
            labels: Some(self.labels()),
            ..Default::default()
        }
    }
}

/// The labels of one part's pods.
pub(super) fn pods(app: &str, object: &str) -> BTreeMap<String, String> {
    labels([("instance", object), ("part-of", app)])
}

fn labels<const N: usize>(labels: [(&str, &str); N]) -> BTreeMap<String, String> {
    labels
        .into_iter()
        .map(|(key, value)| (format!("app.kubernetes.io/{key}"), value.to_owned()))
        .collect()
}
