//! One deploy, from the checks to the note that it is done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use kube::Client;
use kube::api::{DeleteParams, Preconditions};
use serde_json::Value;
use tokio::time::Instant;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::release::{self, Key, Phase, Release, Share};

use super::apis::Apis;
use super::apply::{Rehearsed, apply, rehearse};
use super::checks::{Checked, check};
use super::credentials::{self, Rotated};
use super::failure::failed;
use super::history::{self, Record, Status};
use super::leftovers;
use super::lock::Lock;
use super::members::{self, Members};
use super::pods::Pods;
use super::request::patiently;
use super::wait::until_ready;
use super::{Event, Listener, Options, Problems, provisioned, running};

/// A share of the requests for the new release, beside the old one.
#[derive(Clone, Debug)]
pub struct Canary {
    /// How many of a hundred requests, 1 to 99.
    pub percent: u8,
    /// The new tree with the rights of both: see [`Settings::running`](crate::config::Settings).
    pub beside: Release,
}

/// What a deploy did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The release's number.
    pub number: u32,
    /// The services whose requests are shared; empty unless it was a canary.
    pub shares: Vec<Share>,
    /// The addresses of the services that have one.
    pub addresses: Vec<String>,
}

/// What one deploy works with.
pub(super) struct Work<'a> {
    pub(super) apis: Apis,
    pub(super) release: &'a Release,
    pub(super) options: &'a Options,
    pub(super) tell: Listener<'a>,
    pub(super) deadline: Instant,
    pub(super) members: Members,
    pub(super) may_write_namespace: bool,
    /// Whether another release was applied last.
    pub(super) is_other: AtomicBool,
}

/// Deploys a release, or a part of its requests' worth with `canary`. `note` is kept with it.
///
/// Whatever happens, also if the future is dropped half-way, a second run goes on: every step can be repeated.
///
/// # Errors
///
/// What the cluster lacks, denies or refuses, all that can be found out before anything is changed at once; workloads that do not
/// come up.
pub async fn deploy(
    client: &Client,
    release: &Release,
    canary: Option<&Canary>,
    note: &str,
    options: &Options,
    tell: Listener<'_>,
) -> Result<Outcome, Problems> {
    let deadline = Instant::now() + options.timeout;
    let checked = check(client, release).await?;
    let Checked {
        apis,
        namespace,
        may_write_namespace,
    } = checked;
    let work = Work {
        apis,
        release,
        options,
        tell,
        deadline,
        members: Members::new(&release.app, &release.namespace),
        may_write_namespace,
        is_other: AtomicBool::new(false),
    };
    if namespace {
        work.rehearse(canary).await?;
    }
    // The Lease needs the namespace.
    work.apply(
        &work.ready(&release.objects, &Rotated::new()),
        Phase::Namespace,
    )
    .await?;
    let lock = Lock::take(
        client,
        (&release.app, &release.namespace),
        &options.holder,
        deadline,
        tell,
    )
    .await
    .map_err(|problem| vec![problem])?;
    let done = lock.during(work.locked(canary, note)).await;
    lock.release().await;
    done
}

