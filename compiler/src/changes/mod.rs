//! What changes from one graph to the next, in the graph's words: `queue orders loses its only consumer (charge)`,
//! `charge may now write cache prices`, `service shop: memory 256Mi → 512Mi`.
//!
//! Both graphs are documents that `render::json` wrote: the old one is kept beside what was deployed, long after its sources
//! are gone; [`manifests`] shows the same change as the cluster will see it. What only a reader of the source sees is no change: docs, places, paths in Rust, and the calls that prove an edge.

mod change;
mod compare;
mod document;
mod functions;
pub mod manifests;
mod resources;
mod rights;
#[cfg(test)]
mod tests;
mod workloads;

pub use change::{Change, Kind, Setting, Subject, What};
pub use document::{Document, Operation, Unreadable, VERSION};

/// What changes from the old graph to the new one: sorted, each change once, and none for equal graphs.
pub fn between(old: &Document, new: &Document) -> Vec<Change> {
    let mut changes = Vec::new();
    let app = Subject::new(Kind::Application, &new.app);
    let (was, is) = (old.app.clone(), new.app.clone());
    let renamed = compare::setting(&app, Setting::Name, Some(was), Some(is));
    changes.extend(renamed.map(|change| {
        change.risky("everything is named after it, so this is another application")
    }));
    functions::compare(old, new, &mut changes);
    workloads::compare(old, new, &mut changes);
    resources::queues(old, new, &mut changes);
    resources::caches(old, new, &mut changes);
    rights::compare(old, new, &mut changes);
    changes.sort_unstable();
    changes.dedup();
    changes
}
