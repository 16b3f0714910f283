//! Server-side apply, first as a rehearsal, then for good.

use std::borrow::Cow;

use futures_util::StreamExt as _;
use futures_util::stream;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, ValidationDirective};
use serde_json::Value;
use tokio::time::Instant;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::release::{Key, Phase};

use super::apis::Apis;
use super::failure::{conflict, failed};
use super::gone::until_gone;
use super::members::PART_OF;
use super::request::patiently;
use super::restarts::restart;
use super::state::{self, condition};
use super::{Event, Listener, MANAGER, Problems, running};

/// Requests under way at a time.
const AT_ONCE: usize = 8;

/// What the server would make of an object.
pub(super) struct Rehearsed {
    pub(super) key: Key,
    /// As it is now.
    pub(super) live: Option<DynamicObject>,
    /// As it would be.
    pub(super) then: DynamicObject,
}

impl Rehearsed {
    /// What it means to the application, if this is a server of its own that starts anew.
    pub(super) fn restart(&self, app: &str) -> Option<String> {
        let live = self.live.as_ref().map(|live| &live.data);
        restart(app, &self.key, live, &self.then.data)
    }
}

/// Asks the server what it would make of each object. Nothing is changed.
///
/// # Errors
///
/// Every object that the server refuses: a conflict, a webhook's no, a wrong field.
pub(super) async fn rehearse(
    apis: &Apis,
    objects: &[Value],
    force: bool,
) -> Result<Vec<Rehearsed>, Problems> {
    let answers = stream::iter(objects)
        .map(|object| async move {
            let key = Key::of(object);
            let live = read(apis, &key).await?;
            let taken = live.as_ref().and_then(|live| taken(&key, object, live));
            if let Some(problem) = taken.filter(|_| !force) {
                return Err(problem);
            }
            // It will be made anew, and its pod may be another one.
            if let Some(then) = live.clone().filter(|job| is_failed_job(Some(job))) {
                return Ok(Rehearsed { key, live, then });
            }
            match send(apis, &as_known(object, live.as_ref()), force, true).await {
                Ok(then) => Ok(Rehearsed { key, live, then }),
                Err(problem) if cannot_tell(&key, &problem) => {
                    let then = serde_json::from_value(object.clone());
                    let then = then.map_err(|_| problem)?;
                    Ok(Rehearsed { key, live, then })
                }
                Err(problem) => Err(problem),
            }
        })
        .buffered(AT_ONCE)
        .collect::<Vec<Result<Rehearsed, Diagnostic>>>();
    gather(answers.await)
}

/// How objects are applied.
#[derive(Clone, Copy)]
pub(super) struct How<'a> {
    /// Fields of other owners are taken over.
    pub(super) force: bool,
    /// A provisioner that is done runs once more.
    pub(super) again: bool,
    /// When to give up waiting for what is being deleted.
    pub(super) deadline: Instant,
    pub(super) tell: Listener<'a>,
}

/// What became of the objects of a phase.
pub(super) struct Applied {
    /// How many there are.
    pub(super) count: usize,
    /// Those that were there in another form, and whose status may still be that of it.
    pub(super) changed: Vec<Key>,
}

/// Applies objects, those of one phase after those of the one before.
///
/// # Errors
///
/// Every object of a phase that was refused. The phases after it are left alone.
pub(super) async fn apply(
    apis: &Apis,
    objects: &[Value],
    phase: Phase,
    how: How<'_>,
) -> Result<Applied, Problems> {
    let of_phase: Vec<&Value> = objects
        .iter()
        .filter(|object| Phase::of(&Key::of(object)) == phase)
        .collect();
    let answers = stream::iter(of_phase)
        .map(|object| one(apis, object, phase, how))
        .buffered(AT_ONCE)
        .collect::<Vec<Result<Option<Key>, Diagnostic>>>();
    gather(answers.await).map(|applied| Applied {
        count: applied.len(),
        changed: applied.into_iter().flatten().collect(),
    })
}

/// Applies one object; its key, if its status may be that of what it was. One that is being deleted takes a change and goes all the
/// same, so it is waited for and made anew.
async fn one(
    apis: &Apis,
    object: &Value,
    phase: Phase,
    how: How<'_>,
) -> Result<Option<Key>, Diagnostic> {
    let key = Key::of(object);
    if phase == Phase::Provision {
        remove_job(apis, &key, how).await?;
    }
    let live = if running::shares(&key) || state::lags(&key) {
        read(apis, &key).await?
    } else {
        None
    };
    let applied = send(apis, &as_known(object, live.as_ref()), how.force, false).await?;
    if applied.metadata.deletion_timestamp.is_none() {
        let is_changed =
            live.is_some_and(|live| live.metadata.generation != applied.metadata.generation);
        return Ok(Some(key).filter(|key| is_changed && state::lags(key)));
    }
    (how.tell)(Event::Done(format!(
        "waiting: {key} is being deleted, and is made anew then"
    )));
    let uid = applied.metadata.uid.as_deref();
    until_gone(apis, &key, uid, how.deadline).await?;
    send(apis, object, how.force, false).await?;
    Ok(None)
}

