//! One deploy, from the checks to the note that it is done.

use std::collections::{BTreeMap, BTreeSet};

use kube::{Client, ResourceExt as _};
use serde_json::Value;
use tokio::time::Instant;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lower::knative::VISIBILITY;
use crate::release::{self, Key, Phase, Release, Share};

use super::apis::Apis;
use super::apply::{Applied, How, apply, rehearse};
use super::before::{self, Known};
use super::checks::Checked;
use super::credentials::{self, Lists, Rotated};
use super::history::{self, Entry, Purpose, Record, Status};
use super::lock::Lock;
use super::members::{Members, kinds_of};
use super::pods::Pods;
use super::request::patiently;
use super::revive::revive;
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
    pub(super) canary: Option<&'a Canary>,
    pub(super) purpose: Purpose,
    pub(super) options: &'a Options,
    pub(super) tell: Listener<'a>,
    pub(super) deadline: Instant,
    pub(super) members: Members,
    pub(super) writes_namespace: bool,
}

/// Deploys a release, or a part of its requests' worth with `canary`.
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
    options: &Options,
    tell: Listener<'_>,
) -> Result<Outcome, Problems> {
    let purpose = match canary {
        Some(_) => Purpose::Canary,
        None => Purpose::Deploy,
    };
    bring(client, (release, canary), purpose, options, tell).await
}

