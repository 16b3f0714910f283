//! The commands that reach a cluster: deploy, diff, promote, rollback, destroy, credentials.

mod arguments;
mod credentials;
mod deploy;
mod destroy;
mod diff;
mod made;
mod session;
mod shown;
mod undo;
mod which;

pub(super) use arguments::{Credentials, Deploy, Destroy, Diff, Promote, Rollback};
pub(super) use credentials::run as credentials;
pub(super) use deploy::run as deploy;
pub(super) use destroy::run as destroy;
pub(super) use diff::run as diff;
pub(super) use undo::{promote, rollback};
