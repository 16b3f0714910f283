//! Whether the handlers in this program are those that the compiler saw. A macro of the user's can
//! write a handler that the compiler cannot see, and a cfg can remove one that it did.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::graph::Graph;
use crate::registry::FunctionRegistration;

/// # Errors
///
/// All differences, one a line.
pub(super) fn compare(graph: &Graph, linked: &[&FunctionRegistration]) -> Result<(), String> {
    let expected: BTreeSet<(&str, &str)> = graph
        .functions
        .iter()
        .map(|function| (&*function.name, &*function.path))
        .collect();
    let linked: BTreeSet<(&str, &str)> = linked
        .iter()
        .map(|function| (function.name, function.path))
        .collect();
    if expected == linked {
        return Ok(());
    }
    let mut report = String::from("the functions in this program are not those of its graph");
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

fn list<'a>(
    report: &mut String,
    title: &str,
    functions: impl Iterator<Item = &'a (&'a str, &'a str)>,
) {
    for (name, path) in functions {
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
        assert_eq!(compare(&graph, &[&b, &a]), Ok(()));
        assert_eq!(
            compare(&graph, &[&a, &c]).expect_err("differences"),
            "the functions in this program are not those of its graph\n  \
             in the graph only: b (shop::b)\n  \
             in the program only: b (shop::c)\n\
             build it again with `cloudc build`, with the same features and target"
        );
    }
}
