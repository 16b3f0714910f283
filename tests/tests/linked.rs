//! What the attributes register is what the compiler reads: the examples, linked into this program, have
//! the settings of their graphs. Plain `cargo test` has no graph, and fills in the defaults itself.

use std::path::Path;
use std::time::Duration;

use cloudc::app::{App, Kind, Scale};
use serde_json::{Value, json};

// Their functions, queues and caches are registered by being linked.
use hello as _;
use shop as _;

/// The lists of both graphs, each sorted by name.
fn graphs(list: &str) -> Vec<Value> {
    let snapshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("../snapshots");
    let mut all: Vec<Value> = ["hello", "shop"]
        .iter()
        .flat_map(|example| {
            let text = std::fs::read_to_string(snapshots.join(example).join("graph.json"))
                .expect("a snapshot");
            let graph: Value = serde_json::from_str(&text).expect("JSON");
            graph[list].as_array().expect("a list").clone()
        })
        .collect();
    all.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    assert!(!all.is_empty());
    all
}

/// Some fields of everything in the graphs.
fn of_graphs(list: &str, fields: &[&str]) -> Vec<Value> {
    let pick = |node: Value| {
        fields
            .iter()
            .map(|field| (field.to_string(), node[field].clone()))
            .collect()
    };
    graphs(list).into_iter().map(pick).collect()
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).expect("a length of time that the grammar takes")
}

#[test]
fn nothing_is_wrong() {
    assert_eq!(App::linked().faults, [""; 0]);
}

#[test]
fn functions() {
    let app = App::linked();
    let linked: Vec<Value> = app
        .functions
        .iter()
        .map(|function| {
            let workload = &app.workloads[function.workload];
            json!({"name": function.name, "path": function.path, "workload": workload.name})
        })
        .collect();
    assert_eq!(
        linked,
        of_graphs("functions", &["name", "path", "workload"])
    );
}

#[test]
fn workloads() {
    let app = App::linked();
    let linked: Vec<Value> = app
        .workloads
        .iter()
        .map(|workload| {
            let kind = match workload.kind {
                Kind::Service => "service",
                Kind::Consumer => "consumer",
                Kind::Schedule => "schedule",
            };
            let Scale { min, max } = workload.scale;
            let functions: Vec<_> = workload
                .functions
                .iter()
                .map(|function| app.functions[*function].name)
                .collect();
            json!({
                "name": workload.name,
                "kind": kind,
                "functions": functions,
                "scale": {"min": min, "max": max},
                "concurrency": workload.concurrency,
                "timeout_ms": milliseconds(workload.timeout),
            })
        })
        .collect();
    let fields = [
        "name",
        "kind",
        "functions",
        "scale",
        "concurrency",
        "timeout_ms",
    ];
    assert_eq!(linked, of_graphs("workloads", &fields));
}

#[test]
fn queues() {
    let linked: Vec<Value> = App::linked()
        .queues
        .iter()
        .map(|queue| {
            json!({
                "name": queue.name,
                "path": queue.path,
                "max_deliveries": queue.max_deliveries,
                "ack_wait_ms": milliseconds(queue.ack_wait),
                "dead_letter": queue.dead_letter,
                "dedupe_window_ms": milliseconds(queue.dedupe),
                "max_age_ms": queue.max_age.map(milliseconds),
            })
        })
        .collect();
    let fields = [
        "name",
        "path",
        "max_deliveries",
        "ack_wait_ms",
        "dead_letter",
        "dedupe_window_ms",
        "max_age_ms",
    ];
    assert_eq!(linked, of_graphs("queues", &fields));
}

#[test]
fn consumers() {
    let app = App::linked();
    let linked: Vec<(&str, &str)> = app
        .queues
        .iter()
        .filter_map(|queue| Some((app.functions[queue.consumer?].name, queue.name)))
        .collect();
    let mut expected: Vec<(String, String)> = graphs("functions")
        .into_iter()
        .filter_map(|function| {
            let queue = function["trigger"]["queue"].as_str()?.to_owned();
            Some((function["name"].as_str()?.to_owned(), queue))
        })
        .collect();
    expected.sort_by(|a, b| a.1.cmp(&b.1));
    assert!(
        linked
            .into_iter()
            .eq(expected.iter().map(|(f, q)| (&**f, &**q)))
    );
}

#[test]
fn caches() {
    let linked: Vec<Value> = App::linked()
        .caches
        .iter()
        .map(|cache| json!({"name": cache.name, "path": cache.path, "ttl_ms": cache.ttl.map(milliseconds)}))
        .collect();
    assert_eq!(linked, of_graphs("caches", &["name", "path", "ttl_ms"]));
}

/// The runtime cannot depend on the compiler, so it has the names a second time.
#[test]
fn compiler_and_runtime_use_the_same_names() {
    use cloudc::names as runtime;
    use cloudc_compiler::lower::names as compiler;

    assert_eq!(runtime::PROVISION, compiler::PROVISION);
    assert_eq!(runtime::stream("a", "b"), compiler::stream("a", "b"));
    assert_eq!(runtime::subject("a", "b"), compiler::subject("a", "b"));
    assert_eq!(
        runtime::dead_stream("a", "b"),
        compiler::dead_stream("a", "b")
    );
    assert_eq!(
        runtime::dead_subject("a", "b"),
        compiler::dead_subject("a", "b")
    );
    assert_eq!(runtime::consumer("a"), compiler::consumer("a"));
    assert_eq!(
        runtime::key("a", "b", b""),
        compiler::key_prefix("a", "b").into_bytes()
    );
    assert_eq!(runtime::inbox("a", "b"), compiler::inbox("b"));
    assert_eq!(
        runtime::inbox("a", runtime::PROVISION),
        compiler::inbox(&compiler::provision("a"))
    );
}