/// Says that the object under this name is not the application's: of another set (KEP-3659 asks a tool to refuse those), or made by
/// somebody else. What was applied by other means from cloudc's manifests has their labels, and is taken into the set.
fn taken(key: &Key, object: &Value, live: &DynamicObject) -> Option<Diagnostic> {
    let labels = |name: &str| {
        let wanted = object["metadata"]["labels"][name].as_str();
        (wanted, live.labels().get(name).map(String::as_str))
    };
    let (wanted, set) = labels(PART_OF);
    // The namespace is of no set.
    let wanted = wanted?;
    let is_alike = |name| {
        let (wanted, has) = labels(name);
        wanted == has
    };
    let found = match set {
        Some(set) if set == wanted => return None,
        Some(_) => format!("{key} is there already, and of another application"),
        None if is_alike("app.kubernetes.io/part-of")
            && is_alike("app.kubernetes.io/managed-by") =>
        {
            return None;
        }
        None => format!("{key} is there already, and cloudc did not make it"),
    };
    Some(Diagnostic::error(codes::CLUSTER_REFUSED, found).help(
        "give the function another name, or the application a namespace of its own (`namespace` in cloudc.toml); or take it over with \
         --force-conflicts",
    ))
}

/// Whether a rehearsal failed for its own sake. In a dry run, and there alone, Knative's webhook tries a pod called
/// `dry-run-validation` (`validateRevisionTemplate` in its `pkg/webhook`): its account may not be there yet, and it counts against
/// quotas beside the pods that it would replace.
fn cannot_tell(key: &Key, problem: &Diagnostic) -> bool {
    running::shares(key) && problem.message.contains("dry-run-validation")
}

pub(super) async fn read(apis: &Apis, key: &Key) -> Result<Option<DynamicObject>, Diagnostic> {
    let api = apis.of(key)?;
    let live = patiently(|| api.get_opt(&key.name)).await;
    live.map_err(|error| failed(&format!("cannot read {key}"), &error))
}

/// An object with the template of the revision that it has already, if it is a Knative Service. Knative fills in defaults only
/// where a revision's name is new, and takes a template of a known name only if it is the same with these defaults.
fn as_known<'a>(object: &'a Value, live: Option<&DynamicObject>) -> Cow<'a, Value> {
    let name = |template: &Value| template.pointer("/metadata/name").cloned();
    let template = |object: &Value| object.pointer("/spec/template").cloned();
    let known = live.and_then(|live| template(&live.data));
    match (known, template(object)) {
        (Some(known), Some(new)) if name(&new).is_some() && name(&known) == name(&new) => {
            let mut object = object.clone();
            object["spec"]["template"] = known;
            Cow::Owned(object)
        }
        _ => Cow::Borrowed(object),
    }
}

async fn send(
    apis: &Apis,
    object: &Value,
    force: bool,
    dry_run: bool,
) -> Result<DynamicObject, Diagnostic> {
    let key = Key::of(object);
    let api = apis.of(&key)?;
    let parameters = PatchParams {
        dry_run,
        force,
        field_manager: Some(MANAGER.to_owned()),
        field_validation: Some(ValidationDirective::Strict),
    };
    let answer = patiently(async || {
        api.patch(&key.name, &parameters, &Patch::Apply(object))
            .await
    })
    .await;
    answer.map_err(|error| {
        let named = key.to_string();
        conflict(&named, &error).unwrap_or_else(|| failed(&format!("cannot apply {named}"), &error))
    })
}

fn is_failed_job(live: Option<&DynamicObject>) -> bool {
    is(live, "Failed")
}

/// Whether this is a Job with this condition.
fn is(live: Option<&DynamicObject>, kind: &str) -> bool {
    let job = live.filter(|object| {
        let types = object.types.as_ref();
        types.is_some_and(|types| types.kind == "Job")
    });
    job.and_then(|job| condition(&job.data, kind))
        .is_some_and(|condition| condition.status == "True")
}

/// A Job runs once, and its name is that of its work: one that failed makes room for another try, and with `again` one that is
/// done does too.
async fn remove_job(apis: &Apis, key: &Key, how: How<'_>) -> Result<(), Diagnostic> {
    let api = apis.of(key)?;
    let doing = format!("cannot start {key} again");
    let live = patiently(|| api.get_opt(&key.name)).await;
    let live = live.map_err(|error| failed(&doing, &error))?;
    let is_done = is(live.as_ref(), "Complete") && how.again;
    if !is_failed_job(live.as_ref()) && !is_done {
        return Ok(());
    }
    match patiently(async || api.delete(&key.name, &DeleteParams::foreground()).await).await {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()),
        Err(error) => return Err(failed(&doing, &error)),
    }
    let uid = live.as_ref().and_then(|job| job.metadata.uid.as_deref());
    until_gone(apis, key, uid, how.deadline).await
}

/// All answers, or all that is wrong, each once.
fn gather<T>(answers: Vec<Result<T, Diagnostic>>) -> Result<Vec<T>, Problems> {
    let mut all = Vec::new();
    let mut problems: Problems = Vec::new();
    for answer in answers {
        match answer {
            Ok(answer) => all.push(answer),
            Err(problem) if problems.contains(&problem) => {}
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(all)
    } else {
        Err(problems)
    }
}
