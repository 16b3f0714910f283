//! Nodes that stand for several: all that a method call of a name may mean, and the like. An edge to a
//! hub stands for edges to all of those, so the number of edges stays linear in the source.

use rustc_hash::FxHashMap;

use super::calls::Edge;
use super::methods::Methods;
use super::names::Names;
use super::symbols::Symbol;
use crate::lift::facts::{Mention, NodeFacts, What};
use crate::load::program::File;

/// Nodes that stand for several.
pub(super) struct Hubs {
    pub(super) methods: FxHashMap<(Symbol, Option<u8>), u32>,
    pub(super) associated: FxHashMap<Symbol, u32>,
    pub(super) anything: FxHashMap<Symbol, u32>,
    pub(super) of_type: FxHashMap<(u32, Symbol), u32>,
    /// Item macros that may define a name.
    pub(super) defines: FxHashMap<Symbol, u32>,
    pub(super) edges: Vec<Edge>,
    pub(super) count: usize,
}

impl Hubs {
    pub(super) fn new(names: &Names<'_>) -> Self {
        let methods = Methods::new(names);
        let mut hubs = Self {
            methods: FxHashMap::default(),
            associated: FxHashMap::default(),
            anything: FxHashMap::default(),
            of_type: FxHashMap::default(),
            defines: FxHashMap::default(),
            edges: Vec::new(),
            count: names.program.nodes,
        };
        for (from, to) in methods.with_type {
            hubs.edge(from, to);
        }
        for (index, file) in names.program.files.iter().enumerate() {
            for (local, node) in file.facts.nodes.iter().enumerate() {
                let own = node
                    .defines
                    .iter()
                    .map(|name| names.symbols.of(index, *name));
                let mut defines: Vec<Symbol> = own.collect();
                defines.extend(defined_by_macro(names, index, node));
                for name in defines {
                    let hub = match hubs.defines.get(&name) {
                        Some(hub) => *hub,
                        None => {
                            let hub = hubs.hub();
                            hubs.defines.insert(name, hub);
                            hub
                        }
                    };
                    hubs.edge(hub, (file.node_base + local) as u32);
                }
            }
        }
        for (name, functions) in sorted(methods.by_name) {
            let all = hubs.hub();
            hubs.methods.insert((name, None), all);
            let mut by_arity: Vec<(u8, u32)> = Vec::new();
            for (arity, node) in functions {
                let known = by_arity.iter().find(|(known, _)| *known == arity);
                let hub = match known {
                    Some((_, hub)) => *hub,
                    None => {
                        let hub = hubs.hub();
                        by_arity.push((arity, hub));
                        hubs.edge(all, hub);
                        hubs.methods.insert((name, Some(arity)), hub);
                        hub
                    }
                };
                hubs.edge(hub, node);
            }
        }
        for (name, functions) in sorted(methods.associated) {
            let hub = hubs.of(&functions);
            hubs.associated.insert(name, hub);
        }
        for (name, functions) in sorted(methods.of_anything) {
            let hub = hubs.of(&functions);
            hubs.anything.insert(name, hub);
        }
        for (key, functions) in sorted(methods.of_type) {
            let hub = hubs.of(&functions);
            hubs.of_type.insert(key, hub);
        }
        hubs
    }

    fn hub(&mut self) -> u32 {
        self.count += 1;
        (self.count - 1) as u32
    }

    fn of(&mut self, nodes: &[u32]) -> u32 {
        let hub = self.hub();
        for node in nodes {
            self.edge(hub, *node);
        }
        hub
    }

    fn edge(&mut self, from: u32, to: u32) {
        let span = None;
        self.edges.push(Edge { from, to, span });
    }
}

/// What the `macro_rules!` of ours define that an item macro invokes.
fn defined_by_macro(names: &Names<'_>, index: usize, node: &NodeFacts) -> Vec<Symbol> {
    let Some(Mention {
        what: What::Macro(path),
        ..
    }) = node.mentions.first()
    else {
        return Vec::new();
    };
    // An item macro is called after the macro, as no function can be.
    let is_item = |file: &&File| file.name(node.name).ends_with('!');
    let Some(file) = names.program.files.get(index).filter(is_item) else {
        return Vec::new();
    };
    let last = file
        .facts
        .paths
        .get(*path as usize)
        .and_then(|path| path.segments.last());
    let macros = last.and_then(|last| names.scopes.macros.get(&names.symbols.of(index, *last)));
    let defined = macros.into_iter().flatten().filter_map(|node| {
        let (index, file) = names.program.file_at_node(*node as usize)?;
        let facts = file.facts.nodes.get(*node as usize - file.node_base)?;
        Some(
            facts
                .defines
                .iter()
                .map(move |name| names.symbols.of(index, *name)),
        )
    });
    defined.flatten().collect()
}

fn sorted<K: Ord, V>(map: FxHashMap<K, V>) -> Vec<(K, V)> {
    let mut all: Vec<(K, V)> = map.into_iter().collect();
    all.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    all
}
