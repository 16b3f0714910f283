//! One deploy, from the checks to the note that it is done.

use std::collections::{BTreeMap, BTreeSet};

use kube::Client;
use serde_json::Value;
use tokio::time::Instant;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::release::{self, Key, Phase, Release, Share};

use super::apis::Apis;
use super::apply::{How, Rehearsed, apply, rehearse};
use super::checks::{Checked, check};
use super::credentials::{self, Rotated};
use super::history::{self, Record, Status};
use super::lock::Lock;
use super::members::Members;
use super::pods::Pods;
use super::prune::own_kinds;
use super::request::patiently;
use super::wait::until_ready;
use super::{Event, Listener, Options, Problems, namespace, running};

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
    pub(super) writes_namespace: bool,
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
        writes_namespace,
    } = checked;
    let work = Work {
        apis,
        release,
        options,
        tell,
        deadline,
        members: Members::new(&release.app, &release.namespace),
        writes_namespace,
    };
    if namespace {
        work.rehearse(canary).await?;
    }
    // The Lease needs the namespace.
    let objects = work.ready(&release.objects, &Rotated::new());
    work.apply(&objects, Phase::Namespace, false).await?;
    let whose = (release.app.as_str(), release.namespace.as_str());
    let lock = Lock::take(client, whose, options, deadline, tell)
        .await
        .map_err(|problem| vec![problem])?;
    let done = lock.during(work.locked(canary, note)).await;
    lock.release().await;
    done
}

impl Work<'_> {
    pub(super) fn client(&self) -> &Client {
        self.apis.client()
    }

    /// A release's objects, ready to be applied.
    fn ready(&self, objects: &[Value], rotated: &Rotated) -> Vec<Value> {
        let mut objects = super::applied::ready(objects, &self.members, rotated);
        objects.retain_mut(|object| {
            let is_namespace = Phase::of(&Key::of(object)) == Phase::Namespace;
            if is_namespace {
                namespace::mark(object);
            }
            !is_namespace || self.writes_namespace
        });
        objects
    }

    /// What the server would make of it all.
    pub(super) async fn rehearse(
        &self,
        canary: Option<&Canary>,
    ) -> Result<Vec<Rehearsed>, Problems> {
        let records = match canary {
            Some(_) => self.records().await?,
            None => Vec::new(),
        };
        let (objects, _) = self.objects(canary, &records).await?;
        let objects = self.ready(&objects, &self.rotated().await?);
        rehearse(&self.apis, &objects, self.options.force_conflicts).await
    }

    /// The times of earlier rotations: they are in the pods that run.
    async fn rotated(&self) -> Result<Rotated, Problems> {
        credentials::rotated(self.client(), self.release).await
    }

    async fn records(&self) -> Result<Vec<Record>, Problems> {
        let (app, namespace) = (&self.release.app, &self.release.namespace);
        let records = history::records(self.client(), app, namespace).await;
        records.map_err(|problem| vec![problem])
    }

    /// The objects to apply, and the shares of a canary.
    async fn objects(
        &self,
        canary: Option<&Canary>,
        records: &[Record],
    ) -> Result<(Vec<Value>, Vec<Share>), Problems> {
        let Some(canary) = canary else {
            return Ok((self.release.objects.clone(), Vec::new()));
        };
        let release = self.release;
        let one = |problem| vec![problem];
        let Some(current) = history::current(records) else {
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

    /// Applies the objects of a phase; with `again` a provisioner that is done runs once more.
    async fn apply(&self, objects: &[Value], phase: Phase, again: bool) -> Result<usize, Problems> {
        let how = How {
            force: self.options.force_conflicts,
            again,
            deadline: self.deadline,
            tell: self.tell,
        };
        apply(&self.apis, objects, phase, how).await
    }

    async fn locked(&self, canary: Option<&Canary>, note: &str) -> Result<Outcome, Problems> {
        let one = |problem: Diagnostic| vec![problem];
        let release = self.release;
        // Whoever deployed while this one waited changed what there is.
        let records = self.records().await?;
        let (objects, shares) = self.objects(canary, &records).await?;
        self.is_open(&records, canary.is_some()).map_err(one)?;
        let number = self.number(&records, canary.is_some());
        // A queue that left may be empty by now, and only the provisioner sees it. And another release, a canary's, may have
        // left the broker with other settings since this one's provisioner ran.
        let is_other = records.last().is_some_and(|record| !record.is(release));
        let again = is_other || !release.retired.is_empty();
        let write = |status| history::write(self.client(), number, status, note, release);
        let is_again = records
            .iter()
            .any(|record| record.number == number && record.status == Status::Deployed);
        if !is_again {
            write(Status::Applying).await.map_err(one)?;
        }
        let old = self.note_kinds(&objects).await.map_err(one)?;
        self.tell_unseen(history::current(&records));
        let came = self.come_up(&objects, canary, again).await;
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
        history::forget(self.client(), &self.records().await?)
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
    async fn come_up(
        &self,
        objects: &[Value],
        canary: Option<&Canary>,
        again: bool,
    ) -> Result<(), Problems> {
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
            applied += self.apply(&objects, phase, again).await?;
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
