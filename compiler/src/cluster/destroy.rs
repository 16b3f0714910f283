//! Taking an application down.

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{DeleteParams, Preconditions};
use kube::{Api, Client};
use tokio::time::Instant;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::release::{Key, Phase};

use super::apis::Apis;
use super::failure::gone;
use super::foreign;
use super::gone::{until_gone, until_namespace_gone};
use super::leftovers::{self, Volume};
use super::lock::Lock;
use super::members::{self, Members};
use super::namespace::{Maker, clearing, is_made, maker};
use super::prune::delete;
use super::request::patiently;
use super::strangers::strangers;
use super::{Event, Listener, Options, Problems, history};

/// What a destruction deletes and what it keeps.
#[derive(Clone, Debug, Default)]
pub struct Doomed {
    /// The objects, in words: `Deployment charge`.
    pub objects: Vec<String>,
    /// Volumes that go, as they were named.
    pub volumes: Vec<String>,
    /// Volumes that stay, each with the name that deletes it.
    pub kept: Vec<String>,
    keys: Vec<(Key, Option<String>)>,
    claims: Vec<Volume>,
    /// The number of the last release.
    newest: Option<u32>,
    /// How many releases are kept, with which `rollback` goes back.
    pub releases: usize,
    /// Whether the namespace goes, unless something else is in it.
    pub namespace: bool,
    /// The uid of the namespace, where that is what is left, and is going already.
    clearing: Option<String>,
}

impl Doomed {
    /// Whether all of it is going already with its namespace, so that there is nothing but to wait.
    pub fn is_going(&self) -> bool {
        self.clearing.is_some()
    }
}

/// Finds out what there is to delete: what cloudc made, and nothing else. Volumes are kept unless `options` names them.
///
/// # Errors
///
/// The cluster does not answer or denies it; a name after `--delete-data` that nothing has; nothing that is deployed, or something
/// that was not deployed by a deploy and would run on.
pub async fn doomed(
    client: &Client,
    app: &str,
    namespace: &str,
    options: &Options,
) -> Result<Doomed, Problems> {
    let one = |problem: Diagnostic| vec![problem];
    // A run before this one was cut off, or somebody deletes it by hand: all that is left is to wait.
    if let Some(uid) = clearing(client, namespace).await.map_err(one)? {
        return Ok(Doomed {
            clearing: Some(uid),
            ..Doomed::default()
        });
    }
    let apis = members::apis(client).await?;
    let members = Members::new(app, namespace);
    let kinds = members.kinds(client).await.map_err(one)?;
    let found = members.everywhere(&apis, &kinds).await.map_err(one)?;
    let volumes = leftovers::volumes(client, (app, namespace), None, &options.delete_data)
        .await
        .map_err(one)?;
    // One that was cut off has its records and its list still.
    let records = history::records(client, app, namespace)
        .await
        .map_err(one)?;
    let is_empty = found.is_empty() && volumes.is_empty() && records.is_empty() && kinds.is_empty();
    let namespace_maker = maker(client, namespace).await.map_err(one)?;
    // The namespace goes last.
    if is_empty && namespace_maker != Maker::Cloudc {
        return Err(one(Diagnostic::error(
            codes::NO_RELEASE,
            format!("there is no {app} in the namespace {namespace}"),
        )
        .help(
            "was it deployed with `cloudc deploy`? The context and --env choose where to look",
        )));
    }
    let strangers = strangers(&apis, app, namespace, &members);
    let strangers = strangers.await.map_err(one)?;
    let mut problems: Problems = run_on(app, &strangers).into_iter().collect();
    problems.extend(leftovers::unknown(app, &options.delete_data, &volumes, &[]));
    if !problems.is_empty() {
        return Err(problems);
    }
    let (claims, kept): (Vec<Volume>, Vec<Volume>) = volumes
        .into_iter()
        .partition(|volume| options.delete_data.iter().any(|name| volume.is(app, name)));
    let mut keys: Vec<(Key, Option<String>)> = found
        .into_iter()
        .map(|(key, object)| (key, object.metadata.uid))
        .collect();
    // What runs goes before what it runs with.
    keys.sort_by_key(|(key, _)| (std::cmp::Reverse(Phase::of(key)), key.clone()));
    Ok(Doomed {
        objects: keys.iter().map(|(key, _)| key.to_string()).collect(),
        volumes: claims.iter().map(|volume| volume.claim.clone()).collect(),
        releases: records.len(),
        namespace: namespace_maker == Maker::Cloudc && kept.is_empty(),
        kept: kept
            .iter()
            .map(|volume| format!("{} (--delete-data {})", volume.claim, volume.server))
            .collect(),
        keys,
        claims,
        newest: records.last().map(|record| record.number),
        clearing: None,
    })
}

/// What would run on without what is deleted.
fn run_on(app: &str, strangers: &[Key]) -> Option<Diagnostic> {
    let (first, rest) = strangers.split_first()?;
    let (more, were) = match rest.len() {
        0 => (String::new(), "was"),
        1 => (" and another one".to_owned(), "were"),
        more => (format!(" and {more} others"), "were"),
    };
    Some(
        Diagnostic::error(
            codes::NO_RELEASE,
            format!(
                "{first}{more} of {app} {were} not applied by `cloudc deploy`, and would run on without what this deletes"
            ),
        )
        .help(
            "delete what was applied by other means by the same, such as `kubectl delete -k` or GitOps, and run this again; or \
             deploy once with `cloudc deploy`, which makes all of it its own",
        ),
    )
}

