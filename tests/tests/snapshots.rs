//! What the examples become, as plain files in `snapshots/`: the manifests of both targets, and the graph in every
//! form. `UPDATE=1` rewrites them; read what changed before it is committed.

use std::collections::BTreeMap;
use std::fs;

use cloudc_compiler::config::{Config, Settings, Target};
use cloudc_compiler::load::cache::Cache;
use cloudc_compiler::project::files::Disk;
use cloudc_compiler::project::{Options, cargo};
use cloudc_compiler::span::{FileId, Sources};
use cloudc_compiler::{analyse, emit, lower, render};
use cloudc_tests::app::{files, repository};
use similar::TextDiff;

/// The files of an example's snapshot.
fn snapshot(example: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = repository().join("examples").join(example);
    let project = cargo::find(&folder, &Options::default()).expect("the example is a package");
    let text = fs::read_to_string(folder.join("cloudc.toml")).unwrap_or_default();
    let (config, problems) = Config::parse(&text, FileId(0));
    assert_eq!(problems, []);
    let settings = config.settings(None).expect("there is a default");
    let analysis = analyse(
        &project,
        &Disk,
        &Cache::empty(),
        Sources::default(),
        settings.target,
    )
    .expect("threads");
    assert_eq!(analysis.diagnostics, [], "an example has no mistakes");
    let (graph, sources) = (&analysis.graph, &analysis.sources);
    let mut tree = emit::Tree::from(
        [
            ("graph.txt", render::tree(graph, sources)),
            ("graph.json", render::json(graph, sources)),
            ("graph.mmd", render::mermaid(graph, sources)),
            ("graph.dot", render::dot(graph, sources)),
            ("graph.svg", render::svg(graph, sources)),
        ]
        .map(|(name, text)| (name.to_owned(), text.into_bytes())),
    );
    for (name, target) in [
        ("knative", Target::Knative),
        ("kubernetes", Target::Kubernetes),
    ] {
        let settings = Settings {
            target,
            ..settings.clone()
        };
        let manifests = lower::lower(graph, &settings).expect("an example can be lowered");
        for (path, bytes) in emit::yaml::manifests(&manifests).expect("YAML") {
            let path = path.trim_start_matches("manifests/");
            tree.insert(format!("{name}/{path}"), bytes);
        }
    }
    tree
}

fn compare(example: &str) {
    let found = snapshot(example);
    let folder = repository().join("snapshots").join(example);
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        // cloudc replaces no folder that it did not write, and the marker that says so is not kept.
        let _ = fs::remove_dir_all(&folder);
        emit::write(&found, &folder, true).expect("written");
        let _ = fs::remove_file(folder.join(emit::MARKER));
        return;
    }
    let expected = if folder.is_dir() {
        files(&folder)
    } else {
        BTreeMap::new()
    };
    let mut differences = String::new();
    let empty = Vec::new();
    let all: BTreeMap<_, _> = expected
        .iter()
        .chain(&found)
        .map(|(name, _)| (name, ()))
        .collect();
    for name in all.into_keys() {
        let text = |tree: &BTreeMap<String, Vec<u8>>| {
            String::from_utf8_lossy(tree.get(name).unwrap_or(&empty)).into_owned()
        };
        let (expected, found) = (text(&expected), text(&found));
        if expected != found {
            let diff = TextDiff::from_lines(&expected, &found);
            differences += &diff.unified_diff().header(name, "found").to_string();
        }
    }
    assert!(
        differences.is_empty(),
        "snapshots/{example}: UPDATE=1 accepts this\n{differences}"
    );
}

#[test]
fn hello() {
    compare("hello");
}

#[test]
fn shop() {
    compare("shop");
}
