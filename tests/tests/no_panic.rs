//! Real sources, cut up and put together wrongly, go through the whole compiler without a panic.

use std::path::Path;

use cloudc_compiler::config::{Settings, Target};
use cloudc_compiler::load::cache::Cache;
use cloudc_compiler::project::files::Memory;
use cloudc_compiler::project::target::TargetCfg;
use cloudc_compiler::project::{About, Crate, Dependency, Project};
use cloudc_compiler::report::{Style, render_json, render_text};
use cloudc_compiler::span::Sources;
use cloudc_compiler::{analyse, emit, lower, render};
use cloudc_tests::app::{files, repository};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::Config;

/// The sources of an example, by their path from its folder.
fn sources(example: &str) -> Vec<(String, Vec<u8>)> {
    let folder = repository().join("examples").join(example);
    let all = files(&folder).into_iter();
    all.filter(|(name, _)| name.ends_with(".rs")).collect()
}

/// One change of a text.
#[derive(Clone, Debug)]
enum Edit {
    /// Take out what is between two places.
    Cut(Index, Index),
    /// Write what is between two places a second time, somewhere.
    Copy(Index, Index, Index),
    /// Swap two words.
    Swap(Index, Index),
    /// Write a word that means something in Rust, or nothing anywhere.
    Insert(Index, &'static str),
    /// End here.
    Truncate(Index),
}

const WORDS: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "::",
    ";",
    ",",
    "=",
    "#",
    "!",
    "'",
    "\"",
    "\\",
    "/*",
    "//",
    "r#\"",
    "$",
    ".",
    " mod x; ",
    " use super::*; ",
    " use crate::{self, *}; ",
    " pub ",
    " fn ",
    " async ",
    " impl ",
    " static ",
    " Self ",
    "#[function]",
    "#[function(http = \"GET /\")]",
    "#[queue]",
    "#[cache(ttl = \"1s\")]",
    "#[cfg(x)]",
    "#[path = \"lib.rs\"]",
    "#[cfg_attr(x, function())]",
    " macro_rules! m { () => { m!() } } ",
    " m!(); ",
    "é",
    "\u{feff}",
    "\0",
    "0x",
    "1e",
    "'a",
];

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    prop_oneof![
        (at(), at()).prop_map(|(a, b)| Edit::Cut(a, b)),
        (at(), at(), at()).prop_map(|(a, b, to)| Edit::Copy(a, b, to)),
        (at(), at()).prop_map(|(a, b)| Edit::Swap(a, b)),
        (at(), prop::sample::select(WORDS)).prop_map(|(at, word)| Edit::Insert(at, word)),
        at().prop_map(Edit::Truncate),
    ]
}

