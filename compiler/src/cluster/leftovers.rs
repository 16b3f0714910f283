//! Volumes whose server left the application: kept, unless they are named.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::api::{DeleteParams, ListParams};
use kube::{Api, Client, ResourceExt as _};

use crate::codes;
use crate::config::one_of;
use crate::diagnostic::Diagnostic;
use crate::lower::names;
use crate::release::{Key, Release};

use super::Problems;
use super::failure::{failed, gone};
use super::history::Record;
use super::request::patiently;

/// A claim of a server that the application does not have any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Volume {
    /// The claim: `data-shop-nats-0`.
    pub(super) claim: String,
    /// The server: `shop-nats`.
    pub(super) server: String,
}

impl Volume {
    /// Whether a name after `--delete-data` means this one: the server's, with or without the application's, or the claim's.
    pub(super) fn is(&self, app: &str, name: &str) -> bool {
        let bare = self
            .server
            .strip_prefix(app)
            .and_then(|rest| rest.strip_prefix('-'));
        [Some(self.server.as_str()), Some(self.claim.as_str()), bare].contains(&Some(name))
    }

    /// The claim as an object.
    pub(super) fn key(&self, namespace: &str) -> Key {
        Key {
            api_version: "v1".to_owned(),
            kind: "PersistentVolumeClaim".to_owned(),
            namespace: Some(namespace.to_owned()),
            name: self.claim.clone(),
        }
    }
}

/// The application's volumes that no StatefulSet of `release` has; all of them without a release. Where data is named that is to go,
/// whoever may not see volumes is told so.
pub(super) async fn volumes(
    client: &Client,
    (app, namespace): (&str, &str),
    release: Option<&Release>,
    named: &[String],
) -> Result<Vec<Volume>, Diagnostic> {
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), namespace);
    // A StatefulSet gives its claims the labels of its pods.
    let selector = ListParams::default().labels(&format!("app.kubernetes.io/part-of={app}"));
    let found = match patiently(|| claims.list(&selector)).await {
        Ok(found) => found,
        // Who may not see volumes cannot lose them.
        Err(kube::Error::Api(status)) if status.code == 403 && named.is_empty() => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(failed("cannot list the volumes", &error)),
    };
    let servers: Vec<Key> = release.into_iter().flat_map(Release::keys).collect();
    let volumes = found.items.iter().filter_map(|claim| {
        let server = claim.labels().get("app.kubernetes.io/instance")?.clone();
        if !is_ours(app, &server, claim) {
            return None;
        }
        let is_used = servers
            .iter()
            .any(|key| key.kind == "StatefulSet" && key.name == server);
        (!is_used).then(|| Volume {
            claim: claim.name_any(),
            server,
        })
    });
    Ok(volumes.collect())
}

/// The volume that an earlier release had and `release` does not, whether or not it is there still.
pub(super) fn remembered(records: &[Record], release: &Release) -> Option<Volume> {
    let server = names::nats(&release.app);
    let has = |release: &Release| {
        let mut keys = release.keys();
        keys.any(|key| key.kind == "StatefulSet" && key.name == server)
    };
    let had = records.iter().any(|record| has(&record.release));
    (had && !has(release)).then(|| Volume {
        claim: format!("data-{server}-0"),
        server,
    })
}

/// Names after `--delete-data` that neither a volume nor a queue has.
pub(super) fn unknown(
    app: &str,
    named: &[String],
    volumes: &[Volume],
    queues: &[String],
) -> Problems {
    let servers = volumes.iter().map(|volume| volume.server.as_str());
    let mut known: Vec<&str> = queues.iter().map(String::as_str).chain(servers).collect();
    known.sort_unstable();
    known.dedup();
    let strangers = named.iter().filter(|name| {
        !queues.contains(name) && !volumes.iter().any(|volume| volume.is(app, name))
    });
    strangers
        .map(|name| {
            let message = format!("there is no data called `{name}`");
            Diagnostic::error(codes::NO_SUCH_NAME, message).help(one_of(name, &known))
        })
        .collect()
}

/// Whether a claim is of the one server with a volume that cloudc makes. Labels alone could be anybody's.
fn is_ours(app: &str, server: &str, claim: &PersistentVolumeClaim) -> bool {
    let name = claim.name_any();
    let number = name.strip_prefix(&format!("data-{server}-"));
    let is_numbered =
        number.is_some_and(|number| number.bytes().all(|digit| digit.is_ascii_digit()));
    let of_another = claim.labels().contains_key("app.kubernetes.io/managed-by");
    server == names::nats(app) && is_numbered && !of_another
}

/// Deletes a volume and what is on it.
pub(super) async fn delete(
    client: &Client,
    namespace: &str,
    volume: &Volume,
) -> Result<(), Diagnostic> {
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), namespace);
    let answer =
        patiently(async || claims.delete(&volume.claim, &DeleteParams::default()).await).await;
    gone(
        answer,
        &format!("cannot delete the volume {}", volume.claim),
    )
}
