//! Whether the handlers, queues and caches in this program are those that the compiler saw. A macro of the user's can
//! write a handler that the compiler cannot see, and a cfg can remove one that it did.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::graph::{Graph, Named};
use crate::registry::{FunctionRegistration, ResourceRegistration};

/// # Errors
///
/// All differences, one a line.
pub(super) fn compare(
    graph: &Graph,
    functions: &[&FunctionRegistration],
    resources: &[&ResourceRegistration],
) -> Result<(), String> {
    let named = |one: &'_ Named| (one.name.clone(), one.path.clone());
    let expected: BTreeSet<(String, String)> = [&graph.functions, &graph.queues, &graph.caches]
        .into_iter()
        .flatten()
        .map(named)
        .collect();
    let functions = functions.iter().map(|one| (one.name, one.path));
    let resources = resources.iter().map(|one| (one.name, one.path));
    let linked: BTreeSet<(String, String)> = functions
        .chain(resources)
        .map(|(name, path)| (name.to_owned(), path.to_owned()))
        .collect();
    if expected == linked {
        return Ok(());
    }
    let mut report = String::from("what is in this program is not what is in its graph");
    list(
        &mut report,
        "in the graph only",
        expected.difference(&linked),
    );
    list(
        &mut report,
        "in the program only",
        linked.difference(&expected),
    );
    report.push_str("\nbuild it again with `cloudc build`, with the same features and target");
    Err(report)
}

fn list<'a>(report: &mut String, title: &str, things: impl Iterator<Item = &'a (String, String)>) {
    for (name, path) in things {
        // Writing to a string cannot fail.
        let _ = write!(report, "\n  {title}: {name} ({path})");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Trigger;

    fn registration(name: &'static str, path: &'static str) -> FunctionRegistration {
        FunctionRegistration {
            name,
            path,
            trigger: Trigger::Queue {
                queue: || "orders",
                handle: |_| Box::pin(async { Ok(()) }),
            },
            service: None,
            concurrency: None,
            timeout: None,
            scale: None,
        }
    }

    #[test]
    fn differences() {
        let graph = Graph::parse(
            r#"{"workloads": [], "functions": [
                {"name": "a", "path": "shop::a"},
                {"name": "b", "path": "shop::b"}
            ]}"#,
        )
        .expect("a graph");
        let (a, b, c) = (
            registration("a", "shop::a"),
            registration("b", "shop::b"),
            registration("b", "shop::c"),
        );
        assert_eq!(compare(&graph, &[&b, &a], &[]), Ok(()));
        assert_eq!(
            compare(&graph, &[&a, &c], &[]).expect_err("differences"),
            "what is in this program is not what is in its graph\n  \
             in the graph only: b (shop::b)\n  \
             in the program only: b (shop::c)\n\
             build it again with `cloudc build`, with the same features and target"
        );
    }
}
