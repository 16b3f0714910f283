//! Conditions, in three values: true, false, and only the build knows.

use std::collections::{BTreeMap, BTreeSet};

use cfg_expr::{Expression, Predicate, TargetPredicate};

/// The target for which an application is compiled: pods run Linux, on whatever machine cloudc runs.
pub const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// What `rustc --print cfg` says of a target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetCfg {
    flags: BTreeSet<String>,
    values: BTreeMap<String, BTreeSet<String>>,
}

impl TargetCfg {
    /// From the lines that rustc prints: `unix`, `target_os="linux"`.
    pub fn parse(lines: &str) -> Self {
        let mut cfg = Self::default();
        for line in lines.lines() {
            match line.split_once('=') {
                Some((key, value)) => {
                    let value = value.trim_matches('"').to_owned();
                    cfg.values.entry(key.to_owned()).or_default().insert(value);
                }
                None => {
                    cfg.flags.insert(line.to_owned());
                }
            }
        }
        // An application is built for release, as a library.
        cfg.flags.remove("debug_assertions");
        cfg
    }

    /// Whether a condition (the inside of `cfg(…)`) holds for a crate with these features; `None`
    /// where only the build knows: a flag of a build script, or one given to rustc.
    pub fn holds(&self, condition: &str, features: &[String]) -> Option<bool> {
        match condition.trim() {
            "true" => return Some(true),
            "false" => return Some(false),
            _ => {}
        }
        let expression = Expression::parse(condition).ok()?;
        expression.eval(|predicate| self.predicate(predicate, features))
    }

    fn predicate(&self, predicate: &Predicate<'_>, features: &[String]) -> Option<bool> {
        match predicate {
            Predicate::Test | Predicate::ProcMacro | Predicate::DebugAssertions => Some(false),
            Predicate::Feature(name) => Some(features.iter().any(|feature| feature == name)),
            Predicate::TargetFeature(name) => Some(self.has("target_feature", name)),
            Predicate::Target(target) => Some(self.target(target)),
            Predicate::Flag(
                "doc" | "doctest" | "miri" | "clippy" | "rustfmt" | "rust_analyzer"
                | "overflow_checks" | "ub_checks" | "fuzzing",
            ) => Some(false),
            Predicate::Flag(flag) => self.flags.contains(*flag).then_some(true),
            Predicate::KeyValue { key, val } => {
                let known = self.values.get(*key)?;
                Some(known.contains(*val))
            }
        }
    }

    fn target(&self, target: &TargetPredicate) -> bool {
        match target {
            TargetPredicate::Abi(abi) => self.has("target_abi", abi.as_str()),
            TargetPredicate::Arch(arch) => self.has("target_arch", arch.as_str()),
            TargetPredicate::Endian(endian) => {
                let name = match endian {
                    cfg_expr::targets::Endian::big => "big",
                    cfg_expr::targets::Endian::little => "little",
                };
                self.has("target_endian", name)
            }
            TargetPredicate::Env(env) => self.has("target_env", env.as_str()),
            TargetPredicate::Family(family) => self.has("target_family", family.as_str()),
            TargetPredicate::HasAtomic(width) => self.has("target_has_atomic", &width.to_string()),
            TargetPredicate::Os(os) => self.has("target_os", os.as_str()),
            TargetPredicate::Panic(panic) => self.has("panic", panic.as_str()),
            TargetPredicate::PointerWidth(width) => {
                self.has("target_pointer_width", &width.to_string())
            }
            TargetPredicate::Vendor(vendor) => self.has("target_vendor", vendor.as_str()),
        }
    }

    fn has(&self, key: &str, value: &str) -> bool {
        self.values
            .get(key)
            .is_some_and(|values| values.contains(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(condition: &str) -> Option<bool> {
        let cfg = TargetCfg::parse(
            "debug_assertions\npanic=\"unwind\"\ntarget_family=\"unix\"\ntarget_os=\"linux\"\ntarget_pointer_width=\"64\"\nunix",
        );
        cfg.holds(condition, &["reports".to_owned()])
    }

    #[test]
    fn a_condition_has_three_values() {
        assert_eq!(holds("unix"), Some(true));
        assert_eq!(holds("windows"), Some(false));
        assert_eq!(holds("target_os = \"linux\""), Some(true));
        assert_eq!(holds("target_os = \"macos\""), Some(false));
        assert_eq!(holds("target_pointer_width = \"64\""), Some(true));
        assert_eq!(holds("feature = \"reports\""), Some(true));
        assert_eq!(holds("feature = \"other\""), Some(false));
        assert_eq!(holds("debug_assertions"), Some(false));
        assert_eq!(holds("loom"), None);
        assert_eq!(holds("any(unix, loom)"), Some(true));
        assert_eq!(holds("all(windows, loom)"), Some(false));
        assert_eq!(holds("not(loom)"), None);
        assert_eq!(holds("all(unix, not(test))"), Some(true));
        assert_eq!(holds("true"), Some(true));
        assert_eq!(holds("not ( feature = \"reports\" )"), Some(false));
        assert_eq!(holds("((("), None);
    }
}
