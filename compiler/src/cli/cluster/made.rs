//! From a project to what is deployed.

use crate::cluster::{Canary, Record};
use crate::config::Settings;
use crate::diagnostic::Diagnostic;
use crate::release::{Release, Source};

use crate::cli::open::Opened;

/// What a deploy of this project takes beside its source.
pub(super) struct Wish<'a> {
    /// The environment's name, if one was chosen.
    pub(super) environment: Option<&'a str>,
    /// The image's digest; `None` before there is an image.
    pub(super) digest: Option<String>,
    /// The text of `graph.json`.
    pub(super) graph: &'a str,
    /// Data that may be deleted.
    pub(super) delete_data: &'a [String],
}

impl Wish<'_> {
    fn source<'a>(&'a self, opened: &'a Opened) -> Source<'a> {
        Source {
            graph: &opened.analysis.graph,
            json: self.graph,
            environment: self.environment.unwrap_or("default"),
        }
    }

    fn settings(&self, opened: &Opened) -> Settings {
        Settings {
            image_digest: self.digest.clone(),
            ..opened.settings.clone()
        }
    }
}

/// The release that comes after what the cluster remembers.
pub(super) fn release(
    opened: &Opened,
    wish: &Wish<'_>,
    records: &[Record],
) -> Result<Release, Vec<Diagnostic>> {
    let remembered = records.iter().map(|record| &record.release);
    let settings = wish.settings(opened);
    wish.source(opened)
        .after(&settings, remembered, wish.delete_data)
}

/// The same tree with the rights of what runs beside it.
pub(super) fn canary(
    opened: &Opened,
    wish: &Wish<'_>,
    current: Option<&Record>,
    percent: u8,
) -> Result<Canary, Vec<Diagnostic>> {
    let running = current.map(|record| record.release.permissions.clone());
    let settings = wish.settings(opened);
    let beside = wish.source(opened).beside(&settings, running)?;
    Ok(Canary { percent, beside })
}
