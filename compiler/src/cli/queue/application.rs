//! Whose queues: those of a project's graph, or those that are called by name.

use super::arguments::ApplicationArguments;
use crate::cli::arguments::MessageFormat;
use crate::cli::{REFUSED, open, output};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::graph::{self, Graph, QueueId, Trigger};
use crate::lower::names;
use crate::span::Sources;

/// An application and the queues that the command is about.
pub(super) struct Application {
    pub(super) app: String,
    pub(super) queues: Vec<Known>,
}

/// What is known of a queue before the broker is asked.
pub(super) struct Known {
    pub(super) name: String,
    /// The name of its consumer; `None` where there is no graph, or nobody consumes it.
    pub(super) consumer: Option<String>,
    /// Whether it keeps dead letters; `None` where there is no graph.
    pub(super) dead: Option<bool>,
}

impl Known {
    fn called(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            consumer: None,
            dead: None,
        }
    }

    fn of(graph: &Graph, id: QueueId, queue: &graph::Queue) -> Self {
        let mut functions = graph.functions.iter();
        let consumer = functions
            .find(|of| matches!(of.trigger, Trigger::Queue { queue, .. } if queue == id))
            .map(|of| names::consumer(&of.name).to_owned());
        Self {
            name: queue.name.clone(),
            consumer,
            dead: Some(queue.dead_letter),
        }
    }
}

/// Finds the queues of these names; all of the application's where no name is given. What is wrong has been reported when
/// this returns an exit code.
pub(super) fn find(arguments: &ApplicationArguments, wanted: &[String]) -> Result<Application, u8> {
    let format = arguments.project.message_format;
    let refuse = |found: &[Diagnostic]| output::report_beside(found, &Sources::default(), format);
    if let Some(app) = &arguments.app {
        let strange = std::iter::once(app)
            .chain(wanted)
            .filter(|name| !is_name(name));
        let found: Vec<Diagnostic> = strange.map(|name| no_name(name)).collect();
        return match found.as_slice() {
            [] => Ok(Application {
                app: app.clone(),
                queues: wanted.iter().map(|name| Known::called(name)).collect(),
            }),
            found => Err(refuse(found)),
        };
    }
    let opened = open::open(&arguments.project).map_err(|found| refuse(&[found]))?;
    let analysis = &opened.analysis;
    if opened.is_refused() {
        output::report_beside(&analysis.diagnostics, &analysis.sources, format);
        return Err(REFUSED);
    }
    of_graph(&analysis.graph, wanted).map_err(|found| refuse(&found))
}

fn of_graph(graph: &Graph, wanted: &[String]) -> Result<Application, Vec<Diagnostic>> {
    let mut queues = Vec::new();
    let mut unknown = Vec::new();
    for name in wanted {
        match graph::queue(graph, name) {
            Ok((id, queue)) => queues.push(Known::of(graph, id, queue)),
            Err(nearest) => unknown.push(no_queue(&graph.app, name, nearest)),
        }
    }
    if wanted.is_empty() {
        let all = graph.queues.iter().enumerate();
        queues = all
            .map(|(id, queue)| Known::of(graph, QueueId(id), queue))
            .collect();
    }
    if unknown.is_empty() {
        Ok(Application {
            app: graph.app.clone(),
            queues,
        })
    } else {
        Err(unknown)
    }
}

fn no_queue(app: &str, name: &str, nearest: Option<&str>) -> Diagnostic {
    let found = Diagnostic::error(codes::UNRESOLVED, format!("{app} has no queue `{name}`"));
    found.help(match nearest {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "`cloudc queue ls` lists the queues".to_owned(),
    })
}

fn no_name(name: &str) -> Diagnostic {
    let message = format!("`{name}` is no name of an application or queue");
    Diagnostic::error(codes::UNRESOLVED, message)
        .help("with --app, write names as the broker has them: lower case letters, digits, hyphens")
}

/// Whether it can be a part of a subject as it is.
fn is_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.bytes().all(is_part)
}

/// How the command prints.
pub(super) fn format(arguments: &ApplicationArguments) -> MessageFormat {
    arguments.project.message_format
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_nothing_that_the_broker_would_read_otherwise() {
        assert!(is_name("restock-requests"));
        for name in ["", "a.b", "*", ">", "Orders", "a b"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
