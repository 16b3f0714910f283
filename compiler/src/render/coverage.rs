//! The edges of the graph that no test exercised.

use std::fmt::Write as _;

use serde::Serialize;

use super::words;
use crate::coverage::{Coverage, Sometimes};
use crate::graph::{Edge, Graph};
use crate::span::Sources;

/// The version of the object that [`coverage_json`] writes.
const VERSION: u32 = 1;

/// For a person: how many edges were exercised, and a table of the others.
pub fn coverage(graph: &Graph, sources: &Sources, coverage: &Coverage) -> String {
    let (app, edges) = (&graph.app, words::count(graph.edges.len(), "edge"));
    let mut text = match (graph.edges.len(), coverage.unexercised.len()) {
        (0, _) => format!("{app}: the graph has no edges to exercise\n"),
        (_, 0) => format!(
            "{app}: the tests exercised every edge of the graph ({})\n",
            graph.edges.len()
        ),
        _ => format!(
            "{app}: the tests exercised {} of {edges}; these they did not:\n",
            coverage.exercised
        ),
    };
    text.push_str(&table(graph, sources, coverage));
    if coverage.processes == 0 && !graph.edges.is_empty() {
        text.push_str("no test made a world: mark one with #[cloudc::test]\n");
    } else if coverage.processes > 0 && !coverage.not_called.is_empty() {
        let names = coverage.not_called.iter();
        let names: Vec<&str> = names
            .map(|id| graph.functions[id.0].name.as_str())
            .collect();
        let _ = writeln!(text, "no world called {}", names.join(", "));
    }
    let never_true = coverage.never_true.as_deref().unwrap_or_default();
    if !never_true.is_empty() {
        text.push_str("what shall be true sometimes never was, in any test:\n");
    }
    for Sometimes {
        file,
        line,
        text: what,
        ..
    } in never_true
    {
        let _ = writeln!(text, "  {file}:{line}: sometimes!({what})");
    }
    text
}

/// A line for each edge that is left, under a line of titles.
fn table(graph: &Graph, sources: &Sources, coverage: &Coverage) -> String {
    if coverage.unexercised.is_empty() {
        return String::new();
    }
    let titles = ["function", "operation", "resource", "at"].map(str::to_owned);
    let rows = left(graph, coverage).map(|edge| {
        let (kind, name) = words::resource(graph, edge.resource);
        [
            graph.functions[edge.function.0].name.clone(),
            words::operation(edge.operation).to_owned(),
            format!("{kind} {name}"),
            at(sources, edge).unwrap_or_default(),
        ]
    });
    let rows: Vec<[String; 4]> = std::iter::once(titles).chain(rows).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let widths = [0, 1, 2].map(width);
    let mut text = String::new();
    for [function, operation, resource, at] in &rows {
        let [one, two, three] = widths;
        let _ = writeln!(
            text,
            "  {function:one$}  {operation:two$}  {resource:three$}  {at}"
        );
    }
    text
}

/// For a program: one JSON object on one line.
///
/// ```text
/// version      1; a change that an existing reader would trip over raises it, a new key does not
/// app
/// passed       whether cargo's tests passed
/// processes    the test processes in which a world was made
/// edges, exercised
/// unexercised  function, operation "send" | "read" | "write", resource (kind "queue" | "cache", name),
///              at: the first call or use of the chain that proves the edge, `file:line`
/// not_called   the functions that no world called
/// never_true   each `sometimes!` that was true in no test: file, line, column, text; null where not every test ran,
///              or one failed
/// ```
///
/// Lists are sorted as in `graph.json`.
pub fn coverage_json(
    graph: &Graph,
    sources: &Sources,
    coverage: &Coverage,
    passed: bool,
) -> String {
    let unexercised = left(graph, coverage).map(|edge| {
        let (kind, name) = words::resource(graph, edge.resource);
        EdgeJson {
            function: &graph.functions[edge.function.0].name,
            operation: words::operation(edge.operation),
            resource: ResourceJson { kind, name },
            at: at(sources, edge),
        }
    });
    let not_called = coverage.not_called.iter();
    let document = Document {
        version: VERSION,
        app: &graph.app,
        passed,
        processes: coverage.processes,
        edges: graph.edges.len(),
        exercised: coverage.exercised,
        unexercised: unexercised.collect(),
        not_called: not_called
            .map(|id| graph.functions[id.0].name.as_str())
            .collect(),
        never_true: coverage.never_true.as_deref(),
    };
    let mut text = serde_json::to_string(&document).unwrap_or_default();
    text.push('\n');
    text
}

