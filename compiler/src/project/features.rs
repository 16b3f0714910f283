//! Which features are on in which local package: cargo's rules, for the one package that is built.
//! (Cargo's own resolve turns on what any member of the workspace asks for.)

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Package};

use super::Options;

/// A local package's features and the local packages it needs.
#[derive(Default)]
pub(super) struct Enabled {
    pub(super) features: BTreeSet<String>,
    /// Optional dependencies that a feature turned on, by the name in the manifest.
    pub(super) optional: BTreeSet<String>,
}

/// For each package in `packages` (by index), what is on; packages that nothing needs have no entry.
pub(super) fn resolve(
    packages: &[Package],
    root: usize,
    options: &Options,
    local: &dyn Fn(&cargo_metadata::Dependency) -> Option<usize>,
    applies: &dyn Fn(&cargo_metadata::Dependency) -> bool,
) -> BTreeMap<usize, Enabled> {
    let mut work: Vec<(usize, Vec<String>)> = Vec::new();
    let mut first: Vec<String> = options.features.clone();
    if let Some(package) = packages.get(root) {
        if options.all_features {
            first.extend(package.features.keys().cloned());
        }
        if !options.no_default_features {
            first.push("default".to_owned());
        }
    }
    work.push((root, first));
    let mut enabled: BTreeMap<usize, Enabled> = BTreeMap::new();
    // What a feature `name?/feature` asks of a dependency once that is on.
    let mut weak: BTreeMap<(usize, String), Vec<String>> = BTreeMap::new();
    while let Some((index, features)) = work.pop() {
        let Some(package) = packages.get(index) else {
            continue;
        };
        let is_new = !enabled.contains_key(&index);
        let state = enabled.entry(index).or_default();
        let mut asked: Vec<(String, Vec<String>)> = Vec::new();
        let mut names = features;
        while let Some(name) = names.pop() {
            if let Some(dependency) = name.strip_prefix("dep:") {
                if state.optional.insert(dependency.to_owned()) {
                    asked.push((dependency.to_owned(), Vec::new()));
                }
            } else if let Some((dependency, feature)) = name.split_once('/') {
                match dependency.strip_suffix('?') {
                    Some(dependency) => weak
                        .entry((index, dependency.to_owned()))
                        .or_default()
                        .push(feature.to_owned()),
                    None => {
                        state.optional.insert(dependency.to_owned());
                        asked.push((dependency.to_owned(), vec![feature.to_owned()]));
                        if package.features.contains_key(dependency) {
                            names.push(dependency.to_owned());
                        }
                    }
                }
            } else if let Some(implied) = package.features.get(&name)
                && state.features.insert(name.clone())
            {
                names.extend(implied.iter().cloned());
            }
        }
        for dependency in &package.dependencies {
            let Some(target) = local(dependency) else {
                continue;
            };
            let name = dependency.rename.as_ref().unwrap_or(&dependency.name);
            let on = !dependency.optional || state.optional.contains(name.as_str());
            if dependency.kind != DependencyKind::Normal || !applies(dependency) || !on {
                continue;
            }
            let mut wanted: Vec<String> = asked
                .iter()
                .filter(|(of, _)| of == name)
                .flat_map(|(_, features)| features.clone())
                .collect();
            let first_time = is_new || asked.iter().any(|(of, _)| of == name);
            if first_time {
                wanted.extend(dependency.features.iter().cloned());
                if dependency.uses_default_features {
                    wanted.push("default".to_owned());
                }
            }
            wanted.extend(weak.remove(&(index, name.clone())).unwrap_or_default());
            if first_time || !wanted.is_empty() {
                work.push((target, wanted));
            }
        }
    }
    enabled
}
