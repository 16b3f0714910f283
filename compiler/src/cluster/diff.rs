//! What a deploy would change.

use kube::Client;
use serde_json::Value;
use tokio::time::Instant;

use crate::release::{Key, Release};

use super::apply::rehearse;
use super::before::{self, Known};
use super::checks::Checked;
use super::deploy::{Canary, Work};
use super::history::{self, Purpose};
use super::members::{self, Members};
use super::{Listener, Options, Problems};

/// What a deploy would change.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The graph that is deployed; `None` before the first deploy.
    pub graph: Option<Value>,
    /// Each object as it is, and as the server would make it. Objects alone are new, or left the application.
    pub objects: Vec<(String, Option<Value>, Option<Value>)>,
    /// What a restart of the application's own servers means to it.
    pub restarts: Vec<String>,
    /// The server could not be asked, as the namespace is not there yet: the objects are as they will be sent.
    pub unasked: bool,
}

/// Asks the server what it would make of a release. Nothing is changed.
///
/// # Errors
///
/// As the first half of a deploy: what the cluster lacks, denies or would refuse.
pub async fn diff(
    client: &Client,
    release: &Release,
    canary: Option<&Canary>,
    options: &Options,
    tell: Listener<'_>,
) -> Result<Difference, Problems> {
    let Known { checked, rotated } = before::ask(client, release, canary, options).await?;
    let Checked {
        apis,
        namespace,
        writes_namespace,
    } = checked;
    if !namespace {
        let new = release
            .objects
            .iter()
            .map(|object| (Key::of(object).to_string(), None, Some(object.clone())));
        return Ok(Difference {
            graph: None,
            objects: new.collect(),
            restarts: Vec::new(),
            unasked: true,
        });
    }
    let one = |problem| vec![problem];
    let members = Members::new(&release.app, &release.namespace);
    let records = history::records(client, &release.app, &release.namespace)
        .await
        .map_err(one)?;
    let graph = history::current(&records).map(|record| record.release.graph.clone());
    let kinds = members.kinds(client).await.map_err(one)?;
    let every = members::apis(client).await?;
    let known = members.all(&every, &kinds).await.map_err(one)?;
    let work = Work {
        apis,
        release,
        canary,
        purpose: Purpose::Deploy,
        options,
        tell,
        deadline: Instant::now() + options.timeout,
        members,
        writes_namespace,
    };
    let mut objects = Vec::new();
    let mut restarts = Vec::new();
    let planned = work.planned(&rotated).await?;
    for rehearsed in rehearse(&work.apis, &planned, options.force_conflicts).await? {
        restarts.extend(rehearsed.restart(&release.app));
        let live = rehearsed.live.map(json);
        objects.push((rehearsed.key.to_string(), live, Some(json(rehearsed.then))));
    }
    // A canary deletes nothing.
    let belongings = release.belongings();
    let gone = known.into_iter().filter(|(key, _)| {
        canary.is_none() && !belongings.contains(&(key.group_kind(), key.name.clone()))
    });
    objects.extend(gone.map(|(key, object)| (key.to_string(), Some(json(object)), None)));
    Ok(Difference {
        graph,
        objects,
        restarts,
        unasked: false,
    })
}

fn json(object: kube::api::DynamicObject) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}
