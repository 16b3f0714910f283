//! `cloudc queue purge`

use super::arguments::Purge;
use super::broker::Broker;
use super::failure::not_made;
use super::{One, VERSION, application, confirm, one, streams, talk};
use crate::cli::arguments::MessageFormat;
use crate::cli::{DONE, REFUSED, output};
use crate::diagnostic::Diagnostic;

pub(super) fn run(arguments: &Purge) -> u8 {
    let format = application::format(&arguments.of.application);
    if !arguments.yes && !confirm::can_ask() {
        let message = "nobody is there to be asked: add --yes to destroy them";
        return confirm::wrong_usage(&["queue", "purge"], message);
    }
    let purged = one(&arguments.of.application, &arguments.queue).and_then(|one| {
        let gone = talk(format, purge(arguments, &one))?;
        Ok((one, gone))
    });
    let (one, gone) = match purged {
        Ok((one, Some(gone))) => (one, gone),
        Ok((_, None)) => {
            output::note("nothing was destroyed");
            return REFUSED;
        }
        Err(code) => return code,
    };
    let queue = &one.queue.name;
    match format {
        MessageFormat::Text => {
            let are = if gone == 1 { "is" } else { "are" };
            output::note(&format!("{} of {queue} {are} gone", count(arguments, gone)));
        }
        MessageFormat::Json => {
            let object = serde_json::json!({
                "version": VERSION, "app": one.app, "queue": queue, "purged": gone,
            });
            output::print(&format!("{object}\n"));
        }
    }
    DONE
}

/// Destroys; how many are gone, `None` where whoever was asked said no.
async fn purge(arguments: &Purge, one: &One) -> Result<Option<u64>, Diagnostic> {
    let queue = &one.queue.name;
    let stream = if arguments.what.dead {
        one.dead_stream()?
    } else {
        one.stream()
    };
    let mut broker = Broker::connect(&arguments.of.server, &one.app).await?;
    let absent = || not_made(queue, &stream);
    if !arguments.yes {
        let state = streams::state(&mut broker, &stream).await?;
        let state = state.ok_or_else(absent)?;
        let question = format!(
            "This destroys {} of {queue} for ever.",
            count(arguments, state.messages)
        );
        if !confirm::typed(&question, queue) {
            return Ok(None);
        }
    }
    let purged = streams::purge(&mut broker, &stream).await?;
    purged.map(Some).ok_or_else(absent)
}

fn count(arguments: &Purge, count: u64) -> String {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if arguments.what.dead {
        output::count(count, "dead letter", "dead letters")
    } else {
        output::count(count, "message", "messages")
    }
}
