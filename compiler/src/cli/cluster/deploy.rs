//! `cloudc deploy`

use super::arguments::Deploy;
use super::made::{self, Wish};
use super::session::{accept, deployable, records, report, talk};
use super::{diff, shown::Shown};
use crate::cli::arguments::MessageFormat;
use crate::cli::image::toolchain::Toolchain;
use crate::cli::open::Opened;
use crate::cli::{DONE, build, output, push};
use crate::cluster::{self, Canary, Options, Outcome, Problems, Record};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::emit;
use crate::registry;
use crate::release::Release;
use crate::render;

pub(in crate::cli) fn run(arguments: &Deploy) -> u8 {
    let format = arguments.project.message_format;
    let (toolchain, opened) = match open(arguments) {
        Ok((toolchain, opened)) => (toolchain, Ok(opened)),
        Err(found) => (None, Err(found)),
    };
    let done = accept(opened, format).and_then(|opened| go(arguments, toolchain.as_ref(), &opened));
    done.err().unwrap_or(DONE)
}

fn open(arguments: &Deploy) -> Result<(Option<Toolchain>, Opened), Diagnostic> {
    let project = &arguments.project;
    if let Some(digest) = &arguments.image {
        check_digest(digest)?;
    }
    deployable(project, arguments.platform, arguments.image.is_some())
}

fn check_digest(digest: &str) -> Result<(), Diagnostic> {
    let digits = digest.strip_prefix("sha256:").unwrap_or_default();
    if digits.len() == 64
        && digits
            .bytes()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    {
        return Ok(());
    }
    Err(Diagnostic::error(
        codes::NO_SUCH_NAME,
        format!("`{digest}` is no digest of an image"),
    )
    .help("it is `sha256:` and 64 digits, as `cloudc build --image --push` prints it"))
}

fn go(arguments: &Deploy, toolchain: Option<&Toolchain>, opened: &Opened) -> Result<(), u8> {
    let format = arguments.project.message_format;
    let context = arguments.cluster.context.as_deref();
    let app = opened.analysis.graph.app.clone();
    let namespace = opened.settings.namespace(&app).to_owned();
    let graph = render::json(&opened.analysis.graph, &opened.analysis.sources);
    let mut wish = Wish {
        environment: arguments.project.env.as_deref(),
        digest: arguments.image.clone(),
        graph: &graph,
        delete_data: &arguments.delete_data,
    };
    let mut options = Options {
        rotate: arguments.rotate.clone(),
        delete_data: arguments.delete_data.clone(),
        ..Options::from(&arguments.waiting)
    };
    // What a cluster lacks or denies is known before cargo takes its minutes.
    let records = talk(context, format, async |client, _| {
        let records = records(&client, &app, &namespace).await?;
        let (release, canary) = made(arguments, opened, &wish, &records)?;
        cluster::check(&client, &release, canary.as_ref(), &options).await?;
        Ok(records)
    })?;
    let built = match toolchain {
        Some(toolchain) => Some(make(arguments, toolchain, opened)?),
        None => None,
    };
    if let Some(image) = built.as_ref().and_then(|built| built.image.as_ref()) {
        wish.digest = Some(image.digest().to_owned());
    }
    let refuse = |problems: Problems| report(&problems, format);
    let (release, canary) = made(arguments, opened, &wish, &records).map_err(refuse)?;
    // Which queues left, and whose rights a canary must leave, was read off what was there.
    let depends = canary.is_some() || !release.retired.is_empty();
    let newest = records.last().map(|record| record.number);
    options.seen = newest.filter(|_| depends);
    if arguments.dry_run {
        return dry_run(arguments, &release, canary.as_ref(), &options);
    }
    let image = built.as_ref().and_then(|built| built.image.as_ref());
    let outcome = talk(context, format, async |client, shown: Shown| {
        if let Some(image) = image {
            let to = push::destination(opened).map_err(|problem| vec![problem])?;
            let pushed = registry::push(image, &to, push::progress()).await;
            let pushed = pushed.map_err(|failure| vec![failure.into()])?;
            shown.event(cluster::Event::Done(push::summary(&pushed)));
        }
        let tell = |event| shown.event(event);
        let options = shown.heeded(&options);
        let done = cluster::deploy(&client, &release, canary.as_ref(), &options, &tell).await;
        shown.end();
        done
    })?;
    tell(&release, &outcome, format);
    Ok(())
}

/// What to deploy: a release, perhaps as a canary beside the one that runs.
fn made(
    arguments: &Deploy,
    opened: &Opened,
    wish: &Wish<'_>,
    records: &[Record],
) -> Result<(Release, Option<Canary>), Problems> {
    let release = made::release(opened, wish, records)?;
    let current = cluster::current(records);
    let canary = arguments
        .canary
        .map(|percent| made::canary(opened, wish, current, percent));
    Ok((release, canary.transpose()?))
}

/// Builds, and writes the tree where `cloudc build --image` does, for people to read.
fn make(arguments: &Deploy, toolchain: &Toolchain, opened: &Opened) -> Result<build::Built, u8> {
    let out = build::out(&arguments.project, None, opened);
    let one = |found: Diagnostic| vec![found];
    let built = emit::check(&out, false).map_err(one).and_then(|()| {
        let built = build::make(opened, &arguments.project, Some(toolchain), &out)?;
        emit::write(&built.tree, &out, false).map_err(one)?;
        Ok(built)
    });
    built.map_err(|found| report(&found, arguments.project.message_format))
}

fn dry_run(
    arguments: &Deploy,
    release: &Release,
    canary: Option<&Canary>,
    options: &Options,
) -> Result<(), u8> {
    let format = arguments.project.message_format;
    let context = arguments.cluster.context.as_deref();
    let difference = talk(context, format, async |client, shown: Shown| {
        let tell = |event| shown.event(event);
        cluster::diff(&client, release, canary, options, &tell).await
    })?;
    diff::show(&difference, release, format)?;
    if format == MessageFormat::Text {
        output::note("nothing was changed: this was a dry run");
    }
    Ok(())
}

/// Says what was deployed.
fn tell(release: &Release, outcome: &Outcome, format: MessageFormat) {
    if format == MessageFormat::Json {
        let shares = outcome.shares.iter().map(|share| {
            serde_json::json!({
                "service": share.service, "stable": share.stable, "canary": share.canary, "percent": share.percent,
            })
        });
        let object = serde_json::json!({
            "version": 1,
            "app": release.app,
            "namespace": release.namespace,
            "release": outcome.number,
            "image": release.image,
            "shares": shares.collect::<Vec<_>>(),
            "addresses": outcome.addresses,
        });
        output::print(&format!("{object}\n"));
        return;
    }
    for share in &outcome.shares {
        output::note(&format!(
            "{}: {} % of requests to {}, the others to {}",
            share.service, share.percent, share.canary, share.stable
        ));
    }
    let addresses = outcome
        .addresses
        .iter()
        .map(|address| format!("\n  {address}"));
    let addresses: String = addresses.collect();
    if outcome.shares.is_empty() {
        output::note(&format!(
            "deployed {} as release {}{addresses}",
            release.app, outcome.number
        ));
    } else {
        output::note(&format!(
            "release {} of {} is a canary: finish it with `cloudc promote`, take it back with `cloudc rollback`{addresses}",
            outcome.number, release.app
        ));
    }
}
