//! The files of the repository, read once.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Text files by their path from the top, with `/` between the parts.
#[derive(Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

/// What holds nothing of ours; `.git` is a file in a linked work tree.
const SKIPPED: [&str; 2] = [".git", "target"];

impl Tree {
    /// All text files of this repository but what is built.
    pub(crate) fn of_this_repository() -> Self {
        let mut tree = Self::default();
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        tree.read(&top, "");
        assert!(
            tree.files.len() > 10,
            "the repository is not at {}",
            top.display()
        );
        tree
    }

    /// A made-up repository: the path and the text of each file.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Self {
            files: files.iter().map(owned).collect(),
        }
    }

    fn read(&mut self, folder: &Path, prefix: &str) {
        let entries = fs::read_dir(folder).expect("a folder of the repository");
        for entry in entries.map(|entry| entry.expect("an entry")) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if SKIPPED.contains(&name.as_str()) {
                continue;
            }
            if entry.file_type().expect("a type").is_dir() {
                self.read(&entry.path(), &format!("{path}/"));
            } else if let Ok(text) = fs::read_to_string(entry.path()) {
                // What is no UTF-8 is no text of ours.
                self.files.insert(path, text);
            }
        }
    }

    /// Paths and texts of all files.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Paths and texts of the Rust files below a folder.
    pub(crate) fn rust(&self, below: &str) -> impl Iterator<Item = (&str, &str)> {
        self.files()
            .filter(move |(path, _)| path.starts_with(below) && path.ends_with(".rs"))
    }

    /// The Rust files below a folder but those of modules that exist in tests only.
    pub(crate) fn shipped(&self, below: &str) -> impl Iterator<Item = (&str, &str)> {
        let tests: Vec<_> = self.rust(below).flat_map(test_modules).collect();
        self.rust(below).filter(move |(path, _)| {
            let module = path.trim_end_matches(".rs");
            let is_in = |test: &String| {
                let rest = module.strip_prefix(test.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            !tests.iter().any(is_in)
        })
    }

    /// The text of a file.
    pub(crate) fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// The folders in a folder, each once, sorted.
    pub(crate) fn folders(&self, of: &str) -> Vec<&str> {
        let rest = self.files().filter_map(|(path, _)| path.strip_prefix(of));
        let mut folders: Vec<_> = rest
            .filter_map(|rest| Some(rest.split_once('/')?.0))
            .collect();
        folders.dedup();
        folders
    }
}

/// Where the modules lie that a file declares as `#[cfg(test)] mod name;`, without `.rs`.
fn test_modules((path, text): (&str, &str)) -> Vec<String> {
    let module = path.trim_end_matches(".rs");
    let (folder, name) = module.rsplit_once('/').unwrap_or(("", module));
    let folder = if ["lib", "main", "mod"].contains(&name) {
        folder
    } else {
        module
    };
    let mut lines = text.lines().map(str::trim);
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if line != "#[cfg(test)]" {
            continue;
        }
        let declared = lines
            .next()
            .and_then(|line| line.rsplit_once("mod ")?.1.strip_suffix(';'));
        found.extend(declared.map(|name| format!("{folder}/{name}")));
    }
    found
}

#[test]
fn modules_of_tests_are_not_shipped() {
    let tree = Tree::of(&[
        ("src/a/mod.rs", "#[cfg(test)]\nmod tests;\nmod testing;"),
        ("src/a/tests.rs", ""),
        ("src/a/tests/more.rs", ""),
        ("src/a/testing.rs", "#[cfg(test)]\npub(crate) mod b;"),
        ("src/a/testing/b.rs", ""),
    ]);
    let shipped: Vec<_> = tree.shipped("src/").map(|(path, _)| path).collect();
    assert_eq!(shipped, ["src/a/mod.rs", "src/a/testing.rs"]);
}
