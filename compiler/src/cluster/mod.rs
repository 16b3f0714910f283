//! The cluster: applying a [`Release`](crate::release::Release), watching it come up, and taking it back.
//!
//! Of the outermost layer, like the command line: everything here speaks to an API server. `deploy` reads as the
//! sentence that it follows: check, lock, credentials, apply, wait, prune, note.

mod apis;
mod applied;
mod apply;
mod before;
mod checks;
pub mod connect;
mod credentials;
mod deploy;
mod destroy;
mod diff;
mod failure;
mod foreign;
mod gone;
mod history;
mod keda;
mod leftovers;
mod lock;
mod members;
mod namespace;
mod pods;
mod provisioned;
mod prune;
mod request;
mod restarts;
mod revive;
mod running;
mod state;
mod stop;
mod strangers;
mod undo;
mod wait;

use std::time::Duration;

use crate::diagnostic::Diagnostic;

pub use before::check;
pub use credentials::make as credentials;
pub use deploy::{Canary, Outcome, deploy};
pub use destroy::{Doomed, destroy, doomed};
pub use diff::{Difference, diff};
pub use history::{Purpose, Record, Status, current, records};
pub use state::{Row, State};
pub use stop::{Stop, stopped};
pub use undo::{promote, rollback};

/// The field manager of all that cloudc writes.
const MANAGER: &str = "cloudc";

/// Everything that is wrong, in words.
pub type Problems = Vec<Diagnostic>;

/// How to deploy.
#[derive(Clone, Debug)]
pub struct Options {
    /// Take over fields that another field manager owns, and objects that are not of this application.
    pub force_conflicts: bool,
    /// Wait until every workload is ready.
    pub wait: bool,
    /// How long to wait for servers, the provisioner and workloads, all in all; and for another deploy.
    pub timeout: Duration,
    /// Users whose credentials are made anew.
    pub rotate: Vec<String>,
    /// Data that may be deleted: names of queues that left the graph, or of servers with a volume.
    pub delete_data: Vec<String>,
    /// The newest release when it was decided what to deploy; if there is another one by then, nothing is done. `None` for a
    /// deploy that depends on none.
    pub seen: Option<u32>,
    /// Who deploys, as another one is told it: `user@host`.
    pub holder: String,
    /// Ends it where it stands, and gives the Lease back.
    pub stop: Stop,
}

impl Default for Options {
    /// Waits for five minutes, takes over nothing, deletes no data.
    fn default() -> Self {
        Self {
            force_conflicts: false,
            wait: true,
            timeout: Duration::from_secs(300),
            rotate: Vec::new(),
            delete_data: Vec::new(),
            seen: None,
            holder: "cloudc".to_owned(),
            stop: Stop::default(),
        }
    }
}

/// What there is to tell on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something is done: one line.
    Done(String),
    /// Something to look at.
    Warning(Diagnostic),
    /// How the workloads are, all of them; told again at each change.
    States(Vec<Row>),
}

/// Who is told.
pub type Listener<'a> = &'a (dyn Fn(Event) + Sync);
