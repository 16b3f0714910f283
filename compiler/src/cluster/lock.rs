//! One deploy at a time: a Lease in the application's namespace.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::text::plain;

use super::failure::{failed, gone};
use super::request::patiently;
use super::{Event, Listener, Options, stopped};

/// How long a Lease holds that nobody renews.
const HELD: Duration = Duration::from_secs(15);
/// When this process takes it for lost, by its own clock: before anybody else may have it, so that what is under way has ended by
/// then.
const LOST: Duration = Duration::from_secs(12);
/// How often it is renewed.
const RENEW: Duration = Duration::from_secs(5);
/// How often a Lease of somebody else is looked at, and how soon a renewal that failed is tried again.
const LOOK: Duration = Duration::from_secs(1);

/// A Lease that this process holds. Dropped without [`release`](Lock::release), it is free after fifteen seconds.
pub(super) struct Lock {
    leases: Api<Lease>,
    name: String,
    holder: String,
    renewing: JoinHandle<()>,
    /// Why it is lost, once it is.
    lost: watch::Receiver<Option<Diagnostic>>,
    stop: watch::Receiver<bool>,
}

impl Lock {
    /// Takes the Lease, and waits for whoever has it, at most until `deadline`.
    ///
    /// # Errors
    ///
    /// Somebody has it still: who, and since when.
    pub(super) async fn take(
        client: &Client,
        (app, namespace): (&str, &str),
        options: &Options,
        deadline: Instant,
        tell: Listener<'_>,
    ) -> Result<Self, Diagnostic> {
        let leases: Api<Lease> = Api::namespaced(client.clone(), namespace);
        let name = format!("cloudc-{app}");
        // Two runs of one person are two holders.
        let holder = format!("{} {:08x}", options.holder, rand::random::<u32>());
        let doing = "cannot take the Lease of a deploy";
        // Clocks differ, so what counts is how long the Lease is seen unchanged.
        let mut seen: Option<(Option<String>, Instant)> = None;
        let mut told = false;
        // Else it would be lost before it is renewed for the first time.
        let in_time = |asked: Instant| asked.elapsed() < RENEW || Instant::now() >= deadline;
        let taken = loop {
            let found = patiently(|| leases.get_opt(&name)).await;
            // From here on it may be this one's, whenever the answer comes.
            let asked = Instant::now();
            let Some(lease) = found.map_err(|error| failed(doing, &error))? else {
                let (now, mine) = (PostParams::default(), new(&name, &holder));
                match patiently(|| leases.create(&now, &mine)).await {
                    Ok(_) if in_time(asked) => break asked,
                    Ok(_) => continue,
                    Err(error) if is_conflict(&error) => continue,
                    Err(error) => return Err(failed(doing, &error)),
                }
            };
            let spec = lease.spec.clone().unwrap_or_default();
            let other = spec.holder_identity.clone().unwrap_or_default();
            let version = lease.metadata.resource_version.clone();
            let since = match &seen {
                Some((known, since)) if *known == version => *since,
                _ => {
                    let now = Instant::now();
                    seen = Some((version, now));
                    now
                }
            };
            // This one's own, where the answer to the request that took it was lost or late: it counts from when it was asked.
            if other.is_empty() || other == holder || since.elapsed() > HELD {
                let mut mine = new(&name, &holder);
                mine.metadata = lease.metadata;
                let now = PostParams::default();
                match patiently(|| leases.replace(&name, &now, &mine)).await {
                    Ok(_) if in_time(asked) => break asked,
                    Ok(_) => continue,
                    Err(error) if is_conflict(&error) => continue,
                    Err(error) => return Err(failed(doing, &error)),
                }
            }
            let who = person(&other);
            let acquired = spec
                .acquire_time
                .map(|time| time.0.strftime("%H:%M:%S UTC").to_string());
            let since = acquired
                .map(|time| format!(" since {time}"))
                .unwrap_or_default();
            if Instant::now() >= deadline {
                return Err(Diagnostic::error(
                    codes::CLUSTER_BUSY,
                    format!("{who} deploys {app}{since}"),
                )
                .help("run this again when that is done; a deploy that died is forgotten after fifteen seconds"));
            }
            if !told {
                tell(Event::Done(format!("waiting: {who} deploys {app}{since}")));
                told = true;
            }
            sleep(LOOK).await;
        };
        let (tell_lost, lost) = watch::channel(None);
        let renewing = tokio::spawn(renew(
            leases.clone(),
            name.clone(),
            holder.clone(),
            (taken, tell_lost),
        ));
        Ok(Self {
            leases,
            name,
            holder,
            renewing,
            lost,
            stop: options.stop.listen(),
        })
    }

