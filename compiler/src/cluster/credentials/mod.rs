//! The Secrets of an application: made where they are missing, left as they are where they are not.
//!
//! What is secret is made here, goes to the API server over TLS, and nowhere else: not to the disk, not to a terminal, not into
//! an error.

mod plan;

use std::collections::BTreeMap;

use futures_util::future::join_all;
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lower::secrets::Expected;
use crate::release::Release;

use super::failure::failed;
use super::lock::Lock;
use super::members::Members;
use super::request::patiently;
use super::{Event, Listener, MANAGER, Options, Problems};

pub(super) use plan::Lists;
use plan::{Change, Found, Plan};

/// When a Secret's contents were last made anew: an annotation of the Secret, and of the pods that read it.
pub(super) const ROTATED: &str = "cloudc.dev/rotated";
/// How often Secrets are looked at again because somebody else made one meanwhile.
const AGAIN: usize = 5;

/// When the contents of each Secret were last made anew, where they ever were.
pub(super) type Rotated = BTreeMap<String, String>;

/// Makes the Secrets that a release needs and the cluster does not have. Those of the users that `options` rotates are made anew:
/// their pods and their server have to start again then, which a deploy sees to. It waits for a deploy that is under way, as that
/// makes Secrets too.
///
/// # Errors
///
/// Secrets that only people can fill in and that are missing; one that is there and unusable; a user to rotate that there is not;
/// somebody deploys and does not end.
pub async fn make(
    client: &Client,
    release: &Release,
    options: &Options,
    tell: Listener<'_>,
) -> Result<(), Problems> {
    let deadline = Instant::now() + options.timeout;
    let one = |problem| vec![problem];
    planned(client, release, &options.rotate).await?;
    let of = (release.app.as_str(), release.namespace.as_str());
    let lock = Lock::take(client, of, options, deadline, tell);
    let lock = lock.await.map_err(one)?;
    let making = async {
        // So that a deploy or a destruction finds them.
        let members = Members::new(&release.app, &release.namespace);
        let mut kinds = members.kinds(client).await.map_err(one)?;
        kinds.insert("Secret".to_owned());
        members.note(client, &kinds).await.map_err(one)?;
        ensure(client, release, &options.rotate, Lists::Grow, tell)
            .await
            .map(drop)
    };
    let done = lock.during(making).await;
    lock.release().await;
    done
}

/// When the Secrets of a release will have been made anew once they are written. Nothing is changed.
///
/// # Errors
///
/// As [`make`].
pub(super) async fn planned(
    client: &Client,
    release: &Release,
    rotate: &[String],
) -> Result<Rotated, Problems> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), &release.namespace);
    let plan = plan_of(&secrets, release, rotate, Lists::Grow).await?;
    Ok(plan.rotated)
}

/// Writes what there is to write. Only for who holds the Lease.
pub(super) async fn ensure(
    client: &Client,
    release: &Release,
    rotate: &[String],
    lists: Lists,
    tell: Listener<'_>,
) -> Result<Rotated, Problems> {
    let one = |problem| vec![problem];
    let secrets: Api<Secret> = Api::namespaced(client.clone(), &release.namespace);
    let members = Members::new(&release.app, &release.namespace);
    for _ in 0..AGAIN {
        let plan = plan_of(&secrets, release, rotate, lists).await?;
        if write_all(&secrets, &members, &plan, tell)
            .await
            .map_err(one)?
        {
            return Ok(plan.rotated);
        }
    }
    Err(one(Diagnostic::error(
        codes::CLUSTER_BUSY,
        format!("somebody else makes the Secrets of {}", release.app),
    )
    .help("run this again when that is done")))
}

async fn plan_of(
    secrets: &Api<Secret>,
    release: &Release,
    rotate: &[String],
    lists: Lists,
) -> Result<Plan, Problems> {
    let found = look(secrets, &release.secrets).await?;
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    plan::plan(found, rotate, lists, &now)
}

/// Writes; whether all of it could be. If not, somebody made a Secret meanwhile, and there is another plan to be made.
async fn write_all(
    secrets: &Api<Secret>,
    members: &Members,
    plan: &Plan,
    tell: Listener<'_>,
) -> Result<bool, Diagnostic> {
    for change in &plan.changes {
        if !write(secrets, members, change).await? {
            return Ok(false);
        }
        tell(Event::Done(format!(
            "{} Secret {}",
            change.done, change.name
        )));
    }
    Ok(true)
}

async fn look(secrets: &Api<Secret>, expected: &[Expected]) -> Result<Vec<Found>, Problems> {
    let found = join_all(expected.iter().map(|expected| async move {
        let secret = patiently(|| secrets.get_opt(&expected.name)).await;
        secret
            .map(|secret| Found {
                expected: expected.clone(),
                secret,
            })
            .map_err(|error| failed(&format!("cannot read Secret {}", expected.name), &error))
    }));
    let mut all = Vec::new();
    let mut problems = Vec::new();
    for found in found.await {
        match found {
            Ok(found) => all.push(found),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(all)
    } else {
        Err(problems)
    }
}

/// Writes one; whether it could be.
async fn write(
    secrets: &Api<Secret>,
    members: &Members,
    change: &Change,
) -> Result<bool, Diagnostic> {
    let secret = secret(members, change);
    let answer = if change.is_new_login {
        create(secrets, &secret).await
    } else {
        apply(secrets, &change.name, &secret).await
    };
    match answer {
        Ok(()) => Ok(true),
        Err(kube::Error::Api(status)) if change.is_new_login && status.is_already_exists() => {
            Ok(false)
        }
        Err(error) => Err(failed(
            &format!("cannot write Secret {}", change.name),
            &error,
        )),
    }
}

/// Makes a Secret that is not there, and never replaces one: pods may have read it, and its server may know it.
async fn create(secrets: &Api<Secret>, secret: &Value) -> kube::Result<()> {
    let secret: Secret = serde_json::from_value(secret.clone()).map_err(kube::Error::SerdeError)?;
    let parameters = PostParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PostParams::default()
    };
    patiently(|| secrets.create(&parameters, &secret))
        .await
        .map(drop)
}

/// Writes a Secret whatever is there. The contents are the truth of which cloudc keeps the lists, so it takes them over.
async fn apply(secrets: &Api<Secret>, name: &str, secret: &Value) -> kube::Result<()> {
    let parameters = PatchParams::apply(MANAGER).force();
    let patch = Patch::Apply(secret);
    patiently(|| secrets.patch(name, &parameters, &patch))
        .await
        .map(drop)
}

fn secret(members: &Members, change: &Change) -> Value {
    let data: BTreeMap<&String, ByteString> = change
        .data
        .iter()
        .map(|(key, value)| (key, ByteString(value.clone())))
        .collect();
    let mut secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": change.name,
            "labels": {"app.kubernetes.io/managed-by": "cloudc"},
        },
        "type": "Opaque",
        "data": data,
    });
    if let Some(time) = &change.rotated {
        secret["metadata"]["annotations"][ROTATED] = Value::String(time.clone());
    }
    members.label(&mut secret);
    secret
}
