//! `cloudc promote` and `cloudc rollback`

use super::arguments::{Promote, Rollback};
use super::session::talk;
use super::shown::Shown;
use super::which::{self, Known};
use crate::cli::arguments::MessageFormat;
use crate::cli::{DONE, output};
use crate::cluster::{self, Options, Outcome};

pub(in crate::cli) fn promote(arguments: &Promote) -> u8 {
    let format = arguments.which.project.message_format;
    let options = Options::from(&arguments.waiting);
    let done = which::find(&arguments.which).and_then(|known| {
        let outcome = talk(
            arguments.cluster.context.as_deref(),
            format,
            async |client, shown: Shown| {
                let tell = |event| shown.event(event);
                let done =
                    cluster::promote(&client, &known.app, &known.namespace, &options, &tell).await;
                shown.end();
                done
            },
        )?;
        tell(&known, &outcome, format);
        Ok(())
    });
    done.err().unwrap_or(DONE)
}

pub(in crate::cli) fn rollback(arguments: &Rollback) -> u8 {
    let format = arguments.which.project.message_format;
    let options = Options::from(&arguments.waiting);
    let done = which::find(&arguments.which).and_then(|known| {
        let outcome = talk(
            arguments.cluster.context.as_deref(),
            format,
            async |client, shown: Shown| {
                let tell = |event| shown.event(event);
                let to = arguments.to;
                let done =
                    cluster::rollback(&client, &known.app, &known.namespace, to, &options, &tell)
                        .await;
                shown.end();
                done
            },
        )?;
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
