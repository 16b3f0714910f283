//! What the user can write behind `cloudc queue`.

use std::ffi::OsString;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

use crate::cli::arguments::ProjectArguments;
use crate::lower::names;

/// Look at the queues of a running application, and deal with what failed.
///
/// A message whose deliveries are used up is a dead letter, if its queue keeps them. These commands show dead letters, send
/// them to their queue again, and destroy what nobody needs.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  export CLOUDC_NATS_URL=nats://127.0.0.1:4222\n  cloudc queue ls examples/shop\n  cloudc queue peek orders examples/shop\n  cloudc queue redrive orders examples/shop --all"
)]
pub(in crate::cli) struct Queue {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Ls(Ls),
    Peek(Peek),
    Redrive(Redrive),
    Purge(Purge),
}

/// List the queues: what waits, what is being handled, what failed.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cloudc queue ls examples/shop --server nats://127.0.0.1:4222\n  cloudc queue ls --app shop --queue orders --server nats://127.0.0.1:4222"
)]
pub(super) struct Ls {
    /// Only this queue; may be given several times.
    #[arg(long = "queue", value_name = "QUEUE")]
    pub(super) queues: Vec<String>,
    #[command(flatten)]
    pub(super) of: Target,
}

/// Show the dead letters of a queue, and leave them where they are.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cloudc queue peek orders examples/shop --from 12 --limit 3")]
pub(super) struct Peek {
    /// The queue: its name, identifier or path.
    pub(super) queue: String,
    /// Show this many at the most.
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    pub(super) limit: usize,
    /// Start with the dead letter of this number.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(super) from: u64,
    /// Show long payloads whole.
    #[arg(long)]
    pub(super) full: bool,
    #[command(flatten)]
    pub(super) of: Target,
}

/// Send dead letters to their queue again.
///
/// Each is removed from the dead letters once the queue has it. Interrupted, the command can be run again: within the time
/// for which the queue remembers message ids, nothing is sent twice.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cloudc queue redrive orders examples/shop --number 3 --number 7\n  cloudc queue redrive orders examples/shop --all --yes"
)]
pub(super) struct Redrive {
    /// The queue: its name, identifier or path.
    pub(super) queue: String,
    #[command(flatten)]
    pub(super) which: Which,
    /// Do it without asking.
    #[arg(long)]
    pub(super) yes: bool,
    #[command(flatten)]
    pub(super) of: Target,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Which {
    /// The dead letter of this number, as `peek` shows it; may be given several times.
    #[arg(long = "number", value_name = "NUMBER", value_delimiter = ',', value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) numbers: Vec<u64>,
    /// All of the queue's dead letters.
    #[arg(long)]
    pub(super) all: bool,
}

/// Destroy the dead letters or the messages of a queue.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cloudc queue purge orders examples/shop --dead")]
pub(super) struct Purge {
    /// The queue: its name, identifier or path.
    pub(super) queue: String,
    #[command(flatten)]
    pub(super) what: What,
    /// Do it without asking.
    #[arg(long)]
    pub(super) yes: bool,
    #[command(flatten)]
    pub(super) of: Target,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct What {
    /// Its dead letters.
    #[arg(long)]
    pub(super) dead: bool,
    /// Its messages: those that wait, and those that are being handled.
    #[arg(long)]
    pub(super) messages: bool,
}

/// A running application.
#[derive(Debug, Args)]
pub(super) struct Target {
    #[command(flatten)]
    pub(super) application: ApplicationArguments,
    #[command(flatten)]
    pub(super) server: ServerArguments,
}

/// Whose queues.
#[derive(Debug, Args)]
pub(super) struct ApplicationArguments {
    /// The application's name, where its project is not at hand; queues are then called by their names.
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with_all = ["folder", "package", "features", "all_features", "no_default_features", "env"]
    )]
    pub(super) app: Option<String>,
    #[command(flatten)]
    pub(super) project: ProjectArguments,
}

/// Where the broker is, and who asks.
#[derive(Debug, Args)]
pub(super) struct ServerArguments {
    /// The broker's address; several are separated by commas.
    #[arg(
        long,
        value_name = "URL",
        value_parser = NonEmptyStringValueParser::new(),
        env = "CLOUDC_NATS_URL",
        hide_env_values = true
    )]
    pub(super) server: String,
    // A path cannot be empty, a variable can.
    /// The folder with the user's credentials: a file `seed`, `creds` or `token`, or `user` and `password`; with a private
    /// authority's certificate besides, `ca.crt`.
    #[arg(
        long,
        value_name = "FOLDER",
        env = "CLOUDC_NATS_CREDENTIALS",
        hide_env_values = true
    )]
    pub(super) credentials: Option<OsString>,
    /// What the subjects start with on which the user may listen for answers. [default: `_INBOX_<APPLICATION>-operator`, the
    /// bundled broker's operator's own]
    #[arg(
        long,
        value_name = "PREFIX",
        env = "CLOUDC_NATS_INBOX",
        hide_env_values = true
    )]
    inbox: Option<String>,
}

impl ServerArguments {
    /// What the subjects of answers start with, for somebody who deals with this application.
    pub(super) fn inbox(&self, app: &str) -> String {
        match self.inbox.as_deref() {
            // An empty variable is an unset one.
            None | Some("") => names::inbox(&names::operator(app)),
            Some(own) => own.to_owned(),
        }
    }
}
