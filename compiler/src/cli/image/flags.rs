//! What the user tells rustc already, by variables and cargo's files, and what an image adds to it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use toml::{Table, Value};

use crate::project::Project;
use crate::project::target::TargetCfg;

/// Between two of `CARGO_ENCODED_RUSTFLAGS`.
const SEPARATOR: char = '\x1f';

/// Gives a cargo command these flags for rustc, and keeps the user's: cargo itself would take the one or the other.
pub(super) fn add(command: &mut Command, project: &Project, triple: &str, flags: &[String]) {
    let of_user = files(&project.folder);
    add_to(command, &of_user, (triple, &project.cfg), flags);
}

fn add_to(
    command: &mut Command,
    files: &[Table],
    (triple, cfg): (&str, &TargetCfg),
    flags: &[String],
) {
    let text = |name: &str| std::env::var(name).ok();
    let split = |text: String, by: char| -> Vec<String> {
        let parts = text.split(by).map(str::trim);
        parts
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    // The order in which cargo looks: the first that is there is all that counts.
    let given = text("CARGO_ENCODED_RUSTFLAGS")
        .map(|text| split(text, SEPARATOR))
        .or_else(|| text("RUSTFLAGS").map(|text| split(text, ' ')));
    if let Some(mut all) = given {
        all.extend_from_slice(flags);
        command.env("CARGO_ENCODED_RUSTFLAGS", all.join(&SEPARATOR.to_string()));
        return;
    }
    let is_ours = |target: &str| {
        let condition = target.strip_prefix("cfg(");
        match condition.and_then(|condition| condition.strip_suffix(')')) {
            // What only the build knows may hold.
            Some(condition) => cfg.holds(condition, &[]) != Some(false),
            None => target == triple,
        }
    };
    let of_targets = files.iter().any(|file| {
        let targets = file.get("target").and_then(Value::as_table);
        let mut targets = targets.into_iter().flatten();
        targets.any(|(name, target)| is_ours(name) && target.get("rustflags").is_some())
    });
    let mut all = Vec::new();
    if !of_targets && text(&format!("CARGO_TARGET_{}_RUSTFLAGS", upper(triple))).is_none() {
        // Cargo drops these where a target has flags, as it has below.
        let of_build = files
            .iter()
            .rev()
            .filter_map(|file| file.get("build")?.get("rustflags"));
        all.extend(of_build.flat_map(|value| {
            match value {
                Value::String(text) => split(text.clone(), ' '),
                Value::Array(flags) => flags
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect(),
                _ => Vec::new(),
            }
        }));
        all.extend(
            text("CARGO_BUILD_RUSTFLAGS")
                .map(|text| split(text, ' '))
                .unwrap_or_default(),
        );
    }
    all.extend_from_slice(flags);
    let list: Value = all.into();
    command
        .arg("--config")
        .arg(format!("target.{triple}.rustflags={list}"));
}

/// Whether somebody named a linker for a target.
pub(super) fn has_linker(folder: &Path, triple: &str) -> bool {
    let variable = format!("CARGO_TARGET_{}_LINKER", upper(triple));
    std::env::var_os(variable).is_some()
        || files(folder).iter().any(|file| {
            let target = file.get("target").and_then(|targets| targets.get(triple));
            target.and_then(|target| target.get("linker")).is_some()
        })
}

/// A target as variables have it.
pub(super) fn upper(triple: &str) -> String {
    triple.replace('-', "_").to_ascii_uppercase()
}

/// Where cargo keeps what it downloads.
pub(super) fn cargo_home() -> Option<PathBuf> {
    let home = |name: &str| std::env::var_os(name).filter(|home: &OsString| !home.is_empty());
    home("CARGO_HOME").map(PathBuf::from).or_else(|| {
        Some(PathBuf::from(home("HOME").or_else(|| home("USERPROFILE"))?).join(".cargo"))
    })
}

/// Cargo's configuration files that count in a folder, the nearest first.
fn files(folder: &Path) -> Vec<Table> {
    let around = folder.ancestors().map(|folder| folder.join(".cargo"));
    let read = |folder: PathBuf| {
        let names = ["config", "config.toml"].into_iter();
        let text = names.map(|name| std::fs::read_to_string(folder.join(name)));
        text.flatten().next()?.parse::<Table>().ok()
    };
    around.chain(cargo_home()).filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_says_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".cargo/config.toml");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let arguments = |text: &str| {
            std::fs::write(&file, text).unwrap();
            let mut command = Command::new("cargo");
            let cfg = TargetCfg::parse("unix\ntarget_os=\"linux\"\n");
            let flags = ["-Cx=y".to_owned()];
            add_to(&mut command, &files(folder.path()), ("a-b", &cfg), &flags);
            let arguments = command
                .get_args()
                .map(|argument| argument.to_string_lossy());
            arguments.collect::<Vec<_>>().join(" ")
        };
        let said = arguments("[build]\nrustflags = [\"--cfg\", \"tokio_unstable\"]\n");
        if std::env::var_os("RUSTFLAGS").is_none() {
            assert!(
                said.contains("\"--cfg\", \"tokio_unstable\", \"-Cx=y\""),
                "{said}"
            );
        }
        for (target, counts) in [
            ("a-b", true),
            ("wasm32-unknown-unknown", false),
            ("'cfg(target_os = \"linux\")'", true),
            ("'cfg(target_os = \"windows\")'", false),
        ] {
            let said = arguments(&format!(
                "[build]\nrustflags = \"-Cone\"\n[target.{target}]\nrustflags = \"-Ctwo\"\n"
            ));
            if std::env::var_os("RUSTFLAGS").is_none() {
                assert_eq!(said.contains("-Cone"), !counts, "{target}: {said}");
            }
        }
        let said = arguments(
            "[build]\nrustflags = \"-Cone\"\n[target.a-b]\nrustflags = \"-Ctwo\"\nlinker = \"ld\"\n",
        );
        assert!(!said.contains("-Cone"), "{said}");
        assert!(has_linker(folder.path(), "a-b") && !has_linker(folder.path(), "a-c"));
    }
}