/// Deploys a release for a purpose.
pub(super) async fn bring(
    client: &Client,
    (release, canary): (&Release, Option<&Canary>),
    purpose: Purpose,
    options: &Options,
    tell: Listener<'_>,
) -> Result<Outcome, Problems> {
    let deadline = Instant::now() + options.timeout;
    let Known { checked, rotated } = before::ask(client, release, canary, options).await?;
    let Checked {
        apis,
        namespace,
        writes_namespace,
    } = checked;
    let work = Work {
        apis,
        release,
        canary,
        purpose,
        options,
        tell,
        deadline,
        members: Members::new(&release.app, &release.namespace),
        writes_namespace,
    };
    let planned = work.planned(&rotated).await?;
    if namespace {
        let rehearsed = rehearse(&work.apis, &planned, options.force_conflicts).await?;
        for restart in rehearsed.iter().filter_map(|one| one.restart(&release.app)) {
            tell(Event::Done(restart));
        }
    }
    // The Lease needs the namespace.
    work.apply(&planned, Phase::Namespace, false).await?;
    let whose = (release.app.as_str(), release.namespace.as_str());
    let lock = Lock::take(client, whose, options, deadline, tell)
        .await
        .map_err(|problem| vec![problem])?;
    let done = lock.during(work.locked()).await;
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

    /// What will be applied, as far as it is known before anything is changed.
    pub(super) async fn planned(&self, rotated: &Rotated) -> Result<Vec<Value>, Problems> {
        let records = match self.canary {
            Some(_) => self.records().await?,
            None => Vec::new(),
        };
        let (objects, _) = self.objects(&records, rotated).await?;
        Ok(objects)
    }

    async fn records(&self) -> Result<Vec<Record>, Problems> {
        let (app, namespace) = (&self.release.app, &self.release.namespace);
        let records = history::records(self.client(), app, namespace).await;
        records.map_err(|problem| vec![problem])
    }

    /// The release whose users the servers know: beside a canary those of both.
    fn with_users(&self) -> &Release {
        self.canary.map_or(self.release, |canary| &canary.beside)
    }

    /// The objects to apply, and the shares of a canary.
    async fn objects(
        &self,
        records: &[Record],
        rotated: &Rotated,
    ) -> Result<(Vec<Value>, Vec<Share>), Problems> {
        let Some(canary) = self.canary else {
            return Ok((self.ready(&self.release.objects, rotated), Vec::new()));
        };
        let release = self.release;
        let one = |problem| vec![problem];
        let current = before::beside(records, release).map_err(one)?;
        let revisions = running::revisions(&self.apis, release).await.map_err(one)?;
        let old = self.ready(&current.release.objects, rotated);
        let new = self.ready(&canary.beside.objects, rotated);
        let (objects, shares) = release::canary(&old, &new, canary.percent, &revisions);
        if shares.is_empty() {
            return Err(one(Diagnostic::error(
                codes::NO_RELEASE,
                format!(
                    "there is nothing to share: every service of {} runs as this release has it",
                    release.app
                ),
            )
            .help(
                "deploy without --canary: functions of queues and schedules have no requests to share",
            )));
        }
        Ok((objects, shares))
    }

    /// Applies the objects of a phase; with `again` a provisioner that is done runs once more.
    async fn apply(
        &self,
        objects: &[Value],
        phase: Phase,
        again: bool,
    ) -> Result<Applied, Problems> {
        apply(&self.apis, objects, phase, self.how(again)).await
    }

    fn how(&self, again: bool) -> How<'_> {
        How {
            force: self.options.force_conflicts,
            again,
            deadline: self.deadline,
            tell: self.tell,
        }
    }

    async fn locked(&self) -> Result<Outcome, Problems> {
        let one = |problem: Diagnostic| vec![problem];
        let release = self.release;
        // Whoever deployed while this one waited changed what there is.
        let records = self.records().await?;
        self.is_open(&records).map_err(one)?;
        let entry = Entry {
            number: self.number(&records),
            purpose: self.noted(&records),
            release,
        };
        let number = entry.number;
        // A queue that left may be empty by now, and only the provisioner sees it. And another release, a canary's, may have
        // left the broker with other settings since this one's provisioner ran.
        let is_other = records.last().is_some_and(|record| !record.is(release));
        let again = is_other || !release.retired.is_empty();
        let write = |status| history::write(self.client(), &entry, status);
        let is_again = records
            .iter()
            .any(|record| record.number == number && record.status == Status::Deployed);
        if !is_again {
            write(Status::Applying).await.map_err(one)?;
        }
        let old = self.note_kinds().await.map_err(one)?;
        self.tell_unseen(history::current(&records));
        let came = self.come_up(&records, again).await;
        if came.is_err() && !is_again {
            // What went wrong matters more than a note of it that fails.
            let _ = write(Status::Failed).await;
        }
        let shares = came?;
        if self.canary.is_some() {
            write(Status::Canary).await.map_err(one)?;
        } else {
            self.clean_up(&old).await?;
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

    /// Deletes what left, once what came in its place is there.
    async fn clean_up(&self, old: &BTreeSet<String>) -> Result<(), Problems> {
        if !self.options.wait {
            // Nobody knows yet whether the new pods come up, and the old ones need what they were started with.
            let left = async { self.left(&self.with_kinds(old).await?, old).await };
            // Who may not see it can do nothing about it either.
            if left.await.is_ok_and(|left| !left.is_empty()) {
                (self.tell)(Event::Done(
                    "what left the application stays until a deploy without --no-wait".to_owned(),
                ));
            }
            return Ok(());
        }
        self.prune(old).await?;
        // Nobody names those who left any more.
        credentials::ensure(self.client(), self.release, &[], Lists::Exact, self.tell).await?;
        let looked = self.look_at_volumes().await;
        looked.map_err(|problem| vec![problem])
    }

    /// Whether this may be deployed now.
    fn is_open(&self, records: &[Record]) -> Result<(), Diagnostic> {
        let newest = records.last().map(|record| record.number);
        if self.options.seen.is_some_and(|seen| Some(seen) != newest) {
            let message =
                "another deploy came in between, and changed what this one was decided on";
            return Err(Diagnostic::error(codes::CLUSTER_BUSY, message)
                .help("look at what runs now, and run this again"));
        }
        let open = history::canary(records);
        let current = history::current(records);
        let origin = self.release.origin();
        let mut known = [open, current].into_iter().flatten();
        let is_known = known.any(|record| record.release.origin() == origin);
        match open {
            // Knative's latest revision is the canary's: it would get every request until the new one is ready.
            Some(open) if self.canary.is_none() && !is_known => Err(Diagnostic::error(
                codes::CLUSTER_BUSY,
                format!("release {} of {} is a canary", open.number, self.release.app),
            )
            .help("finish it with `cloudc promote`, or take it back with `cloudc rollback`, and then deploy")),
            _ => Ok(()),
        }
    }

    /// The number of this release: that of the newest record if it is the same again, else the next one.
    fn number(&self, records: &[Record]) -> u32 {
        let newest = records.last();
        let again = newest.filter(|record| {
            let fits = match record.status {
                Status::Deployed => self.canary.is_none(),
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

    /// What it is noted as. Whoever gives a canary's release every request promotes it, also without saying so.
    fn noted(&self, records: &[Record]) -> Purpose {
        let origin = self.release.origin();
        let canary = history::canary(records);
        match canary {
            Some(canary)
                if self.purpose == Purpose::Deploy && canary.release.origin() == origin =>
            {
                Purpose::Promotion
            }
            _ => self.purpose,
        }
    }

    /// Lists the kinds of the new objects beside those of the old ones; all of them.
    async fn note_kinds(&self) -> Result<BTreeSet<String>, Diagnostic> {
        let mut kinds = self.members.kinds(self.client()).await?;
        kinds.extend(kinds_of(&self.with_users().objects));
        self.members.note(self.client(), &kinds).await?;
        Ok(kinds)
    }

    /// Applies, phase by phase, and waits where the next one needs it; the shares of a canary.
    async fn come_up(&self, records: &[Record], again: bool) -> Result<Vec<Share>, Problems> {
        let (users, rotate) = (self.with_users(), &self.options.rotate);
        let rotated =
            credentials::ensure(self.client(), users, rotate, Lists::Grow, self.tell).await?;
        let (objects, shares) = self.objects(records, &rotated).await?;
        let mut applied = 0;
        let mut changed = BTreeSet::new();
        for phase in Phase::ALL {
            if phase == Phase::Namespace {
                continue;
            }
            if phase == Phase::Workloads {
                revive(&self.apis, &objects, self.how(again)).await?;
            }
            let done = self.apply(&objects, phase, again).await?;
            applied += done.count;
            changed.extend(done.changed);
            if matches!(phase, Phase::Backends | Phase::Provision) && self.options.wait {
                self.wait((&objects, &changed), |of| of == phase).await?;
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
            self.wait((&objects, &changed), |_| true).await?;
        }
        Ok(shares)
    }

    async fn wait(
        &self,
        (objects, changed): (&[Value], &BTreeSet<Key>),
        of: impl Fn(Phase) -> bool,
    ) -> Result<(), Problems> {
        let objects = objects
            .iter()
            .filter(|object| of(Phase::of(&Key::of(object))));
        let objects: Vec<&Value> = objects.collect();
        let pods = Pods {
            client: self.client(),
            app: &self.release.app,
            namespace: &self.release.namespace,
        };
        until_ready(
            &self.apis,
            &pods,
            (&objects, changed),
            self.deadline,
            self.tell,
        )
        .await
    }

    /// A canary that another release came after is over.
    async fn close_canaries(&self, records: &[Record], number: u32) -> Result<(), Diagnostic> {
        let open = records
            .iter()
            .filter(|record| record.is_open() && record.number != number);
        for record in open {
            let entry = Entry {
                number: record.number,
                purpose: record.purpose,
                release: &record.release,
            };
            history::write(self.client(), &entry, Status::Undone).await?;
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
            let url = service.as_ref().and_then(|service| {
                let url = service.data.pointer("/status/url")?.as_str()?;
                Some((url.to_owned(), service.labels().contains_key(VISIBILITY)))
            });
            if let Some((url, is_private)) = url {
                if !is_private && url.contains(".svc.") {
                    (self.tell)(Event::Warning(unreachable(&key.name, &url)));
                }
                addresses.insert(key.name, url);
            }
        }
        addresses.into_values().collect()
    }
}

/// Knative has no domain until somebody gives it one, and serves what has none inside the cluster alone (`config-domain` in its
/// namespace, `knative-serving`).
fn unreachable(service: &str, url: &str) -> Diagnostic {
    Diagnostic::warning(
        codes::NO_DOMAIN,
        format!("nobody outside the cluster reaches {service}: Knative has no domain, and gave it {url}"),
    )
    .help(
        "give Knative one: kubectl patch configmap config-domain -n knative-serving --type merge -p '{\"data\":{\"example.com\":\"\"}}'; \
         or say what is meant: visibility = \"private\"",
    )
}
