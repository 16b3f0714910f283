//! What must not be written in any file.

use crate::tree::Tree;

/// A Rust file longer than this has more than one job.
const LINES: usize = 600;

/// Each line of these files that this refuses, with the advice.
fn complain<'a>(
    files: impl Iterator<Item = (&'a str, &'a str)>,
    refuses: impl Fn(&str) -> bool,
    advice: &str,
) -> Vec<String> {
    let lines = files.flat_map(|(file, text)| text.lines().zip(1..).map(move |line| (file, line)));
    lines
        .filter(|(_, (text, _))| refuses(text))
        .map(|(file, (text, line))| format!("{file}:{line}: `{}`: {advice}", text.trim()))
        .collect()
}

/// A file has one job.
pub(crate) fn files_are_small(tree: &Tree) -> Vec<String> {
    let counted = tree
        .rust("")
        .map(|(file, text)| (file, text.lines().count()));
    let large = counted.filter(|(_, lines)| *lines > LINES);
    large
        .map(|(file, lines)| {
            format!("{file}: {lines} lines, and {LINES} are the most: split it by what it does")
        })
        .collect()
}

/// A test that does not run holds nothing.
pub(crate) fn no_test_is_ignored(tree: &Tree) -> Vec<String> {
    let ignored = concat!("#[", "ignore");
    complain(
        tree.rust(""),
        |line| line.trim_start().starts_with(ignored),
        "let it run, or remove it",
    )
}

/// What is to be done stands in an issue, where others find it.
pub(crate) fn nothing_is_left_to_do(tree: &Tree) -> Vec<String> {
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("dbg", "!("),
    ];
    // What users write is theirs.
    let ours = tree
        .files()
        .filter(|(file, _)| !file.starts_with("snapshots/") && !file.starts_with("tests/cases/"));
    complain(
        ours,
        |line| words.iter().any(|word| line.contains(word)),
        "do it, or write an issue",
    )
}

/// What a text says is true on every machine.
pub(crate) fn no_private_paths(tree: &Tree) -> Vec<String> {
    let paths = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];
    let has = |line: &str, path: &str| {
        line.match_indices(path).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            before.is_none_or(|c| !c.is_alphanumeric() && !"}_.-/".contains(c))
        })
    };
    complain(
        tree.files(),
        |line| paths.iter().any(|path| has(line, path)),
        "write a path that means something on any machine",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_is_found() {
        let of = |lines| files_are_small(&Tree::of(&[("a.rs", &"\n".repeat(lines))])).len();
        assert_eq!(of(600), 0);
        assert_eq!(of(601), 1);
    }

    #[test]
    fn an_ignored_test_is_found() {
        let of = |text| no_test_is_ignored(&Tree::of(&[("a.rs", text)])).len();
        assert_eq!(of(concat!("    #[", "ignore = \"slow\"]\nfn f() {}")), 1);
        assert_eq!(of(concat!("    #[", "ignore]\nfn f() {}")), 1);
    }

    #[test]
    fn something_left_to_do_is_found() {
        let text = concat!("fine\n# TO", "DO: more\ndbg", "!(x)\n");
        assert_eq!(
            nothing_is_left_to_do(&Tree::of(&[("a.toml", text)])).len(),
            2
        );
    }

    #[test]
    fn a_private_path_is_found() {
        let of = |text| no_private_paths(&Tree::of(&[("README.md", text)])).len();
        assert_eq!(of(concat!("see /wo", "rk/main")), 1);
        assert_eq!(of(concat!("cd /ro", "ot/x")), 1);
        assert_eq!(
            of(concat!("in home/wo", "rk/main and net", "wo", "rk/a")),
            0
        );
    }
}
