//! From a graph to what is deployed, with what was there before in mind.

use std::collections::BTreeSet;

use crate::codes;
use crate::config::{Permissions, Retired, Settings};
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::lower;

use super::{Release, retired};

/// An application as its source is.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its graph.
    pub graph: &'a Graph,
    /// The text of `graph.json`.
    pub json: &'a str,
    /// The environment of `cloudc.toml`; `default` where none was chosen.
    pub environment: &'a str,
}

impl Source<'_> {
    /// The release that comes after these: queues that left are retired, and those of `delete_data` with all that is in them.
    ///
    /// # Errors
    ///
    /// What cannot be lowered.
    pub fn after<'r>(
        &self,
        settings: &Settings,
        remembered: impl IntoIterator<Item = &'r Release>,
        delete_data: &[String],
    ) -> Result<Release, Vec<Diagnostic>> {
        let plain = self.lowered(settings)?;
        let queues: BTreeSet<&str> = plain.queues().collect();
        let gone = retired(remembered, &queues);
        if gone.is_empty() {
            return Ok(plain);
        }
        let retired = gone.iter().map(|queue| Retired {
            queue: queue.clone(),
            // A stream that is not there is none to keep.
            dead_letter: true,
            delete: delete_data.contains(queue),
        });
        let settings = Settings {
            retired: retired.collect(),
            ..settings.clone()
        };
        Ok(Release {
            objects: self.lowered(&settings)?.objects,
            ..plain.giving_up(gone)
        })
    }

    /// The release beside a running one, whose users keep their rights.
    ///
    /// # Errors
    ///
    /// What cannot be lowered.
    pub fn beside(
        &self,
        settings: &Settings,
        running: Option<Permissions>,
    ) -> Result<Release, Vec<Diagnostic>> {
        self.lowered(&Settings {
            running,
            ..settings.clone()
        })
    }

    fn lowered(&self, settings: &Settings) -> Result<Release, Vec<Diagnostic>> {
        let manifests = lower::lower(self.graph, settings)?;
        let release = Release::new(
            self.graph,
            self.json,
            settings,
            self.environment,
            &manifests,
        );
        release.map_err(|error| {
            vec![Diagnostic::error(
                codes::WRITE_FAILED,
                format!("cannot express the output: {error}"),
            )]
        })
    }
}
