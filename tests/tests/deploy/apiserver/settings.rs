//! What a test chooses when it makes a cluster.

use super::kinds::KINDS;

/// Where services are found from inside.
pub(crate) const CLUSTER_DOMAIN: &str = "svc.cluster.local";

/// Choices with defaults: everything is served and allowed, and nothing happens by itself.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The groups that are served, without the core.
    pub(crate) groups: Vec<&'static str>,
    /// `gitVersion` of `/version`.
    pub(crate) version: String,
    /// Who the client is.
    pub(crate) user: String,
    /// What the user may not do: verb and resource, `*` for any. The resource is `deployments.apps` or `secrets`.
    pub(crate) denied: Vec<(String, String)>,
    /// Whether the controllers act after each write.
    pub(crate) auto_settle: bool,
    /// Where Knative's services are found from outside; its own default, where nobody names one, is the cluster's domain.
    pub(crate) domain: &'static str,
    /// `revision-idle-timeout-seconds` of Knative's defaults, where somebody names it.
    pub(crate) idle_timeout: Option<u64>,
    /// Whether the webhooks of Knative and KEDA are asked.
    pub(crate) webhooks: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let mut groups: Vec<&'static str> = KINDS
            .iter()
            .map(|kind| kind.group)
            .filter(|name| !name.is_empty())
            .collect();
        groups.dedup();
        Self {
            groups,
            version: "v1.33.1".to_owned(),
            user: "deployer".to_owned(),
            denied: Vec::new(),
            auto_settle: false,
            domain: "example.com",
            idle_timeout: None,
            webhooks: true,
        }
    }
}
