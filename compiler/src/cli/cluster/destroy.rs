//! `cloudc destroy`

use super::arguments::Destroy;
use super::session::{holder, talk};
use super::shown::Shown;
use super::which;
use crate::cli::arguments::MessageFormat;
use crate::cli::confirm::{can_ask, typed, wrong_usage};
use crate::cli::{DONE, output};
use crate::cluster::{self, Doomed, Options};

pub(in crate::cli) fn run(arguments: &Destroy) -> u8 {
    let format = arguments.which.project.message_format;
    if !arguments.yes && (!can_ask() || format == MessageFormat::Json) {
        return wrong_usage(
            &["destroy"],
            "nobody is there to be asked: say --yes to delete",
        );
    }
    go(arguments).err().unwrap_or(DONE)
}

fn go(arguments: &Destroy) -> Result<(), u8> {
    let format = arguments.which.project.message_format;
    let context = arguments.cluster.context.as_deref();
    let known = which::find(&arguments.which)?;
    let (app, namespace) = (&known.app, &known.namespace);
    let options = Options {
        delete_data: arguments.delete_data.clone(),
        holder: holder(),
        ..Options::default()
    };
    let doomed = talk(context, format, async |client, _| {
        cluster::doomed(&client, app, namespace, &options).await
    })?;
    if format == MessageFormat::Text && !doomed.is_going() {
        output::note(&about(app, namespace, &doomed));
    }
    if !arguments.yes && !doomed.is_going() && !typed(&format!("This deletes {app}."), app) {
        output::note("nothing was deleted");
        return Err(crate::cli::REFUSED);
    }
    talk(context, format, async |client, shown: Shown| {
        let tell = |event| shown.event(event);
        let options = shown.heeded(&options);
        cluster::destroy(&client, app, namespace, &doomed, &options, &tell).await
    })?;
    if format == MessageFormat::Json {
        let object = serde_json::json!({
            "version": 1, "app": app, "namespace": namespace,
            "deleted": doomed.objects, "volumes": doomed.volumes, "kept": doomed.kept,
        });
        output::print(&format!("{object}\n"));
    }
    Ok(())
}

fn about(app: &str, namespace: &str, doomed: &Doomed) -> String {
    let mut text = format!("of {app}, in the namespace {namespace}, this is deleted:");
    for object in &doomed.objects {
        text.push_str(&format!("\n  {object}"));
    }
    for volume in &doomed.volumes {
        text.push_str(&format!("\n  the volume {volume}, with what is on it"));
    }
    if doomed.releases > 0 {
        let releases = output::count(doomed.releases, "kept release", "kept releases");
        text.push_str(&format!("\n  {releases}: nothing is left to go back to"));
    }
    if doomed.namespace {
        text.push_str(&format!(
            "\n  the namespace {namespace}, unless something else is in it"
        ));
    }
    if !doomed.kept.is_empty() {
        text.push_str("\nand this is kept:");
        for volume in &doomed.kept {
            text.push_str(&format!("\n  the volume {volume}"));
        }
    }
    text
}
