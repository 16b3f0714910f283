//! What lies where.

use crate::tree::Tree;

const FOLDERS: [&str; 9] = [
    ".cargo",
    ".ci",
    ".config",
    "compiler",
    "examples",
    "macros",
    "runtime",
    "snapshots",
    "tests",
];

/// What a newcomer types.
const COMMANDS: [&str; 2] = ["cargo run --release -- build examples/shop", "tests/run"];

/// A reader learns the top once.
pub(crate) fn top_level_folders_are_the_known_ones(tree: &Tree) -> Vec<String> {
    let unknown = tree
        .folders("")
        .into_iter()
        .filter(|folder| !FOLDERS.contains(folder));
    unknown
        .map(|folder| {
            format!(
                "{folder}/: put it into one of {}, or add it to ARCHITECTURE.md and to FOLDERS in \
                 tests/tests/tidy/layout.rs",
                FOLDERS.join(", ")
            )
        })
        .collect()
}

/// `license = "MIT OR Apache-2.0"` stands in every manifest.
pub(crate) fn licences_are_there(tree: &Tree) -> Vec<String> {
    let licences = [
        ("LICENSE-MIT", "Permission is hereby granted"),
        ("LICENSE-APACHE", "Apache License"),
    ];
    let missing =
        |(file, words): &(&str, &str)| !tree.get(file).is_some_and(|text| text.contains(words));
    let missing = licences.into_iter().filter(missing);
    missing
        .map(|(file, _)| format!("{file}: put the text of the licence at the top"))
        .collect()
}

/// Every example shows what it becomes.
pub(crate) fn examples_have_snapshots(tree: &Tree) -> Vec<String> {
    let have = tree.folders("snapshots/");
    let missing = tree
        .folders("examples/")
        .into_iter()
        .filter(|example| !have.contains(example));
    missing
        .map(|example| {
            format!("examples/{example}: build it into snapshots/{example}, and add it to the test that compares")
        })
        .collect()
}

/// The first block of the README is what builds an example, and what tests everything.
pub(crate) fn the_readme_starts_with_the_two_commands(tree: &Tree) -> Vec<String> {
    let readme = tree.get("README.md").unwrap_or_default();
    let block: Vec<_> = readme
        .lines()
        .skip_while(|line| !line.starts_with("```"))
        .skip(1)
        .take_while(|line| !line.starts_with("```"))
        .flat_map(|line| line.split(" && "))
        .map(|line| line.trim_start_matches("$ "))
        .filter(|line| !line.starts_with("cd "))
        .collect();
    let starts = block.len() >= 2
        && COMMANDS
            .iter()
            .zip(&block)
            .all(|(command, line)| line.starts_with(command));
    if starts {
        return Vec::new();
    }
    vec![format!(
        "README.md: its first block must start with `{}` and `{}`",
        COMMANDS[0], COMMANDS[1]
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_folder_is_found() {
        let tree = Tree::of(&[("compiler/a.rs", ""), ("utils/a.rs", ""), ("README.md", "")]);
        assert_eq!(top_level_folders_are_the_known_ones(&tree).len(), 1);
    }

    #[test]
    fn a_missing_licence_is_found() {
        let tree = Tree::of(&[("LICENSE-MIT", "Permission is hereby granted")]);
        assert_eq!(licences_are_there(&tree).len(), 1);
    }

    #[test]
    fn an_example_without_a_snapshot_is_found() {
        let tree = Tree::of(&[
            ("examples/hello/src/lib.rs", ""),
            ("examples/shop/src/lib.rs", ""),
            ("snapshots/hello/graph.json", ""),
        ]);
        assert_eq!(examples_have_snapshots(&tree).len(), 1);
    }

    #[test]
    fn a_readme_that_starts_otherwise_is_found() {
        let of = |text: &str| {
            the_readme_starts_with_the_two_commands(&Tree::of(&[("README.md", text)])).len()
        };
        let build = "cargo run --release -- build examples/shop";
        let good = format!("# cloudc\n\n```sh\n$ {build}\n$ tests/run\n```\n");
        assert_eq!(of(&good), 0);
        let bad = format!("# cloudc\n\n```sh\ncargo install\n{build}\n```\n");
        assert_eq!(of(&bad), 1);
        assert_eq!(of("# cloudc\n"), 1);
    }
}
