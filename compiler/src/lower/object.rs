//! The kinds of objects that the lowering makes.

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use serde::Serialize;

use super::keda::ScaledObject;
use super::knative::KnativeService;
use super::kustomization::Kustomization;

/// A file of the tree: what it says of itself, and its objects.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The file's name: `service-shop.yaml`.
    pub file: String,
    /// What the objects come from, for the file's first lines: lines without `#`.
    pub comment: String,
    /// In the order in which a reader wants them.
    pub objects: Vec<Object>,
}

macro_rules! objects {
    ($($(#[$doc:meta])* $kind:ident($type:ty),)*) => {
        /// An object, typed.
        #[derive(Clone, Debug, Serialize)]
        #[serde(untagged)]
        pub enum Object {
            $($(#[$doc])* $kind(Box<$type>),)*
        }

        $(impl From<$type> for Object {
            fn from(object: $type) -> Self {
                Self::$kind(Box::new(object))
            }
        })*
    };
}

objects! {
    /// A namespace.
    Namespace(Namespace),
    /// A workload's identity.
    ServiceAccount(ServiceAccount),
    /// A server's configuration.
    ConfigMap(ConfigMap),
    /// A name in front of pods.
    Service(Service),
    /// Pods that stay.
    Deployment(Deployment),
    /// Pods with a volume.
    StatefulSet(StatefulSet),
    /// Pods that run at points in time.
    CronJob(CronJob),
    /// A pod that runs once.
    Job(Job),
    /// Scales by CPU.
    HorizontalPodAutoscaler(HorizontalPodAutoscaler),
    /// Keeps pods while nodes are drained.
    PodDisruptionBudget(PodDisruptionBudget),
    /// Who may talk to whom.
    NetworkPolicy(NetworkPolicy),
    /// Pods that answer HTTP, scaled by requests.
    KnativeService(KnativeService),
    /// Scales by a queue's lag.
    ScaledObject(ScaledObject),
    /// The list of the tree's files.
    Kustomization(Kustomization),
}