    /// Does something while the Lease holds.
    ///
    /// # Errors
    ///
    /// This process may not renew it, or not in time, so somebody else may have it; a person wants it to stop.
    pub(super) async fn during<T>(
        &self,
        work: impl Future<Output = Result<T, Vec<Diagnostic>>>,
    ) -> Result<T, Vec<Diagnostic>> {
        let (mut lost, mut stop) = (self.lost.clone(), self.stop.clone());
        tokio::select! {
            done = work => done,
            Ok(why) = lost.wait_for(Option::is_some) => Err(why.iter().cloned().collect()),
            Ok(_) = stop.wait_for(|stop| *stop) => Err(vec![stopped()]),
        }
    }

    /// Gives it back. If that does not succeed, it is free after fifteen seconds.
    pub(super) async fn release(self) {
        self.renewing.abort();
        let _ = timeout(RENEW, self.give_back()).await;
    }

    /// Gives it back for good: the application is gone.
    ///
    /// # Errors
    ///
    /// It is there still.
    pub(super) async fn delete(self) -> Result<(), Diagnostic> {
        self.renewing.abort();
        let doing = "cannot delete the Lease";
        let found = patiently(|| self.leases.get_opt(&self.name)).await;
        let Some(lease) = found
            .map_err(|error| failed(doing, &error))?
            .filter(|lease| self.has(lease))
        else {
            return Ok(());
        };
        let this_one = DeleteParams::default().preconditions(Preconditions {
            uid: lease.metadata.uid,
            resource_version: lease.metadata.resource_version,
        });
        match patiently(|| self.leases.delete(&self.name, &this_one)).await {
            // Somebody has taken it.
            Err(error) if is_conflict(&error) => Ok(()),
            removed => gone(removed, doing),
        }
    }

    /// The Lease's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    async fn give_back(&self) {
        let Ok(Some(lease)) = self.leases.get_opt(&self.name).await else {
            return;
        };
        if self.has(&lease) {
            let mut free = lease;
            free.spec = Some(LeaseSpec::default());
            let _ = self
                .leases
                .replace(&self.name, &PostParams::default(), &free)
                .await;
        }
    }

    fn has(&self, lease: &Lease) -> bool {
        let holder = lease
            .spec
            .as_ref()
            .and_then(|spec| spec.holder_identity.as_deref());
        holder == Some(self.holder.as_str())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

/// Renews until it cannot. A renewal counts from when it was asked for: its answer may have taken long.
async fn renew(
    leases: Api<Lease>,
    name: String,
    holder: String,
    (mut renewed, lost): (Instant, watch::Sender<Option<Diagnostic>>),
) {
    let mut pause = RENEW;
    // An API server that starts denies for a moment, too.
    let mut denied = None;
    let why = loop {
        let end = renewed + LOST;
        sleep_until((Instant::now() + pause).min(end)).await;
        let asked = Instant::now();
        let answer = timeout_at((asked + RENEW).min(end), mine(&leases, &name, &holder)).await;
        match answer {
            Ok(Ok(true)) => (renewed, pause, denied) = (asked, RENEW, None),
            Ok(Ok(false)) => break too_late(),
            Ok(Err(error)) => {
                pause = LOOK;
                denied = is_denied(&error).then(|| failed("cannot renew the Lease", &error));
            }
            Err(_) => pause = LOOK,
        }
        if Instant::now() >= renewed + LOST {
            break denied.unwrap_or_else(too_late);
        }
    };
    let _ = lost.send(Some(why));
}

fn too_late() -> Diagnostic {
    Diagnostic::error(
        codes::CLUSTER_BUSY,
        "the Lease could not be renewed in time, and another deploy may have it",
    )
    .help("the API server answered too late: run this again, it goes on where it was")
}

/// Renews once: whether it is this one's still.
async fn mine(leases: &Api<Lease>, name: &str, holder: &str) -> kube::Result<bool> {
    let mut lease = leases.get(name).await?;
    let spec = lease.spec.get_or_insert_default();
    if spec.holder_identity.as_deref() != Some(holder) {
        return Ok(false);
    }
    spec.renew_time = Some(MicroTime(Timestamp::now()));
    // By the right with which it was taken.
    leases.replace(name, &PostParams::default(), &lease).await?;
    Ok(true)
}

fn new(name: &str, holder: &str) -> Lease {
    let now = MicroTime(Timestamp::now());
    Lease {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some(
                [(
                    "app.kubernetes.io/managed-by".to_owned(),
                    "cloudc".to_owned(),
                )]
                .into(),
            ),
            ..Default::default()
        },
        spec: Some(LeaseSpec {
            holder_identity: Some(holder.to_owned()),
            lease_duration_seconds: i32::try_from(HELD.as_secs()).ok(),
            acquire_time: Some(now.clone()),
            renew_time: Some(now),
            ..Default::default()
        }),
    }
}

/// A holder without what tells their runs apart.
fn person(holder: &str) -> String {
    plain(holder.rsplit_once(' ').map_or(holder, |(person, _)| person))
}

fn is_denied(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if matches!(status.code, 401 | 403))
}

fn is_conflict(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 409)
}
