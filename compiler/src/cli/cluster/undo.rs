//! `cloudc promote` and `cloudc rollback`

use kube::Client;

use super::arguments::{ClusterArguments, Promote, Rollback, Waiting, Which};
use super::session::talk;
use super::shown::Shown;
use super::which::{self, Known};
use crate::cli::arguments::MessageFormat;
use crate::cli::{DONE, output};
use crate::cluster::{self, Listener, Options, Outcome, Problems};

pub(in crate::cli) fn promote(arguments: &Promote) -> u8 {
    let (which, cluster, waiting) = (&arguments.which, &arguments.cluster, &arguments.waiting);
    run(
        which,
        cluster,
        waiting,
        async |client, known, options, tell| {
            cluster::promote(client, &known.app, &known.namespace, options, tell).await
        },
    )
}

pub(in crate::cli) fn rollback(arguments: &Rollback) -> u8 {
    let (which, cluster, waiting) = (&arguments.which, &arguments.cluster, &arguments.waiting);
    run(
        which,
        cluster,
        waiting,
        async |client, known, options, tell| {
            let (app, namespace) = (&known.app, &known.namespace);
            cluster::rollback(client, app, namespace, arguments.to, options, tell).await
        },
    )
}

/// Finds the application, does this with it, and says what runs then.
fn run(
    which: &Which,
    cluster: &ClusterArguments,
    waiting: &Waiting,
    work: impl AsyncFnOnce(&Client, &Known, &Options, Listener<'_>) -> Result<Outcome, Problems>,
) -> u8 {
    let format = which.project.message_format;
    let options = Options::from(waiting);
    let done = which::find(which).and_then(|known| {
        let context = cluster.context.as_deref();
        let outcome = talk(context, format, async |client, shown: Shown| {
            let tell = |event| shown.event(event);
            let done = work(&client, &known, &shown.heeded(&options), &tell).await;
            shown.end();
            done
        })?;
        tell(&known, &outcome, format);
        Ok(())
    });
    done.err().unwrap_or(DONE)
}

fn tell(known: &Known, outcome: &Outcome, format: MessageFormat) {
    if format == MessageFormat::Json {
        let object = serde_json::json!({
            "version": 1,
            "app": known.app,
            "namespace": known.namespace,
            "release": outcome.number,
            "addresses": outcome.addresses,
        });
        output::print(&format!("{object}\n"));
        return;
    }
    let addresses: String = outcome
        .addresses
        .iter()
        .map(|address| format!("\n  {address}"))
        .collect();
    output::note(&format!(
        "{} runs release {}{addresses}",
        known.app, outcome.number
    ));
}