/// A text in pieces: words, and all else letter by letter.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let end = if is_word(first) {
            rest.find(|c| !is_word(c))
        } else {
            Some(first.len_utf8())
        };
        let (piece, after) = rest.split_at(end.unwrap_or(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn apply(text: &str, edits: &[Edit]) -> String {
    let mut pieces = pieces(text);
    // What is cut or copied is short, or little would be left of the text.
    let part = |a: &Index, b: &Index, length: usize| {
        let start = a.index(length);
        start..(start + b.index(12)).min(length)
    };
    for edit in edits {
        let length = pieces.len().max(1);
        match edit {
            Edit::Cut(a, b) if !pieces.is_empty() => drop(pieces.drain(part(a, b, length))),
            Edit::Copy(a, b, to) if !pieces.is_empty() => {
                let copy = pieces[part(a, b, length)].to_vec();
                let to = to.index(length);
                pieces.splice(to..to, copy);
            }
            Edit::Swap(a, b) if !pieces.is_empty() => pieces.swap(a.index(length), b.index(length)),
            Edit::Insert(at, word) => pieces.insert(at.index(pieces.len() + 1), word),
            Edit::Truncate(at) => pieces.truncate(length / 2 + at.index(length / 2 + 1)),
            _ => {}
        }
    }
    pieces.concat()
}

fn project(example: &str) -> Project {
    let root = Path::new("/app");
    let krate = |name: &str, file: &str, dependencies: Vec<(String, Dependency)>| Crate {
        package: name.replace('_', "-"),
        name: name.to_owned(),
        folder: root.to_owned(),
        file: root.join(file),
        edition_2015: false,
        features: vec!["reports".to_owned()],
        dependencies,
    };
    let cloudc = ("cloudc".to_owned(), Dependency::Cloudc);
    let mut crates = vec![krate(example, "src/lib.rs", vec![cloudc.clone()])];
    if example == "shop" {
        crates[0]
            .dependencies
            .push(("shop_stock".to_owned(), Dependency::Local(1)));
        crates.push(krate("shop_stock", "stock/src/lib.rs", vec![cloudc]));
    }
    Project {
        root: root.to_owned(),
        folder: root.to_owned(),
        crates,
        cfg: TargetCfg::parse("unix"),
        runtime: None,
        about: About::default(),
    }
}

/// The whole compiler but the disk, with everything drawn.
fn compile(example: &str, files: &[(String, Vec<u8>)]) {
    let memory = files
        .iter()
        .map(|(name, bytes)| (Path::new("/app").join(name), bytes.clone()));
    let memory = Memory(memory.collect());
    let project = project(example);
    let analysis = analyse(
        &project,
        &memory,
        &Cache::empty(),
        Sources::default(),
        Target::Knative,
    )
    .expect("threads");
    let (graph, sources) = (&analysis.graph, &analysis.sources);
    let style = Style {
        color: false,
        unicode: true,
        width: 80,
    };
    render_text(&analysis.diagnostics, sources, style);
    render_json(&analysis.diagnostics, sources);
    render::tree(graph, sources);
    render::json(graph, sources);
    render::mermaid(graph, sources);
    render::dot(graph, sources);
    render::svg(graph, sources);
    if let Ok(manifests) = lower::lower(graph, &Settings::default()) {
        emit::yaml::manifests(&manifests).expect("YAML");
    }
}

/// The test would be worth nothing if the sources themselves did not compile.
#[test]
fn the_sources_are_whole() {
    for example in ["hello", "shop"] {
        let all = sources(example);
        assert!(!all.is_empty());
        compile(example, &all);
    }
}

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, ..Config::default() })]

    #[test]
    fn edited_sources(which in any::<Index>(), edits in prop::collection::vec(edit(), 1..8)) {
        let mut all = sources("shop");
        let (_, text) = &mut all[which.index(sources("shop").len())];
        *text = apply(&String::from_utf8_lossy(text), &edits).into_bytes();
        compile("shop", &all);
    }

    #[test]
    fn the_smallest_one_torn_apart(edits in prop::collection::vec(edit(), 1..40)) {
        let mut all = sources("hello");
        let text = apply(&String::from_utf8_lossy(&all[0].1), &edits);
        all[0].1 = text.into_bytes();
        compile("hello", &all);
    }

    #[test]
    fn bytes_that_are_flipped(which in any::<Index>(), flips in prop::collection::vec((any::<Index>(), any::<u8>()), 1..4)) {
        let mut all = sources("shop");
        let (_, bytes) = &mut all[which.index(sources("shop").len())];
        for (at, with) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= with;
        }
        compile("shop", &all);
    }

    /// The front end alone is fast enough for our own sources, which have more of the language in them.
    #[test]
    fn edited_sources_of_the_compiler(which in any::<Index>(), edits in prop::collection::vec(edit(), 1..8)) {
        let all: Vec<_> = files(&repository().join("compiler/src")).into_iter().filter(|(name, _)| name.ends_with(".rs")).collect();
        let (_, text) = &all[which.index(all.len())];
        let text = apply(&String::from_utf8_lossy(text), &edits);
        compile("hello", &[("src/lib.rs".to_owned(), text.into_bytes())]);
    }
}