/// Deletes it, and waits until it is gone. The namespace goes too if cloudc made it and nothing else is left in it.
///
/// # Errors
///
/// Something could not be deleted, or is not gone in time: what was deleted is gone, and a second run goes on.
pub async fn destroy(
    client: &Client,
    app: &str,
    namespace: &str,
    doomed: &Doomed,
    options: &Options,
    tell: Listener<'_>,
) -> Result<(), Problems> {
    let deadline = Instant::now() + options.timeout;
    if let Some(uid) = &doomed.clearing {
        return cleared(client, namespace, uid, deadline, tell).await;
    }
    let lock = Lock::take(client, (app, namespace), options, deadline, tell).await;
    let lock = lock.map_err(|problem| vec![problem])?;
    // To the last of it: a deploy that waits would put things into a namespace that goes.
    let work = async {
        remove(client, (app, namespace), doomed, deadline, tell).await?;
        let removed = remove_namespace(client, namespace, (&lock, doomed), tell).await;
        removed.map_err(|problem| vec![problem])
    };
    let removed = match lock.during(work).await {
        Ok(removed) => removed,
        Err(problems) => {
            lock.release().await;
            return Err(problems);
        }
    };
    lock.delete().await.map_err(|problem| vec![problem])?;
    match removed {
        Some(uid) => cleared(client, namespace, &uid, deadline, tell).await,
        None => Ok(()),
    }
}

/// Waits until a namespace that is going is gone.
async fn cleared(
    client: &Client,
    namespace: &str,
    uid: &str,
    deadline: Instant,
    tell: Listener<'_>,
) -> Result<(), Problems> {
    tell(Event::Done(format!(
        "waiting: the cluster clears the namespace {namespace}"
    )));
    let gone = until_namespace_gone(client, namespace, uid, deadline).await;
    gone.map_err(|problem| vec![problem])?;
    tell(Event::Done(format!("deleted the namespace {namespace}")));
    Ok(())
}

async fn remove(
    client: &Client,
    (app, namespace): (&str, &str),
    doomed: &Doomed,
    deadline: Instant,
    tell: Listener<'_>,
) -> Result<(), Problems> {
    let one = |problem: Diagnostic| vec![problem];
    let apis = members::apis(client).await?;
    let records = history::records(client, app, namespace).await;
    let records = records.map_err(one)?;
    // A deploy that was under way when the list was made goes on with its number, and adds to what there is.
    let members = Members::new(app, namespace);
    let kinds = members.kinds(client).await.map_err(one)?;
    let now = members.everywhere(&apis, &kinds).await.map_err(one)?;
    let mut now = now
        .into_iter()
        .map(|(key, object)| (key, object.metadata.uid));
    if records.last().map(|record| record.number) != doomed.newest
        || now.any(|one| !doomed.keys.contains(&one))
    {
        let message = "a deploy came in between, and changed what there is to delete";
        return Err(one(Diagnostic::error(codes::CLUSTER_BUSY, message)
            .help("look at what runs now, and run this again")));
    }
    for (key, uid) in &doomed.keys {
        delete(&apis, key, uid.as_deref()).await.map_err(one)?;
    }
    let keys = doomed.keys.iter();
    all_gone(
        &apis,
        keys.map(|(key, uid)| (key, uid.as_deref())),
        deadline,
    )
    .await?;
    tell(Event::Done(format!(
        "deleted {} objects",
        doomed.keys.len()
    )));
    for volume in &doomed.claims {
        leftovers::delete(client, namespace, volume)
            .await
            .map_err(one)?;
        // Until its pod is gone it is only marked.
        all_gone(&apis, [(&volume.key(namespace), None)], deadline).await?;
        tell(Event::Done(format!(
            "deleted the volume {} and what was on it",
            volume.claim
        )));
    }
    for record in &records {
        history::remove(client, record).await.map_err(one)?;
    }
    let parents: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let now = DeleteParams::default();
    let removed = patiently(|| parents.delete(members.parent(), &now)).await;
    gone(removed, "cannot delete the list of objects").map_err(one)
}

/// Waits until all of these are gone.
async fn all_gone<'a>(
    apis: &Apis,
    keys: impl IntoIterator<Item = (&'a Key, Option<&'a str>)>,
    deadline: Instant,
) -> Result<(), Problems> {
    let mut left = Problems::new();
    for (key, uid) in keys {
        left.extend(until_gone(apis, key, uid, deadline).await.err());
    }
    if left.is_empty() { Ok(()) } else { Err(left) }
}

/// Begins to delete the namespace if it is cloudc's and empty but for what every namespace has. The uid of one that goes.
async fn remove_namespace(
    client: &Client,
    name: &str,
    (lock, doomed): (&Lock, &Doomed),
    tell: Listener<'_>,
) -> Result<Option<String>, Diagnostic> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    // Who may not look may not delete either.
    let Ok(Some(namespace)) = namespaces.get_opt(name).await else {
        return Ok(None);
    };
    let kept = |why: &str| tell(Event::Done(format!("kept the namespace {name}: {why}")));
    if !is_made(&namespace) {
        kept("cloudc did not make it");
        return Ok(None);
    }
    if !doomed.kept.is_empty() {
        kept("a volume is in it");
        return Ok(None);
    }
    if let Some(other) = foreign::anything(client, name, lock.name()).await {
        kept(&format!("it has {other}"));
        return Ok(None);
    }
    let this_one = DeleteParams::background().preconditions(Preconditions {
        uid: namespace.metadata.uid.clone(),
        resource_version: None,
    });
    match patiently(|| namespaces.delete(name, &this_one)).await {
        // It is going already: the answer to an attempt before was lost.
        Err(kube::Error::Api(status)) if status.code == 409 => {}
        removed => gone(removed, &format!("cannot delete the namespace {name}"))?,
    }
    Ok(namespace.metadata.uid)
}
