//! The graph in Graphviz's language.

use super::links::{Meaning, links};
use super::words;
use crate::graph::{FunctionId, Graph, Resource, Trigger, Workload, WorkloadKind};
use crate::span::Sources;

/// The graph in Graphviz's DOT language, left to right. Services are clusters; the triggers from
/// outside share the first rank.
pub fn dot(graph: &Graph, _sources: &Sources) -> String {
    let mut lines = vec![format!("digraph {} {{", quote(&[&graph.app]))];
    lines.extend(HEAD.iter().map(|line| format!("  {line}")));
    lines.extend(triggers(graph));
    for (index, workload) in graph.workloads.iter().enumerate() {
        lines.extend(cluster(graph, index, workload));
    }
    for (index, queue) in graph.queues.iter().enumerate() {
        let label = quote(&[&queue.name, &queue.payload]);
        lines.push(format!(
            "  q{index} [label={label}, shape=cds, margin=\"0.25,0.1\", color=\"#ea580c\", fillcolor=\"#fff7ed\"];"
        ));
    }
    for (index, cache) in graph.caches.iter().enumerate() {
        let label = quote(&[&cache.name, &format!("{} → {}", cache.key, cache.value)]);
        lines.push(format!(
            "  c{index} [label={label}, shape=cylinder, color=\"#059669\", fillcolor=\"#ecfdf5\"];"
        ));
    }
    for link in links(graph) {
        let function = format!("f{}", link.function.0);
        let resource = match link.resource {
            Resource::Queue(id) => format!("q{}", id.0),
            Resource::Cache(id) => format!("c{}", id.0),
        };
        lines.push(match link.meaning {
            Meaning::Triggers => format!("  {resource} -> {function};"),
            Meaning::Sends => format!("  {function} -> {resource} [color=\"#ea580c\"];"),
            // From function to cache, so that the cache's rank is right; the arrow shows the flow.
            Meaning::Reads => {
                format!("  {function} -> {resource} [color=\"#0d9488\", style=dashed, dir=back];")
            }
            Meaning::Writes => format!("  {function} -> {resource} [color=\"#7c3aed\"];"),
            Meaning::ReadsAndWrites => {
                format!("  {function} -> {resource} [color=\"#7c3aed\", dir=both];")
            }
        });
    }
    lines.push("}".to_owned());
    lines.join("\n") + "\n"
}

const HEAD: [&str; 3] = [
    "graph [rankdir=LR, fontname=\"Helvetica\", fontsize=12, nodesep=0.25, ranksep=0.9];",
    "node [fontname=\"Helvetica\", fontsize=11, shape=box, style=\"rounded,filled\", color=\"#4f46e5\", fillcolor=\"#eef2ff\"];",
    "edge [color=\"#64748b\", arrowsize=0.7];",
];

fn triggers(graph: &Graph) -> Vec<String> {
    let mut lines = vec!["  { rank=source;".to_owned()];
    let mut arrows = Vec::new();
    for (index, function) in graph.functions.iter().enumerate() {
        let shape = match function.trigger {
            Trigger::Http { .. } => "box",
            Trigger::Schedule { .. } => "octagon",
            Trigger::Queue { .. } => continue,
        };
        let label = quote(&[&words::trigger(graph, function)]);
        lines.push(format!(
            "    t{index} [label={label}, shape={shape}, color=\"#64748b\", fillcolor=\"#f1f5f9\"];"
        ));
        arrows.push(format!("  t{index} -> f{index};"));
    }
    lines.push("  }".to_owned());
    lines.extend(arrows);
    lines
}

/// A service is drawn around its functions; another workload is its one function.
fn cluster(graph: &Graph, index: usize, workload: &Workload) -> Vec<String> {
    let functions = |indent: &str| -> Vec<String> {
        (workload.functions.iter())
            .map(|FunctionId(id)| {
                format!(
                    "{indent}f{id} [label={}];",
                    quote(&[&graph.functions[*id].name])
                )
            })
            .collect()
    };
    if workload.kind != WorkloadKind::Service {
        return functions("  ");
    }
    let label = quote(&[&format!("service {}", workload.name)]);
    let mut lines = vec![
        format!("  subgraph cluster_{index} {{"),
        format!("    label={label}; style=rounded; color=\"#94a3b8\";"),
    ];
    lines.extend(functions("    "));
    lines.push("  }".to_owned());
    lines
}

/// A quoted string of one or more lines. In DOT a backslash starts an escape, and a quote ends.
fn quote(lines: &[&str]) -> String {
    let escape = |line: &&str| -> String {
        line.chars()
            .map(|char| match char {
                '"' => "\\\"".to_owned(),
                '\\' => "\\\\".to_owned(),
                char if char.is_control() => " ".to_owned(),
                char => char.to_string(),
            })
            .collect()
    };
    let lines: Vec<String> = lines.iter().map(escape).collect();
    format!("\"{}\"", lines.join("\\n"))
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn shop() {
        let (graph, sources) = fixture::shop();
        insta::assert_snapshot!(dot(&graph, &sources));
    }

    #[test]
    fn a_label_cannot_end_itself() {
        assert_eq!(quote(&["a\" -> \\b", "c\nd"]), r#""a\" -> \\b\nc d""#);
    }
}
