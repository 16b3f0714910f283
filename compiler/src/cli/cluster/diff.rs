//! `cloudc diff`

use std::io::{self, IsTerminal as _};

use serde_json::json;

use super::arguments::Diff;
use super::made::{self, Wish};
use super::session::{accept, deployable, holder, records, report, silent, talk};
use crate::changes::manifests::{self, Line, Mark};
use crate::changes::{self, Change, Document};
use crate::cli::arguments::MessageFormat;
use crate::cli::image::toolchain::Toolchain;
use crate::cli::open::Opened;
use crate::cli::{DONE, build, output};
use crate::cluster::{self, Difference, Options};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::release::Release;
use crate::render;

/// There is something to deploy.
const CHANGES: u8 = 2;

pub(in crate::cli) fn run(arguments: &Diff) -> u8 {
    let format = arguments.project.message_format;
    let project = &arguments.project;
    let (toolchain, opened) = match deployable(project, arguments.platform, arguments.no_image) {
        Ok((toolchain, opened)) => (toolchain, Ok(opened)),
        Err(found) => (None, Err(found)),
    };
    let code = accept(opened, format).and_then(|opened| go(arguments, toolchain.as_ref(), &opened));
    code.unwrap_or_else(|code| code)
}

fn go(arguments: &Diff, toolchain: Option<&Toolchain>, opened: &Opened) -> Result<u8, u8> {
    let format = arguments.project.message_format;
    let context = arguments.cluster.context.as_deref();
    let app = opened.analysis.graph.app.clone();
    let namespace = opened.settings.namespace(&app).to_owned();
    let graph = render::json(&opened.analysis.graph, &opened.analysis.sources);
    let mut wish = Wish {
        environment: arguments.project.env.as_deref(),
        digest: None,
        graph: &graph,
        delete_data: &[],
    };
    let options = Options {
        holder: holder(),
        ..Options::default()
    };
    // What a cluster lacks or denies is known before cargo takes its minutes.
    let records = talk(context, format, async |client, _| {
        let records = records(&client, &app, &namespace).await?;
        let release = made::release(opened, &wish, &records)?;
        cluster::check(&client, &release, None, &options).await?;
        Ok(records)
    })?;
    let current = cluster::current(&records);
    let digest = match toolchain {
        Some(toolchain) => {
            built(arguments, toolchain, opened).map_err(|found| report(&found, format))?
        }
        None => match current.and_then(|record| record.release.image.split_once('@')) {
            Some((_, digest)) => digest.to_owned(),
            None => {
                let found =
                    Diagnostic::error(codes::NO_RELEASE, format!("{app} runs no image yet"));
                return Err(report(&[found.help("leave out --no-image")], format));
            }
        },
    };
    wish.digest = Some(digest);
    let release = made::release(opened, &wish, &records).map_err(|found| report(&found, format))?;
    let difference = talk(context, format, async |client, _| {
        cluster::diff(&client, &release, None, &options, &silent).await
    })?;
    show(&difference, &release, format)
}

/// The digest of the image that a deploy would make. Nothing is written to the output folder.
fn built(
    arguments: &Diff,
    toolchain: &Toolchain,
    opened: &Opened,
) -> Result<String, Vec<Diagnostic>> {
    let out = build::out(&arguments.project, None, opened);
    let built = build::make(opened, &arguments.project, Some(toolchain), &out)?;
    Ok(built
        .image
        .map(|image| image.digest().to_owned())
        .unwrap_or_default())
}

/// Shows a difference; the exit code that it asks for.
pub(super) fn show(
    difference: &Difference,
    release: &Release,
    format: MessageFormat,
) -> Result<u8, u8> {
    let unreadable = |message: String| {
        let found = Diagnostic::error(codes::NO_RELEASE, message);
        report(
            &[found.help("deploy once, then they can be compared")],
            format,
        )
    };
    let document = |value: &serde_json::Value| {
        Document::parse(&value.to_string())
            .map_err(|error| unreadable(format!("cannot compare the graphs: {error}")))
    };
    let changes = match &difference.graph {
        Some(graph) => changes::between(&document(graph)?, &document(&release.graph)?),
        None => Vec::new(),
    };
    let mut objects = Vec::new();
    for (object, live, then) in &difference.objects {
        let lines = manifests::diff(live.as_ref(), then.as_ref())
            .map_err(|error| unreadable(format!("cannot compare {object}: {error}")))?;
        if !lines.is_empty() {
            objects.push((object, lines));
        }
    }
    if format == MessageFormat::Json {
        print_json(difference, &changes, &objects);
    } else {
        print(difference, release, &changes, &objects);
    }
    Ok(if changes.is_empty() && objects.is_empty() {
        DONE
    } else {
        CHANGES
    })
}

fn print_json(difference: &Difference, changes: &[Change], objects: &[(&String, Vec<Line>)]) {
    let objects = objects.iter().map(|(object, lines)| {
        let text: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        json!({"object": object, "diff": text.join("\n")})
    });
    let object = json!({
        "version": 1,
        "first": difference.graph.is_none(),
        "rehearsed": !difference.unasked,
        "changes": changes,
        "restarts": difference.restarts,
        "objects": objects.collect::<Vec<_>>(),
    });
    output::print(&format!("{object}\n"));
}

fn print(
    difference: &Difference,
    release: &Release,
    changes: &[Change],
    objects: &[(&String, Vec<Line>)],
) {
    let mut text = String::new();
    if difference.graph.is_none() {
        text.push_str(&format!(
            "{} is not deployed yet: all of it is new\n",
            release.app
        ));
    }
    if difference.unasked {
        text.push_str(&format!(
            "the namespace {} is not there yet, so the cluster was not asked what it makes of these objects: they are shown as they are sent\n",
            release.namespace
        ));
    }
    for change in changes {
        text.push_str(&format!("{change}\n"));
    }
    for restart in &difference.restarts {
        text.push_str(&format!("{restart}\n"));
    }
    if !text.is_empty() && !objects.is_empty() {
        text.push('\n');
    }
    let color = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    for line in objects.iter().flat_map(|(_, lines)| lines) {
        let code = match line.mark {
            Mark::Header => "1",
            Mark::Hunk => "36",
            Mark::Removed => "31",
            Mark::Added => "32",
            _ => "",
        };
        if color && !code.is_empty() {
            text.push_str(&format!("\x1b[{code}m{}\x1b[0m\n", line.text));
        } else {
            text.push_str(&format!("{}\n", line.text));
        }
    }
    if text.is_empty() {
        text.push_str("nothing would change\n");
    }
    output::print(&text);
}
