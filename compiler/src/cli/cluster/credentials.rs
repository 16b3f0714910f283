//! `cloudc credentials`

use super::arguments::Credentials;
use super::made::{self, Wish};
use super::session::{accept, holder, report, talk};
use super::shown::Shown;
use crate::cli::arguments::MessageFormat;
use crate::cli::open;
use crate::cli::{DONE, output};
use crate::cluster::{self, Options};
use crate::render;

pub(in crate::cli) fn run(arguments: &Credentials) -> u8 {
    let format = arguments.project.message_format;
    let opened = match accept(open::open(&arguments.project), format) {
        Ok(opened) => opened,
        Err(code) => return code,
    };
    let analysis = &opened.analysis;
    let graph = render::json(&analysis.graph, &analysis.sources);
    let wish = Wish {
        environment: arguments.project.env.as_deref(),
        digest: None,
        graph: &graph,
        delete_data: &[],
    };
    let release = match made::release(&opened, &wish, &[]) {
        Ok(release) => release,
        Err(found) => return report(&found, format),
    };
    let context = arguments.cluster.context.as_deref();
    let options = Options {
        rotate: arguments.rotate.clone(),
        holder: holder(),
        ..Options::default()
    };
    let done = talk(context, format, async |client, shown: Shown| {
        let tell = |event| shown.event(event);
        cluster::credentials(&client, &release, &shown.heeded(&options), &tell).await
    });
    match done {
        Ok(()) if format == MessageFormat::Json => {
            let object = serde_json::json!({
                "version": 1, "app": release.app, "namespace": release.namespace, "rotated": arguments.rotate,
            });
            output::print(&format!("{object}\n"));
            DONE
        }
        Ok(()) => {
            output::note(&format!(
                "the Secrets of {} are in the namespace {}",
                release.app, release.namespace
            ));
            if !arguments.rotate.is_empty() {
                output::note(
                    "now start the servers and those users' pods again: kubectl rollout restart",
                );
            }
            DONE
        }
        Err(code) => code,
    }
}