impl Work<'_> {
    fn client(&self) -> &Client {
        self.apis.client()
    }

    /// A release's objects, ready to be applied.
    fn ready(&self, objects: &[Value], rotated: &Rotated) -> Vec<Value> {
        let mut objects = super::applied::ready(objects, &self.members, rotated);
        if !self.may_write_namespace {
            objects.retain(|object| Key::of(object).kind != "Namespace");
        }
        objects
    }

    /// What the server would make of it all.
    pub(super) async fn rehearse(
        &self,
        canary: Option<&Canary>,
    ) -> Result<Vec<Rehearsed>, Problems> {
        let (objects, _) = self.objects(canary).await?;
        let objects = self.ready(&objects, &self.rotated().await?);
        rehearse(&self.apis, &objects, self.options.force_conflicts).await
    }

    /// The times of earlier rotations: they are in the pods that run.
    async fn rotated(&self) -> Result<Rotated, Problems> {
        credentials::rotated(self.client(), self.release).await
    }

    /// The objects to apply, and the shares of a canary.
    async fn objects(&self, canary: Option<&Canary>) -> Result<(Vec<Value>, Vec<Share>), Problems> {
        let Some(canary) = canary else {
            return Ok((self.release.objects.clone(), Vec::new()));
        };
        let release = self.release;
        let one = |problem| vec![problem];
        let records = history::records(self.client(), &release.app, &release.namespace).await;
        let records = records.map_err(one)?;
        let Some(current) = history::current(&records) else {
            return Err(one(Diagnostic::error(
                codes::NO_RELEASE,
                format!(
                    "there is nothing for a canary to stand beside: {} is not deployed yet",
                    release.app
                ),
            )
            .help("deploy without --canary first")));
        };
        if !release.keys().any(|key| running::shares(&key)) {
            return Err(one(Diagnostic::error(
                codes::CLUSTER_LACKS,
                "only services of Knative share their requests, and this application has none",
            )
            .help("deploy without --canary")));
        }
        let revisions = running::revisions(&self.apis, release).await.map_err(one)?;
        Ok(release::canary(
            &current.release,
            &canary.beside,
            canary.percent,
            &revisions,
        ))
    }

    async fn apply(&self, objects: &[Value], phase: Phase) -> Result<usize, Problems> {
        // A queue that left may be empty by now, and only the provisioner sees it. And another release, a canary's, may have
        // left the broker with other settings since this one's provisioner ran.
        let again = !self.release.retired.is_empty() || self.is_other.load(Ordering::Relaxed);
        apply(
            &self.apis,
            objects,
            phase,
            self.options.force_conflicts,
            again,
        )
        .await
    }

    async fn locked(&self, canary: Option<&Canary>, note: &str) -> Result<Outcome, Problems> {
        let one = |problem: Diagnostic| vec![problem];
        let release = self.release;
        // Whoever deployed while this one waited changed what there is.
        let (objects, shares) = self.objects(canary).await?;
        let records = history::records(self.client(), &release.app, &release.namespace).await;
        let records = records.map_err(one)?;
        self.is_open(&records, canary.is_some()).map_err(one)?;
        let number = self.number(&records, canary.is_some());
        let is_other = records.last().is_some_and(|record| !record.is(release));
        self.is_other.store(is_other, Ordering::Relaxed);
        let write = |status| history::write(self.client(), number, status, note, release);
        let is_again = records
            .iter()
            .any(|record| record.number == number && record.status == Status::Deployed);
        if !is_again {
            write(Status::Applying).await.map_err(one)?;
        }
        let old = self.note_kinds(&objects).await.map_err(one)?;
        let came = self.come_up(&objects, canary).await;
        if let Err(problems) = came {
            if !is_again {
                // What went wrong matters more than a note of it that fails.
                let _ = write(Status::Failed).await;
            }
            return Err(problems);
        }
        if canary.is_some() {
            write(Status::Canary).await.map_err(one)?;
        } else {
            self.prune(&old).await?;
            self.look_at_volumes().await.map_err(one)?;
            write(Status::Deployed).await.map_err(one)?;
        }
        self.close_canaries(&records, number).await.map_err(one)?;
        let records = history::records(self.client(), &release.app, &release.namespace).await;
        history::forget(self.client(), &records.map_err(one)?)
            .await
            .map_err(one)?;
        Ok(Outcome {
            number,
            shares,
            addresses: self.addresses().await,
        })
    }

    /// Whether this may be deployed now.
    fn is_open(&self, records: &[Record], canary: bool) -> Result<(), Diagnostic> {
        let newest = records.last().map(|record| record.number);
        if self.options.seen.is_some_and(|seen| Some(seen) != newest) {
            let message =
                "another deploy came in between, and changed what this one was decided on";
            return Err(Diagnostic::error(codes::CLUSTER_BUSY, message)
                .help("look at what runs now, and run this again"));
        }
        let open = history::canary(records);
        let current = history::current(records);
        let mut known = [open, current].into_iter().flatten();
        let is_known = known.any(|record| record.is(self.release));
        match open {
            // Knative's latest revision is the canary's: it would get every request until the new one is ready.
            Some(open) if !canary && !is_known => Err(Diagnostic::error(
                codes::CLUSTER_BUSY,
                format!("release {} of {} is a canary", open.number, self.release.app),
            )
            .help("finish it with `cloudc promote`, or take it back with `cloudc rollback`, and then deploy")),
            _ => Ok(()),
        }
    }

    /// The number of this release: that of the newest record if it is the same again, else the next one.
    fn number(&self, records: &[Record], canary: bool) -> u32 {
        let newest = records.last();
        let again = newest.filter(|record| {
            let fits = match record.status {
                Status::Deployed => !canary,
                Status::Undone => false,
                _ => true,
            };
            fits && record.is(self.release)
        });
        match (again, newest) {
            (Some(record), _) => record.number,
            (None, Some(newest)) => newest.number + 1,
            (None, None) => 1,
        }
    }

    /// Lists the kinds of the new objects beside those of the old ones; all of them.
    async fn note_kinds(&self, objects: &[Value]) -> Result<BTreeSet<String>, Diagnostic> {
        let mut kinds = self.members.kinds(self.client()).await?;
        kinds.extend(own_kinds(objects));
        self.members.note(self.client(), &kinds).await?;
        Ok(kinds)
    }

    /// Applies, phase by phase, and waits where the next one needs it.
    async fn come_up(&self, objects: &[Value], canary: Option<&Canary>) -> Result<(), Problems> {
        // Beside a canary the servers know the users of both.
        let users = canary.map_or(self.release, |canary| &canary.beside);
        let rotate = &self.options.rotate;
        let rotated = credentials::ensure(self.client(), users, rotate, self.tell).await?;
        let objects = self.ready(objects, &rotated);
        let mut applied = 0;
        for phase in Phase::ALL {
            if phase == Phase::Namespace {
                continue;
            }
            applied += self.apply(&objects, phase).await?;
            if matches!(phase, Phase::Backends | Phase::Provision) && self.options.wait {
                self.wait(&objects, |of| of == phase).await?;
            }
            if phase == Phase::Provision && self.options.wait {
                self.tell_provisioned(&objects).await;
            }
        }
        (self.tell)(Event::Done(format!(
            "applied {applied} objects to namespace {}",
            self.release.namespace
        )));
        if self.options.wait {
            self.wait(&objects, |_| true).await?;
        }
        Ok(())
    }

    async fn wait(&self, objects: &[Value], of: impl Fn(Phase) -> bool) -> Result<(), Problems> {
        let objects = objects
            .iter()
            .filter(|object| of(Phase::of(&Key::of(object))));
        let objects: Vec<&Value> = objects.collect();
        let pods = Pods {
            client: self.client(),
            app: &self.release.app,
            namespace: &self.release.namespace,
        };
        until_ready(&self.apis, &pods, &objects, self.deadline, self.tell).await
    }

    async fn tell_provisioned(&self, objects: &[Value]) {
        for key in objects.iter().map(Key::of).filter(|key| key.kind == "Job") {
            let messages = provisioned::messages(self.client(), &self.release.namespace, &key.name);
            for message in messages.await {
                (self.tell)(Event::Done(format!("provision: {message}")));
            }
        }
    }

    /// Deletes members that the release does not have, and shortens the list of kinds.
    async fn prune(&self, kinds: &BTreeSet<String>) -> Result<(), Problems> {
        let one = |problem: Diagnostic| vec![problem];
        let apis = self.with_kinds(kinds).await?;
        let wanted: BTreeSet<(String, String)> = self
            .release
            .keys()
            .map(|key| (key.group_kind(), key.name))
            .chain(
                self.release
                    .secrets
                    .iter()
                    .map(|secret| ("Secret".to_owned(), secret.name.clone())),
            )
            .collect();
        let members = self.members.all(&apis, kinds).await.map_err(one)?;
        let gone = members
            .iter()
            .filter(|(key, _)| !wanted.contains(&(key.group_kind(), key.name.clone())));
        // What runs goes before what it runs with.
        let mut gone: Vec<_> = gone.collect();
        gone.sort_by_key(|(key, _)| std::cmp::Reverse(Phase::of(key)));
        for (key, object) in gone {
            delete(&apis, key, object.metadata.uid.as_deref())
                .await
                .map_err(one)?;
            (self.tell)(Event::Done(format!(
                "deleted {key}, which left the application"
            )));
        }
        let mut left = own_kinds(&self.release.objects);
        if !self.release.secrets.is_empty() {
            left.insert("Secret".to_owned());
        }
        self.members.note(self.client(), &left).await.map_err(one)
    }

    /// The kinds of a list, some of which the release may not have any more.
    async fn with_kinds(&self, kinds: &BTreeSet<String>) -> Result<Apis, Problems> {
        if kinds
            .iter()
            .all(|kind| self.apis.of_group_kind(kind).is_some())
        {
            return Ok(self.apis.clone());
        }
        members_apis(self.client()).await
    }

    async fn look_at_volumes(&self) -> Result<(), Diagnostic> {
        let release = self.release;
        let volumes = leftovers::volumes(
            self.client(),
            &release.app,
            &release.namespace,
            Some(release),
        )
        .await?;
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

    /// A canary that another release came after is over.
    async fn close_canaries(&self, records: &[Record], number: u32) -> Result<(), Diagnostic> {
        let open = records
            .iter()
            .filter(|record| record.status == Status::Canary && record.number != number);
        for record in open {
            history::write(
                self.client(),
                record.number,
                Status::Undone,
                &record.note,
                &record.release,
            )
            .await?;
        }
        Ok(())
    }

    async fn addresses(&self) -> Vec<String> {
        let mut addresses = BTreeMap::new();
        for key in self.release.keys().filter(running::shares) {
            let Ok(api) = self.apis.of(&key) else {
                continue;
            };
            let service = patiently(|| api.get_opt(&key.name)).await.ok().flatten();
            let url = service.and_then(|service| {
                Some(service.data.pointer("/status/url")?.as_str()?.to_owned())
            });
            if let Some(url) = url {
                addresses.insert(key.name, url);
            }
        }
        addresses.into_values().collect()
    }
}

/// The kinds of objects that are members.
fn own_kinds(objects: &[Value]) -> BTreeSet<String> {
    let keys = objects.iter().map(Key::of).filter(members::is_one);
    let mut kinds: BTreeSet<String> = keys.map(|key| key.group_kind()).collect();
    kinds.insert("Secret".to_owned());
    kinds
}

/// Every kind that cloudc has ever applied, as far as the cluster serves it.
pub(super) async fn members_apis(client: &Client) -> Result<Apis, Problems> {
    let versions = [
        "v1",
        "apps/v1",
        "autoscaling/v2",
        "batch/v1",
        "networking.k8s.io/v1",
        "policy/v1",
        "serving.knative.dev/v1",
        "keda.sh/v1alpha1",
    ];
    Apis::discover_some(client, versions.map(str::to_owned).into()).await
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
