//! Which kinds the cluster serves, and where.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use kube::api::{ApiResource, DynamicObject};
use kube::core::GroupVersion;
use kube::discovery::{self, ApiGroup, Scope};
use kube::{Api, Client};

use crate::diagnostic::Diagnostic;
use crate::release::Key;

use super::failure::{failed, lacks};
use super::request::patiently;

const ASKING: &str = "cannot ask the cluster for its kinds";

/// The kinds of some groups, as the cluster serves them.
#[derive(Clone)]
pub(super) struct Apis {
    client: Client,
    kinds: BTreeMap<(String, String), (ApiResource, bool)>,
}

impl Apis {
    /// Asks for all kinds of these versions, `apps/v1` and the like, at the same time.
    ///
    /// # Errors
    ///
    /// Each version that is not served, and a cluster that does not answer.
    pub(super) async fn discover(
        client: &Client,
        versions: BTreeSet<String>,
    ) -> Result<Self, Vec<Diagnostic>> {
        Self::ask(client, &versions, |version| Some(lacks(version))).await
    }

    /// Asks for all kinds of these versions, and does without those that are not served.
    ///
    /// # Errors
    ///
    /// A cluster that does not answer.
    pub(super) async fn discover_some(
        client: &Client,
        versions: BTreeSet<String>,
    ) -> Result<Self, Vec<Diagnostic>> {
        Self::ask(client, &versions, |_| None).await
    }

    /// Asks, with what there is to say of a version that is not served.
    async fn ask(
        client: &Client,
        versions: &BTreeSet<String>,
        absent: impl Fn(&str) -> Option<Diagnostic>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let found = find(client, versions).await;
        let mut apis = Self {
            client: client.clone(),
            kinds: BTreeMap::new(),
        };
        let mut problems = Vec::new();
        for (version, found) in versions.iter().zip(found) {
            match found {
                Ok(group) => apis.add(version, &group),
                Err(error) if is_absent(&error) => problems.extend(absent(version)),
                Err(error) => problems.push(failed(ASKING, &error)),
            }
        }
        problems.dedup();
        if problems.is_empty() {
            Ok(apis)
        } else {
            Err(problems)
        }
    }

    fn add(&mut self, version: &str, group: &ApiGroup) {
        let name = version.rsplit('/').next().unwrap_or(version);
        for (resource, capabilities) in group.versioned_resources(name) {
            let namespaced = capabilities.scope == Scope::Namespaced;
            let key = (version.to_owned(), resource.kind.clone());
            self.kinds.insert(key, (resource, namespaced));
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The kinds that are known, with their versions.
    pub(super) fn resource(&self, version: &str, kind: &str) -> Option<&ApiResource> {
        let key = (version.to_owned(), kind.to_owned());
        self.kinds.get(&key).map(|(resource, _)| resource)
    }

    /// The resource of a kind and group as an ApplySet lists them: `Deployment.apps`.
    pub(super) fn of_group_kind(&self, group_kind: &str) -> Option<&ApiResource> {
        let (kind, group) = group_kind.split_once('.').unwrap_or((group_kind, ""));
        let mut resources = self.kinds.values().map(|(resource, _)| resource);
        resources.find(|resource| resource.kind == kind && resource.group == group)
    }

    /// Where objects like this one are.
    ///
    /// # Errors
    ///
    /// The version is served, and not this kind of it.
    pub(super) fn of(&self, key: &Key) -> Result<Api<DynamicObject>, Diagnostic> {
        let kind = (key.api_version.clone(), key.kind.clone());
        let Some((resource, namespaced)) = self.kinds.get(&kind) else {
            return Err(lacks(&format!("{} {}", key.api_version, key.kind)));
        };
        let client = self.client.clone();
        Ok(match &key.namespace {
            Some(namespace) if *namespaced => Api::namespaced_with(client, namespace, resource),
            _ => Api::all_with(client, resource),
        })
    }

    /// Everything of a kind in a namespace.
    pub(super) fn all(&self, resource: &ApiResource, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, resource)
    }
}

/// The versions' groups, asked for at the same time, in the order of the versions.
async fn find(client: &Client, versions: &BTreeSet<String>) -> Vec<kube::Result<ApiGroup>> {
    join_all(versions.iter().map(|version| async move {
        let (group, name) = version.split_once('/').unwrap_or(("", version));
        let wanted = GroupVersion::gv(group, name);
        patiently(|| discovery::pinned_group(client, &wanted)).await
    }))
    .await
}

fn is_absent(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => status.code == 404,
        kube::Error::Discovery(_) => true,
        _ => false,
    }
}
