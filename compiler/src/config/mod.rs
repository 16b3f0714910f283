//! `cloudc.toml`: what the application runs on. No file is needed.
//!
//! | key | default | meaning |
//! | --- | --- | --- |
//! | `registry` | none | where images are pushed: `registry.example.com/team`. Without one, images are named `cloudc.local/<app>`, for an overlay's `images:` to replace |
//! | `registry_plain_http` | `false` | `true`: the registry is reached by HTTP without TLS, `localhost` too. Images and passwords go over the wire as they are. Belongs to the `registry` beside it: an environment with another registry says it again |
//! | `namespace` | the application's name | the namespace of everything. One application per namespace; none of the cluster's own (`default`, `kube-…`, `knative-…`, KEDA's, the ingress') |
//! | `target` | `"knative"` | `"knative"`: Knative Serving and KEDA, everything can sleep. `"kubernetes"`: neither, at least one pod of everything |
//! | `image_pull_secrets` | `[]` | names of Secrets with which the cluster pulls the image |
//! | `[nats]` | bundled | the broker, one server in the namespace |
//! | `nats.storage` | `"10Gi"` | the size of the bundled broker's volume, at least `64Mi` |
//! | `nats.memory` | `"512Mi"` | the bundled broker's memory, at least `64Mi` |
//! | `nats.image` | pinned | the bundled broker's image |
//! | `nats.secret` | none | use a broker that is there already, with the credentials in this Secret. Every workload that uses the broker mounts all of it. People with `cloudc queue` need a user of their own: `kustomization.yaml` lists its rights |
//! | `nats.provision_secret` | the same as `secret` | the provisioner's own credentials, so that no function holds the right to make streams |
//! | `nats.address` | needed with `secret` | where it listens: `"nats.messaging.svc:4222"`. Connections are held to an IP address, or to the namespace of a Service: `NAME`, `NAME.NAMESPACE` or `NAME.NAMESPACE.svc`. Any other name lets them go anywhere on that port |
//! | `nats.account` | needed with `secret` on Knative | the account's exact name on the server |
//! | `nats.monitoring` | needed with `secret` on Knative | where its monitoring listens: `"nats.messaging.svc:8222"`. KEDA reads the lag there |
//! | `nats.monitoring_tls` | `false` | whether its monitoring speaks HTTPS |
//! | `nats.tls` | `false` | whether its clients need TLS |
//! | `[valkey]` | bundled | the cache server, one in the namespace |
//! | `valkey.memory` | `"256Mi"` | the bundled server's memory, at least `16Mi`; three quarters hold entries |
//! | `valkey.image` | pinned | the bundled server's image |
//! | `valkey.secret` | none | use a server that is there already, with the credentials in this Secret. Every workload that uses a cache mounts all of it |
//! | `valkey.address` | needed with `secret` | where it listens: `"valkey.caches.svc:6379"`. As for `nats.address` |
//! | `valkey.tls` | `false` | whether it wants TLS |
//! | `[[egress]]` | none | a destination outside of the application that pods may connect to; nothing else is let through |
//! | `egress.cidr` | needed | its addresses: `"203.0.113.0/24"` |
//! | `egress.ports` | every port | its TCP ports: `[443]` |
//! | `egress.functions` | every function | names of the functions whose pods may: `["charge"]` |
//! | `[knative]` | | what the cluster's Knative looks like |
//! | `knative.runtime_class` | `false` | whether its flag `kubernetes.podspec-runtimeclassname` is on, so that HTTP services can have a sandbox |
//! | `knative.ingress` | Contour, Istio and Kourier's own | the namespaces in which its ingress runs |
//! | `keda.namespace` | `"keda"` | the namespace in which KEDA runs: it reads the bundled broker's lag from there. A deploy that can see where KEDA is says so if this is another |
//! | `[env.NAME]` | | the same keys for one environment, chosen by `--env NAME`. A key or table written here replaces the one above whole |

mod deployed;
mod model;
mod parse;
mod reader;
#[cfg(test)]
mod tests;
mod values;

pub use deployed::*;
pub use model::*;
pub use parse::Config;

use crate::text::nearest;

/// The keys of `cloudc.toml` as a table in Markdown.
pub fn reference() -> String {
    let lines = include_str!("mod.rs")
        .lines()
        .map_while(|line| line.strip_prefix("//!"));
    let rows = lines
        .map(str::trim_start)
        .filter(|line| line.starts_with('|'));
    rows.map(|row| format!("{row}\n")).collect()
}

/// Advice for a name that is not among the known ones: the nearest, or all of them.
pub(crate) fn one_of(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None if known.is_empty() => "there is none".to_owned(),
        None => format!("there are: {}", known.join(", ")),
    }
}
