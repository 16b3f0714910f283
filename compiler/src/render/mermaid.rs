//! The graph as a Mermaid flowchart, which GitHub and many wikis draw in place.

use super::links::{Meaning, links};
use super::words;
use crate::graph::{FunctionId, Graph, Resource, Trigger, Workload, WorkloadKind};
use crate::span::Sources;

/// The graph as a Mermaid flowchart, left to right. Services are subgraphs; queues, caches and
/// triggers have shapes of their own.
pub fn mermaid(graph: &Graph, _sources: &Sources) -> String {
    let mut lines = vec!["flowchart LR".to_owned()];
    for (index, function) in graph.functions.iter().enumerate() {
        let words = label(&[words::trigger(graph, function)]);
        match function.trigger {
            Trigger::Http { .. } => lines.push(format!("  t{index}([{words}]):::trigger")),
            Trigger::Schedule { .. } => lines.push(format!("  t{index}{{{{{words}}}}}:::trigger")),
            Trigger::Queue { .. } => {}
        }
    }
    for (index, workload) in graph.workloads.iter().enumerate() {
        lines.extend(group(graph, index, workload));
    }
    for (index, queue) in graph.queues.iter().enumerate() {
        let words = label(&[queue.name.clone(), queue.payload.clone()]);
        lines.push(format!("  q{index}[[{words}]]:::queue"));
    }
    for (index, cache) in graph.caches.iter().enumerate() {
        let words = label(&[
            cache.name.clone(),
            format!("{} → {}", cache.key, cache.value),
        ]);
        lines.push(format!("  c{index}[({words})]:::cache"));
    }
    for (index, function) in graph.functions.iter().enumerate() {
        if !matches!(function.trigger, Trigger::Queue { .. }) {
            lines.push(format!("  t{index} --> f{index}"));
        }
    }
    for link in links(graph) {
        let function = format!("f{}", link.function.0);
        let resource = match link.resource {
            Resource::Queue(id) => format!("q{}", id.0),
            Resource::Cache(id) => format!("c{}", id.0),
        };
        let words = link.meaning.words();
        lines.push(match link.meaning {
            Meaning::Triggers => format!("  {resource} --> {function}"),
            Meaning::Sends => format!("  {function} -->|{words}| {resource}"),
            Meaning::Reads => format!("  {resource} -.->|{words}| {function}"),
            Meaning::Writes => format!("  {function} ==>|{words}| {resource}"),
            Meaning::ReadsAndWrites => format!("  {function} <==>|{words}| {resource}"),
        });
    }
    lines.extend(CLASSES.iter().map(|class| format!("  {class}")));
    lines.join("\n") + "\n"
}

/// Fill, border and text together, so that a page's dark theme cannot make them unreadable.
const CLASSES: [&str; 4] = [
    "classDef trigger fill:#f1f5f9,stroke:#64748b,color:#0f172a",
    "classDef function fill:#eef2ff,stroke:#4f46e5,color:#1e1b4b",
    "classDef queue fill:#fff7ed,stroke:#ea580c,color:#431407",
    "classDef cache fill:#ecfdf5,stroke:#059669,color:#022c22",
];

/// A service is drawn around its functions; another workload is its one function.
fn group(graph: &Graph, index: usize, workload: &Workload) -> Vec<String> {
    let functions = |indent: &str| -> Vec<String> {
        (workload.functions.iter())
            .map(|FunctionId(id)| {
                let name = label(&[graph.functions[*id].name.clone()]);
                format!("{indent}f{id}[{name}]:::function")
            })
            .collect()
    };
    if workload.kind != WorkloadKind::Service {
        return functions("  ");
    }
    let title = label(&[format!("service {}", workload.name)]);
    let mut lines = vec![format!("  subgraph w{index}[{title}]")];
    lines.extend(functions("    "));
    lines.push("  end".to_owned());
    lines
}

/// A quoted label. Mermaid reads labels as HTML and markdown, and `#code;` as a character; all
/// that either could take for its own is written as such a code.
fn label(lines: &[String]) -> String {
    let escape = |line: &String| -> String {
        line.chars()
            .map(|char| match char {
                '"' | '#' | '&' | '<' | '>' | '`' | '*' | '_' | '\\' => {
                    format!("#{};", u32::from(char))
                }
                char if char.is_control() => " ".to_owned(),
                char => char.to_string(),
            })
            .collect()
    };
    let lines: Vec<String> = lines.iter().map(escape).collect();
    format!("\"{}\"", lines.join("<br/>"))
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn shop() {
        let (graph, sources) = fixture::shop();
        insta::assert_snapshot!(mermaid(&graph, &sources));
    }

    #[test]
    fn a_label_cannot_end_itself() {
        assert_eq!(
            label(&["a\"]; b#<i>".to_owned(), "c\nd".to_owned()]),
            "\"a#34;]; b#35;#60;i#62;<br/>c d\""
        );
    }
}
