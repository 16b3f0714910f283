//! The invariants of ARCHITECTURE.md, as far as the source shows them.

use crate::paths::{Mention, mentions};
use crate::tree::Tree;

const COMPILER: &str = "compiler/src/";

/// The outermost layer: where the compiler reaches files, processes, the environment and the clock.
const OUTERMOST: [&str; 7] = [
    "compiler/src/main.rs",
    "compiler/src/cli/",
    "compiler/src/project/",
    "compiler/src/emit/write.rs",
    "compiler/src/emit/marker.rs",
    "compiler/src/registry/",
    "compiler/src/cluster/",
];

/// What only the outermost layer may name.
const IMPURE: [&str; 14] = [
    "std::fs",
    "std::process",
    "std::env",
    "std::time::SystemTime",
    "std::time::Instant",
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::net::UdpSocket",
    "std::net::ToSocketAddrs",
    "async_nats",
    "indicatif",
    "kube",
    "oci_client",
    "tokio",
];

/// The phases in the order in which data goes through them; each may import those before it.
const PHASES: [&str; 9] = [
    "project", "lift", "load", "resolve", "graph", "config", "check", "lower", "emit",
];

/// What stands beside the phases, and the phases that it may import.
const BESIDE: [(&str, &[&str]); 6] = [
    // Objects are compared as the text that people read.
    ("changes", &["emit"]),
    ("coverage", &["graph"]),
    ("image", &[]),
    // What is deployed is what was lowered.
    ("release", &["config", "graph", "lower"]),
    ("render", &["coverage", "graph"]),
    ("report", &[]),
];

/// Files in which `syn` may be named though they are not of `lift`; each with its reason.
const MORE_SYN: [&str; 0] = [];

/// The one module that makes YAML.
const YAML: &str = "compiler/src/emit/yaml.rs";

/// Keys of the attributes that are no words of anything else.
const KEYS: [&str; 6] = [
    "ack_wait",
    "batch",
    "dead_letter",
    "max_deliveries",
    "sandbox",
    "timezone",
];

/// Every mention of a path in these files that this refuses, with the advice.
fn complain<'a>(
    files: impl Iterator<Item = (&'a str, &'a str)>,
    refuses: impl Fn(&str, &Mention) -> bool,
    advice: &str,
) -> Vec<String> {
    let mut complaints = Vec::new();
    for (file, text) in files {
        for mention in mentions(file, text) {
            if refuses(file, &mention) {
                let Mention { path, line } = &mention;
                complaints.push(format!("{file}:{line}: `{path}`: {advice}"));
            }
        }
    }
    complaints
}

/// The macros and the front end call `cloudc-syntax`; neither reads a key of an attribute by itself.
pub(crate) fn the_grammar_is_parsed_in_one_package(tree: &Tree) -> Vec<String> {
    let advice = "parse it in cloudc-syntax, so that an editor and `cloudc check` never disagree";
    let files = || {
        ["macros/", COMPILER]
            .into_iter()
            .flat_map(|folder| tree.rust(folder))
    };
    let mut complaints = complain(
        files(),
        |_, mention| mention.path.ends_with("parse_nested_meta"),
        advice,
    );
    let readers = ["macros/src/", "compiler/src/lift/"];
    for (file, text) in readers.into_iter().flat_map(|folder| tree.shipped(folder)) {
        for (line, text) in (1..).zip(text.lines()) {
            for key in KEYS {
                if text.contains(&format!("\"{key}\"")) {
                    complaints.push(format!("{file}:{line}: `\"{key}\"`: {advice}"));
                }
            }
        }
    }
    complaints
}

/// The grammar depends on the three crates of tokens and on nothing else.
pub(crate) fn the_grammar_does_no_io(tree: &Tree) -> Vec<String> {
    let advice = "cloudc-syntax takes tokens and gives data back";
    let mut complaints = complain(
        tree.shipped("compiler/syntax/src/"),
        |_, mention| IMPURE.iter().any(|path| mention.is(path)),
        advice,
    );
    let manifest = tree.get("compiler/syntax/Cargo.toml").unwrap_or_default();
    let section = manifest
        .split("\n[")
        .find_map(|part| part.strip_prefix("dependencies]\n"));
    for line in section.unwrap_or_default().lines() {
        let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
        if !["", "#", "proc-macro2", "quote", "syn"].contains(&name) {
            complaints.push(format!("compiler/syntax/Cargo.toml: `{name}`: {advice}"));
        }
    }
    complaints
}

/// After `lift`, a program is plain data that can be sent, compared and stored.
pub(crate) fn syn_ends_at_lift(tree: &Tree) -> Vec<String> {
    complain(
        tree.shipped(COMPILER),
        |file, mention| {
            mention.is("syn")
                && !file.starts_with("compiler/src/lift/")
                && file != "compiler/src/lift.rs"
                && !MORE_SYN.contains(&file)
        },
        "lift it into plain data in compiler/src/lift",
    )
}

/// Files, processes, the environment, the clock and the network belong to the outermost layer.
pub(crate) fn the_core_is_pure(tree: &Tree) -> Vec<String> {
    complain(
        tree.shipped(COMPILER),
        |file, mention| {
            IMPURE.iter().any(|path| mention.is(path))
                && !OUTERMOST.iter().any(|outer| file.starts_with(outer))
        },
        "take it as an argument, and reach for it in the outermost layer \
         (OUTERMOST in tests/tests/tidy/architecture.rs)",
    )
}

