//! What left the application: its objects go, its data stays unless it is named.

use std::collections::BTreeSet;

use kube::api::{DeleteParams, Preconditions};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::release::{Key, Phase};

use super::apis::Apis;
use super::deploy::Work;
use super::failure::failed;
use super::request::patiently;
use super::{Event, Problems, leftovers, members};

impl Work<'_> {
    /// Deletes members that the release does not have, and shortens the list of kinds.
    pub(super) async fn prune(&self, kinds: &BTreeSet<String>) -> Result<(), Problems> {
        let one = |problem: Diagnostic| vec![problem];
        let apis = self.with_kinds(kinds).await?;
        for (key, uid) in self.left(&apis, kinds).await? {
            delete(&apis, &key, uid.as_deref()).await.map_err(one)?;
            (self.tell)(Event::Done(format!(
                "deleted {key}, which left the application"
            )));
        }
        let left = members::kinds_of(&self.release.objects);
        self.members.note(self.client(), &left).await.map_err(one)
    }

    /// Members that the release does not have, with their uids: what runs before what it runs with.
    pub(super) async fn left(
        &self,
        apis: &Apis,
        kinds: &BTreeSet<String>,
    ) -> Result<Vec<(Key, Option<String>)>, Problems> {
        let wanted = self.release.belongings();
        let members = self.members.all(apis, kinds).await;
        let members = members.map_err(|problem| vec![problem])?;
        let left = members
            .into_iter()
            .filter(|(key, _)| !wanted.contains(&(key.group_kind(), key.name.clone())));
        let mut left: Vec<_> = left
            .map(|(key, object)| (key, object.metadata.uid))
            .collect();
        left.sort_by_key(|(key, _)| std::cmp::Reverse(Phase::of(key)));
        Ok(left)
    }

    /// The kinds of a list, some of which the release may not have any more.
    pub(super) async fn with_kinds(&self, kinds: &BTreeSet<String>) -> Result<Apis, Problems> {
        if kinds
            .iter()
            .all(|kind| self.apis.of_group_kind(kind).is_some())
        {
            return Ok(self.apis.clone());
        }
        members::apis(self.client()).await
    }

    pub(super) async fn look_at_volumes(&self) -> Result<(), Diagnostic> {
        let release = self.release;
        let whose = (release.app.as_str(), release.namespace.as_str());
        let volumes = leftovers::volumes(self.client(), whose, Some(release), &[]).await?;
        for volume in volumes {
            let mut named = self.options.delete_data.iter();
            if named.any(|name| volume.is(&release.app, name)) {
                leftovers::delete(self.client(), &release.namespace, &volume).await?;
                (self.tell)(Event::Done(format!(
                    "deleted the volume {} and what was on it",
                    volume.claim
                )));
            } else {
                (self.tell)(Event::Warning(
                    Diagnostic::warning(
                        codes::DATA_KEPT,
                        format!(
                            "{} is gone, and its volume {} is kept",
                            volume.server, volume.claim
                        ),
                    )
                    .help(format!(
                        "delete what is on it with --delete-data {}",
                        volume.server
                    )),
                ));
            }
        }
        Ok(())
    }
}

pub(super) async fn delete(apis: &Apis, key: &Key, uid: Option<&str>) -> Result<(), Diagnostic> {
    let api = apis.of(key)?;
    let parameters = DeleteParams {
        preconditions: Some(Preconditions {
            uid: uid.map(str::to_owned),
            resource_version: None,
        }),
        ..DeleteParams::background()
    };
    match patiently(|| api.delete(&key.name, &parameters)).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
        Err(error) => Err(failed(&format!("cannot delete {key}"), &error)),
    }
}
