//! The settings of one environment, with every default filled in where it does not depend on the application.

use std::fmt;

use super::deployed::{Permissions, Retired};
use crate::graph::Setting;
use crate::span::Span;

/// What the application is lowered with: `cloudc.toml`, its `[env.NAME]` laid over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where images are pushed: `registry.example.com/team`. Without one, images are named
    /// `cloudc.local/<app>`: a name that no registry answers, for an overlay's `images:` to replace.
    pub registry: Option<String>,
    /// Whether that registry is reached without TLS: images and passwords go over the wire as they are.
    pub registry_plain_http: bool,
    /// The namespace; the application's name where nothing is said.
    pub namespace: Option<String>,
    /// What the cluster runs.
    pub target: Target,
    /// The broker.
    pub nats: Nats,
    /// The cache server.
    pub valkey: Valkey,
    /// Destinations outside of the application that its pods may connect to.
    pub egress: Vec<Egress>,
    /// Names of Secrets with which the cluster pulls the image.
    pub image_pull_secrets: Vec<String>,
    /// What this cluster's Knative looks like.
    pub knative: Knative,
    /// The namespace in which KEDA runs: it reads the bundled broker's monitoring from there.
    pub keda_namespace: String,
    /// The digest of the built image, `sha256:…`. Not a key of `cloudc.toml`: who builds the image knows it.
    /// Without one the manifests carry the tag [`UNBUILT_TAG`].
    pub image_digest: Option<String>,
    /// Queues that left the graph. Not a key of `cloudc.toml`: who deploys knows what was there before. The provisioner deletes their
    /// streams; an application without any queue has none, and their streams stay. Those that are in the graph again, or
    /// in use by what [`running`](Settings::running) says, stay as well.
    pub retired: Vec<Retired>,
    /// What the users of another revision may do that runs beside this one, as the one before does beside a canary. Likewise no
    /// key. The bundled servers allow it too: a user of both may do what either may, and a user of the other one stays.
    pub running: Option<Permissions>,
}

/// The image's tag as long as nobody has built it.
pub const UNBUILT_TAG: &str = "unbuilt";

/// The registry of an application that names none. `.local` never resolves to a public host.
pub const NO_REGISTRY: &str = "cloudc.local";

impl Default for Settings {
    fn default() -> Self {
        Self {
            registry: None,
            registry_plain_http: false,
            namespace: None,
            target: Target::default(),
            nats: Nats::Bundled(BundledNats::default()),
            valkey: Valkey::Bundled(BundledValkey::default()),
            egress: Vec::new(),
            image_pull_secrets: Vec::new(),
            knative: Knative::default(),
            keda_namespace: "keda".to_owned(),
            image_digest: None,
            retired: Vec::new(),
            running: None,
        }
    }
}

impl Settings {
    /// Whether a namespace is the cluster's and no application's: Kubernetes' own, Knative's, KEDA's, the ingress'.
    /// cloudc writes the Namespace object, and its Pod Security labels would keep the cluster's pods out.
    pub fn is_of_the_cluster(&self, namespace: &str) -> bool {
        is_system(namespace)
            || namespace == self.keda_namespace
            || self.knative.ingress.iter().any(|own| own == namespace)
    }

    /// The namespace of an application.
    pub fn namespace<'a>(&'a self, app: &'a str) -> &'a str {
        self.namespace.as_deref().unwrap_or(app)
    }

    /// The image's name without tag or digest: what a kustomization's `images:` entry matches.
    pub fn image_name(&self, app: &str) -> String {
        let registry = self.registry.as_deref().unwrap_or(NO_REGISTRY);
        format!("{registry}/{app}")
    }

    /// The image as a container names it.
    pub fn image(&self, app: &str) -> String {
        let name = self.image_name(app);
        match &self.image_digest {
            Some(digest) => format!("{name}@{digest}"),
            None => format!("{name}:{UNBUILT_TAG}"),
        }
    }
}

/// The namespaces that are the cluster's wherever it is.
pub(super) fn is_system(namespace: &str) -> bool {
    ["default", "keda"].contains(&namespace)
        || namespace.starts_with("kube-")
        || namespace.starts_with("knative-")
}

/// What the cluster runs beside Kubernetes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// Knative Serving and KEDA: everything can sleep.
    #[default]
    Knative,
    /// Kubernetes alone: at least one pod of everything.
    Kubernetes,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Knative => "knative",
            Self::Kubernetes => "kubernetes",
        })
    }
}

/// The broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nats {
    /// One server, in the application's namespace.
    Bundled(BundledNats),
    /// A server that is there already.
    Existing(ExistingNats),
}

/// The bundled broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundledNats {
    /// The size of its volume, a Kubernetes quantity.
    pub storage: String,
    /// Memory, requested and limit, a Kubernetes quantity.
    pub memory: String,
    /// Its image.
    pub image: String,
}

impl Default for BundledNats {
    fn default() -> Self {
        Self {
            storage: "10Gi".to_owned(),
            memory: "512Mi".to_owned(),
            image: "nats:2.15.1".to_owned(),
        }
    }
}

/// A broker that is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExistingNats {
    /// The Secret with the credentials, in the application's namespace; its keys become files in every
    /// workload that uses the broker.
    pub secret: String,
    /// The Secret of the provisioner, which alone makes streams; `secret` where nothing is said.
    pub provision_secret: Option<String>,
    /// Where it listens.
    pub address: Address,
    /// Whether clients need TLS.
    pub tls: bool,
    /// Whether its monitoring speaks HTTPS.
    pub monitoring_tls: bool,
    /// The account's name as the server has it. KEDA needs it to find the consumer.
    pub account: Option<String>,
    /// Where its monitoring listens. KEDA reads the lag there.
    pub monitoring: Option<Address>,
    /// The table in `cloudc.toml`.
    pub span: Span,
}

/// The cache server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Valkey {
    /// One server, in the application's namespace.
    Bundled(BundledValkey),
    /// A server that is there already: Valkey, or Redis 7 or later.
    Existing(ExistingValkey),
}

/// The bundled cache server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundledValkey {
    /// Memory, requested and limit, a Kubernetes quantity. Three quarters of it hold entries.
    pub memory: String,
    /// Its image.
    pub image: String,
}

impl Default for BundledValkey {
    fn default() -> Self {
        Self {
            memory: "256Mi".to_owned(),
            image: "valkey/valkey:8.1.4".to_owned(),
        }
    }
}

/// A cache server that is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExistingValkey {
    /// The Secret with the credentials, in the application's namespace; its keys become files in every
    /// workload that uses a cache.
    pub secret: String,
    /// Where it listens.
    pub address: Address,
    /// Whether it wants TLS.
    pub tls: bool,
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// A DNS name or an IP address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A destination that pods may connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Egress {
    /// The addresses: `203.0.113.0/24`.
    pub cidr: String,
    /// TCP ports; none for every port.
    pub ports: Vec<u16>,
    /// The functions whose workloads may; none for every workload.
    pub functions: Vec<Setting<String>>,
}

/// What the cluster's Knative looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knative {
    /// Whether its flag `kubernetes.podspec-runtimeclassname` is on.
    pub runtime_class: bool,
    /// The namespaces in which its ingress runs. Requests reach a pod straight from there, once
    /// the activator has stepped aside.
    pub ingress: Vec<String>,
}

impl Default for Knative {
    fn default() -> Self {
        Self {
            runtime_class: false,
            ingress: [
                "contour-external",
                "contour-internal",
                "istio-system",
                "kourier-system",
            ]
            .map(str::to_owned)
            .to_vec(),
        }
    }
}