/// Data flows one way.
pub(crate) fn no_phase_imports_a_later_one(tree: &Tree) -> Vec<String> {
    let refuses = |file: &str, mention: &Mention| {
        let module = |path: &str| path.split(['/', '.']).next().unwrap_or_default().to_owned();
        let from = module(file.strip_prefix(COMPILER).unwrap_or_default());
        let Some(to) = mention.path.strip_prefix("crate::") else {
            return false;
        };
        let to = to.split("::").next().unwrap_or_default();
        let place = |name: &str| PHASES.iter().position(|phase| *phase == name);
        let beside = |name: &str| BESIDE.iter().find(|(module, _)| *module == name);
        if from == to {
            false
        } else if let Some((_, allowed)) = beside(&from) {
            (place(to).is_some() || beside(to).is_some()) && !allowed.contains(&to)
        } else if let Some(from) = place(&from) {
            to == "cli" || beside(to).is_some() || place(to).is_some_and(|to| to > from)
        } else {
            false
        }
    };
    let order = PHASES.join(" → ");
    complain(
        tree.shipped(COMPILER),
        refuses,
        &format!("the order is {order}: move what both need to the earlier one"),
    )
}

/// Two modules that make YAML would make it differently.
pub(crate) fn yaml_is_made_in_one_module(tree: &Tree) -> Vec<String> {
    complain(
        tree.shipped(COMPILER),
        |file, mention| mention.is("serde_yaml") && file != YAML,
        &format!("give the object to {YAML}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(rule: fn(&Tree) -> Vec<String>, file: &str, text: &str) -> usize {
        rule(&Tree::of(&[(file, text)])).len()
    }

    #[test]
    fn a_second_grammar_is_found() {
        let rule = the_grammar_is_parsed_in_one_package;
        let text = "fn f() { attr.parse_nested_meta(g) }";
        assert_eq!(complaints(rule, "macros/src/a.rs", text), 1);
        let text = "fn f() { key == \"ack_wait\" }";
        assert_eq!(complaints(rule, "compiler/src/lift/a.rs", text), 1);
        assert_eq!(complaints(rule, "compiler/src/render/a.rs", text), 0);
    }

    #[test]
    fn a_grammar_that_does_more_than_parse_is_found() {
        let rule = the_grammar_does_no_io;
        assert_eq!(
            complaints(rule, "compiler/syntax/src/a.rs", "use std::fs;"),
            1
        );
        let manifest =
            "[package]\nname = \"x\"\n\n[dependencies]\nsyn.workspace = true\ntokio = \"1\"\n";
        assert_eq!(complaints(rule, "compiler/syntax/Cargo.toml", manifest), 1);
    }

    #[test]
    fn syn_beyond_lift_is_found() {
        let text = "fn f(item: &syn::Item) {}";
        assert_eq!(
            complaints(syn_ends_at_lift, "compiler/src/resolve/a.rs", text),
            1
        );
        assert_eq!(
            complaints(syn_ends_at_lift, "compiler/src/lift/a.rs", text),
            0
        );
        assert_eq!(
            complaints(syn_ends_at_lift, "compiler/src/a.rs", "use syntax::x;"),
            0
        );
    }

    #[test]
    fn an_impure_core_is_found() {
        let text = "use std::{fs, path};\nfn f() { std::env::var(x); std::time::Instant::now() }";
        assert_eq!(
            complaints(the_core_is_pure, "compiler/src/check/a.rs", text),
            3
        );
        assert_eq!(
            complaints(the_core_is_pure, "compiler/src/cli/a.rs", text),
            0
        );
        let text = "async fn f() { async_nats::connect(x).await; tokio::spawn(y) }";
        assert_eq!(
            complaints(the_core_is_pure, "compiler/src/lower/a.rs", text),
            2
        );
        let text = "#[cfg(test)] mod tests { use std::fs; }";
        assert_eq!(
            complaints(the_core_is_pure, "compiler/src/check/a.rs", text),
            0
        );
    }

    #[test]
    fn an_import_against_the_flow_is_found() {
        let rule = no_phase_imports_a_later_one;
        let text = "use crate::{check, lower::Object, graph::Graph};";
        assert_eq!(complaints(rule, "compiler/src/check/a.rs", text), 1);
        assert_eq!(complaints(rule, "compiler/src/report/a.rs", text), 3);
        assert_eq!(complaints(rule, "compiler/src/render.rs", text), 2);
        assert_eq!(complaints(rule, "compiler/src/lib.rs", text), 0);
        assert_eq!(complaints(rule, "compiler/src/cli/a.rs", text), 0);
        assert_eq!(
            complaints(rule, "compiler/src/graph/a.rs", "use crate::report;"),
            1
        );
    }

    #[test]
    fn a_second_place_that_makes_yaml_is_found() {
        let text = "fn f() { serde_yaml::to_string(x) }";
        assert_eq!(
            complaints(yaml_is_made_in_one_module, "compiler/src/cli/a.rs", text),
            1
        );
        assert_eq!(complaints(yaml_is_made_in_one_module, YAML, text), 0);
    }
}
