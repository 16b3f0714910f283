//! `cloudc queue`: what an application's queues hold, and what to do with the messages that failed.

mod application;
mod arguments;
mod broker;
mod credentials;
mod failure;
mod letters;
mod ls;
mod moving;
mod payload;
mod peek;
mod progress;
mod purge;
mod redrive;
mod stop;
mod streams;

use std::future::Future;

pub(super) use arguments::Queue;

use application::{Application, Known};
use arguments::{ApplicationArguments, Command};

use super::arguments::MessageFormat;
use super::{confirm, output};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lower::names;
use crate::span::Sources;

/// The version of the objects that these commands print; one that an existing reader would trip over raises it.
const VERSION: u32 = 1;

pub(super) fn run(arguments: &Queue) -> u8 {
    match &arguments.command {
        Command::Ls(arguments) => ls::run(arguments),
        Command::Peek(arguments) => peek::run(arguments),
        Command::Redrive(arguments) => redrive::run(arguments),
        Command::Purge(arguments) => purge::run(arguments),
    }
}

/// Runs what talks to the broker, on this thread; reports what it could not do, and gives back the exit code.
fn talk<T>(
    format: MessageFormat,
    work: impl Future<Output = Result<T, Diagnostic>>,
) -> Result<T, u8> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => Err(Diagnostic::error(
            codes::BROKER_UNREACHABLE,
            format!("cannot open connections: {error}"),
        )),
    };
    done.map_err(|found| report(&[found], format))
}

/// Reports beside what a command prints.
fn report(found: &[Diagnostic], format: MessageFormat) -> u8 {
    output::report_beside(found, &Sources::default(), format)
}

/// The one queue that a command is about.
struct One {
    app: String,
    queue: Known,
}

/// Finds it. What is wrong has been reported when this returns an exit code.
fn one(arguments: &ApplicationArguments, queue: &str) -> Result<One, u8> {
    let Application { app, queues } = application::find(arguments, &[queue.to_owned()])?;
    // There is one for each name.
    let queue = queues.into_iter().next().ok_or(super::REFUSED)?;
    Ok(One { app, queue })
}

impl One {
    /// The stream with its messages.
    fn stream(&self) -> String {
        names::stream(&self.app, &self.queue.name)
    }

    /// The stream with its dead letters.
    fn dead_stream(&self) -> Result<String, Diagnostic> {
        let name = &self.queue.name;
        if self.queue.dead == Some(false) {
            let message = format!("the queue `{name}` keeps no dead letters");
            let found = Diagnostic::error(codes::NOT_AT_BROKER, message);
            return Err(found.help(
                "with `dead_letter = true` in its #[queue], messages that fail are kept from the \
                 next deployment on",
            ));
        }
        Ok(names::dead_stream(&self.app, name))
    }
}