#[derive(Serialize)]
struct Document<'g> {
    version: u32,
    app: &'g str,
    passed: bool,
    processes: usize,
    edges: usize,
    exercised: usize,
    unexercised: Vec<EdgeJson<'g>>,
    not_called: Vec<&'g str>,
    never_true: Option<&'g [Sometimes]>,
}

#[derive(Serialize)]
struct EdgeJson<'g> {
    function: &'g str,
    operation: &'static str,
    resource: ResourceJson<'g>,
    at: Option<String>,
}

#[derive(Serialize)]
struct ResourceJson<'g> {
    kind: &'static str,
    name: &'g str,
}

fn left<'g>(graph: &'g Graph, coverage: &Coverage) -> impl Iterator<Item = &'g Edge> {
    let left = coverage.unexercised.iter();
    left.filter_map(|index| graph.edges.get(*index))
}

fn at(sources: &Sources, edge: &Edge) -> Option<String> {
    let first = edge.chain.first()?;
    Some(words::place(sources, first.span))
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    /// What the tests of the shop did.
    const USES: [&str; 2] = [
        concat!(
            "{\"function\":\"place-order\"}\n",
            "{\"function\":\"place-order\",\"operation\":\"send\",\"resource\":{\"kind\":\"queue\",\"name\":\"orders\"}}\n",
            "{\"function\":\"place-order\",\"operation\":\"read\",\"resource\":{\"kind\":\"cache\",\"name\":\"prices\"}}\n",
            "{\"function\":\"charge\"}\n",
        ),
        "{\"function\":\"refresh-prices\",\"operation\":\"write\",\"resource\":{\"kind\":\"cache\",\"name\":\"prices\"}}\n",
    ];

    #[test]
    fn some_edges_are_left() {
        let (graph, sources) = fixture::shop();
        let found = Coverage::of(&graph, USES).expect("uses");
        insta::assert_snapshot!(coverage(&graph, &sources, &found));
        insta::assert_snapshot!(coverage_json(&graph, &sources, &found, true));
    }

    #[test]
    fn nothing_ran() {
        let (graph, sources) = fixture::shop();
        let found = Coverage::of(&graph, []).expect("uses");
        assert_eq!(found.exercised, 0);
        let text = coverage(&graph, &sources, &found);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), graph.edges.len() + 3, "{text}");
        assert_eq!(
            lines.last(),
            Some(&"no test made a world: mark one with #[cloudc::test]")
        );
    }

    #[test]
    fn no_edges() {
        let (graph, sources) = fixture::hello();
        let found = Coverage::of(&graph, ["{\"function\":\"greet\"}\n"]).expect("uses");
        assert_eq!(
            coverage(&graph, &sources, &found),
            "hello: the graph has no edges to exercise\n"
        );
    }

    #[test]
    fn every_edge() {
        let (mut graph, sources) = fixture::shop();
        graph.edges.truncate(1);
        graph.functions.truncate(1);
        let all = Coverage {
            processes: 1,
            exercised: 1,
            ..Coverage::default()
        };
        assert_eq!(
            coverage(&graph, &sources, &all),
            "shop: the tests exercised every edge of the graph (1)\n"
        );
    }

    #[test]
    fn a_line_that_was_cut_off_is_passed_over_and_another_is_not() {
        let (graph, _) = fixture::shop();
        let cut = "{\"function\":\"charge\"}\n{\"function\":\"refr";
        let found = Coverage::of(&graph, [cut, "", "{"]).expect("uses");
        assert_eq!(found.processes, 3);
        assert_eq!(found.not_called.len(), graph.functions.len() - 1);
        let error = Coverage::of(&graph, ["{\"function\":1}\n"]).expect_err("no use");
        let start = "`{\"function\":1}` is no use of a queue or cache: invalid type";
        assert!(error.to_string().starts_with(start), "{error}");
    }

    #[test]
    fn what_the_graph_does_not_have_is_no_edge() {
        let (graph, _) = fixture::shop();
        // There is such a queue; a cache of its name is another thing.
        let uses = [
            "{\"function\":\"charge\",\"operation\":\"read\",\"resource\":{\"kind\":\"cache\",\"name\":\"orders\"}}\n",
            "{\"function\":\"nobody\",\"operation\":\"read\",\"resource\":{\"kind\":\"cache\",\"name\":\"prices\"}}\n",
        ];
        let found = Coverage::of(&graph, uses).expect("uses");
        assert_eq!(found.exercised, 0);
        assert_eq!(found.unexercised.len(), graph.edges.len());
    }
}
