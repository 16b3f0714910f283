//! The kinds that are served.

/// A kind, as discovery names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// The API group; empty for the core.
    pub(crate) group: &'static str,
    /// The version.
    pub(crate) version: &'static str,
    /// The name of one.
    pub(crate) kind: &'static str,
    /// The name in paths.
    pub(crate) plural: &'static str,
    /// Short names, as kubectl takes them.
    pub(crate) short: &'static [&'static str],
    /// Whether its objects are in a namespace.
    pub(crate) namespaced: bool,
    /// Whether the status is a part of its own.
    pub(crate) status: bool,
    /// Whether it has a number of replicas that `scale` changes.
    pub(crate) scale: bool,
}

const fn kind(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
) -> Kind {
    Kind {
        group,
        version,
        kind,
        plural,
        short: &[],
        namespaced: true,
        status: false,
        scale: false,
    }
}

impl Kind {
    const fn short(self, short: &'static [&'static str]) -> Self {
        Self { short, ..self }
    }

    const fn cluster(self) -> Self {
        Self {
            namespaced: false,
            ..self
        }
    }

    const fn with_status(self) -> Self {
        Self {
            status: true,
            ..self
        }
    }

    const fn with_scale(self) -> Self {
        Self {
            scale: true,
            ..self
        }
    }

    /// `deployments.apps`, `secrets`.
    pub(crate) fn qualified(&self) -> String {
        match self.group {
            "" => self.plural.to_owned(),
            group => format!("{}.{group}", self.plural),
        }
    }

    /// `apps/v1`, `v1`.
    pub(crate) fn api_version(&self) -> String {
        api_version(self.group, self.version)
    }

    /// Whether it comes from a CustomResourceDefinition.
    pub(crate) fn custom(&self) -> bool {
        CUSTOM.contains(&self.group)
    }

    /// Whether `metadata.generation` counts its changes. The plain kinds have none.
    pub(crate) fn counts(&self) -> bool {
        self.status
            && !matches!(
                self.kind,
                "Namespace" | "Service" | "PersistentVolumeClaim" | "Node"
            )
            || matches!(self.kind, "NetworkPolicy")
            || self.custom()
    }
}

/// The groups that come from CustomResourceDefinitions.
pub(crate) const CUSTOM: &[&str] = &["serving.knative.dev", "keda.sh"];

/// The `apiVersion` of a group's version.
pub(crate) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    }
}

/// All kinds, in the order of their groups.
pub(crate) const KINDS: &[Kind] = &[
    kind("", "v1", "ConfigMap", "configmaps").short(&["cm"]),
    kind("", "v1", "Event", "events").short(&["ev"]),
    kind("", "v1", "Namespace", "namespaces")
        .short(&["ns"])
        .cluster()
        .with_status(),
    kind("", "v1", "Node", "nodes")
        .short(&["no"])
        .cluster()
        .with_status(),
    kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims")
        .short(&["pvc"])
        .with_status(),
    kind("", "v1", "Pod", "pods").short(&["po"]).with_status(),
    kind("", "v1", "ResourceQuota", "resourcequotas")
        .short(&["quota"])
        .with_status(),
    kind("", "v1", "Secret", "secrets"),
    kind("", "v1", "Service", "services")
        .short(&["svc"])
        .with_status(),
    kind("", "v1", "ServiceAccount", "serviceaccounts").short(&["sa"]),
    kind("apps", "v1", "ControllerRevision", "controllerrevisions"),
    kind("apps", "v1", "DaemonSet", "daemonsets")
        .short(&["ds"])
        .with_status(),
    kind("apps", "v1", "Deployment", "deployments")
        .short(&["deploy"])
        .with_status()
        .with_scale(),
    kind("apps", "v1", "ReplicaSet", "replicasets")
        .short(&["rs"])
        .with_status()
        .with_scale(),
    kind("apps", "v1", "StatefulSet", "statefulsets")
        .short(&["sts"])
        .with_status()
        .with_scale(),
    kind("batch", "v1", "CronJob", "cronjobs")
        .short(&["cj"])
        .with_status(),
    kind("batch", "v1", "Job", "jobs").with_status(),
    kind(
        "autoscaling",
        "v2",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
    )
    .short(&["hpa"])
    .with_status(),
    kind("networking.k8s.io", "v1", "Ingress", "ingresses")
        .short(&["ing"])
        .with_status(),
    kind(
        "networking.k8s.io",
        "v1",
        "NetworkPolicy",
        "networkpolicies",
    )
    .short(&["netpol"]),
    kind(
        "policy",
        "v1",
        "PodDisruptionBudget",
        "poddisruptionbudgets",
    )
    .short(&["pdb"])
    .with_status(),
    kind("coordination.k8s.io", "v1", "Lease", "leases"),
    kind(
        "rbac.authorization.k8s.io",
        "v1",
        "ClusterRole",
        "clusterroles",
    )
    .cluster(),
    kind(
        "rbac.authorization.k8s.io",
        "v1",
        "ClusterRoleBinding",
        "clusterrolebindings",
    )
    .cluster(),
    kind("rbac.authorization.k8s.io", "v1", "Role", "roles"),
    kind(
        "rbac.authorization.k8s.io",
        "v1",
        "RoleBinding",
        "rolebindings",
    ),
    kind("events.k8s.io", "v1", "Event", "events").short(&["ev"]),
    kind(
        "authorization.k8s.io",
        "v1",
        "SelfSubjectAccessReview",
        "selfsubjectaccessreviews",
    )
    .cluster(),
    kind(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
    )
    .short(&["crd", "crds"])
    .cluster()
    .with_status(),
    kind("apiregistration.k8s.io", "v1", "APIService", "apiservices")
        .cluster()
        .with_status(),
    kind(
        "serving.knative.dev",
        "v1",
        "Configuration",
        "configurations",
    )
    .short(&["config", "cfg"])
    .with_status(),
    kind("serving.knative.dev", "v1", "Revision", "revisions")
        .short(&["rev"])
        .with_status(),
    kind("serving.knative.dev", "v1", "Route", "routes")
        .short(&["rt"])
        .with_status(),
    kind("serving.knative.dev", "v1", "Service", "services")
        .short(&["kservice", "ksvc"])
        .with_status(),
    kind(
        "keda.sh",
        "v1alpha1",
        "ClusterTriggerAuthentication",
        "clustertriggerauthentications",
    )
    .cluster()
    .with_status(),
    kind("keda.sh", "v1alpha1", "ScaledJob", "scaledjobs")
        .short(&["sj"])
        .with_status(),
    kind("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects")
        .short(&["so"])
        .with_status()
        .with_scale(),
    kind(
        "keda.sh",
        "v1alpha1",
        "TriggerAuthentication",
        "triggerauthentications",
    )
    .short(&["ta"])
    .with_status(),
];

/// The kind of an `apiVersion` and a name; panics for one that is not in the table, which only a test's mistake is.
pub(crate) fn by_name(api_version: &str, name: &str) -> Kind {
    let found = KINDS
        .iter()
        .find(|kind| kind.kind == name && kind.api_version() == api_version);
    *found.unwrap_or_else(|| panic!("{api_version} {name} is no kind of this cluster"))
}
