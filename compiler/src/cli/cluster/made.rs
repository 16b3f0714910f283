//! From a built tree to what is deployed.

use std::collections::BTreeSet;

use crate::cluster::{Canary, Record};
use crate::codes;
use crate::config::{Retired, Settings};
use crate::diagnostic::Diagnostic;
use crate::lower;
use crate::release::Release;

use crate::cli::open::Opened;

/// What a deploy of this project takes beside its source.
pub(super) struct Wish<'a> {
    /// The environment's name, if one was chosen.
    pub(super) environment: Option<&'a str>,
    /// The image's digest.
    pub(super) digest: String,
    /// The text of `graph.json`.
    pub(super) graph: &'a str,
    /// Data that may be deleted.
    pub(super) delete_data: &'a [String],
}

/// The release, lowered with what runs in mind: queues that left are retired.
pub(super) fn release(
    opened: &Opened,
    wish: &Wish<'_>,
    current: Option<&Record>,
) -> Result<Release, Vec<Diagnostic>> {
    let settings = Settings {
        image_digest: Some(wish.digest.clone()),
        ..opened.settings.clone()
    };
    let names: BTreeSet<&str> = opened
        .analysis
        .graph
        .queues
        .iter()
        .map(|queue| queue.name.as_str())
        .collect();
    let old = current.map(|record| &record.release);
    let gone: BTreeSet<String> = old
        .into_iter()
        .flat_map(|release| {
            release
                .queues()
                .chain(release.retired.iter().map(String::as_str))
        })
        .filter(|queue| !names.contains(queue))
        .map(str::to_owned)
        .collect();
    let retired = gone.iter().map(|queue| Retired {
        queue: queue.clone(),
        // A stream that is not there is none to keep.
        dead_letter: true,
        delete: wish.delete_data.contains(queue),
    });
    let settings = Settings {
        retired: retired.collect(),
        ..settings
    };
    let mut release = lowered(opened, wish, &settings)?;
    release.retired = gone.into_iter().collect();
    Ok(release)
}

/// The same tree with the rights of what runs beside it.
pub(super) fn canary(
    opened: &Opened,
    wish: &Wish<'_>,
    current: Option<&Record>,
    percent: u8,
) -> Result<Canary, Vec<Diagnostic>> {
    let running = current.map(|record| record.release.permissions.clone());
    let settings = Settings {
        image_digest: Some(wish.digest.clone()),
        running,
        ..opened.settings.clone()
    };
    let beside = lowered(opened, wish, &settings)?;
    Ok(Canary { percent, beside })
}

fn lowered(
    opened: &Opened,
    wish: &Wish<'_>,
    settings: &Settings,
) -> Result<Release, Vec<Diagnostic>> {
    let graph = &opened.analysis.graph;
    let manifests = lower::lower(graph, settings)?;
    let environment = wish.environment.unwrap_or("default");
    Release::new(graph, wish.graph, settings, environment, &manifests).map_err(|error| {
        vec![Diagnostic::error(
            codes::WRITE_FAILED,
            format!("cannot express the output: {error}"),
        )]
    })
}
