//! Nodes that stand for several: all that a method call of a name may mean, and the like. An edge to a
//! hub stands for edges to all of those, so the number of edges stays linear in the source.

use rustc_hash::FxHashMap;

use super::calls::Edge;
use super::methods::Methods;
use super::names::{Memo, Names};
use super::scopes::{Def, Namespace};
use super::symbols::Symbol;
use crate::lift::facts::{ItemKind, NodeFacts, What};
use crate::load::program::File;

/// Nodes that stand for several.
pub(super) struct Hubs {
    pub(super) methods: FxHashMap<(Symbol, Option<u8>), u32>,
    pub(super) associated: FxHashMap<Symbol, u32>,
    pub(super) anything: FxHashMap<Symbol, u32>,
    pub(super) of_type: FxHashMap<(u32, Symbol), u32>,
    pub(super) of_traits: FxHashMap<Symbol, u32>,
    /// Free functions; only where a macro splices names.
    pub(super) functions: FxHashMap<Symbol, u32>,
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
            of_traits: FxHashMap::default(),
            functions: FxHashMap::default(),
            defines: FxHashMap::default(),
            edges: Vec::new(),
            count: names.program.nodes,
        };
        for (from, to) in methods.with_type {
            hubs.edge(from, to);
        }
        let mut memo = Memo::default();
        for (index, file) in names.program.files.iter().enumerate() {
            for (local, node) in file.facts.nodes.iter().enumerate() {
                let own = node
                    .defines
                    .iter()
                    .map(|name| names.symbols.of(index, *name));
                let mut defines: Vec<Symbol> = own.collect();
                if let Some(macros) = invoked(names, index, node) {
                    defines.extend(defined_by(names, macros));
                    // `item!(name)` may define what it is given.
                    defines.extend(given(names, index, node));
                }
                if is_invocation(file, node) && !holds_statics(file, node) {
                    for ty in types_named(names, index, node, &mut memo) {
                        hubs.edge(ty, (file.node_base + local) as u32);
                    }
                }
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
        for (name, functions) in sorted(methods.of_traits) {
            let hub = hubs.of(&functions);
            hubs.of_traits.insert(name, hub);
        }
        for (name, functions) in sorted(spliceable(names)) {
            let hub = hubs.of(&functions);
            hubs.functions.insert(name, hub);
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

/// Whether a node is the invocation of an item macro: it is called after the macro, as no function can
/// be.
fn is_invocation(file: &File, node: &NodeFacts) -> bool {
    file.name(node.name).ends_with('!')
}

/// Whether it is one of the macros that only hold values: the types in them lead nowhere by themselves.
fn holds_statics(file: &File, node: &NodeFacts) -> bool {
    let name = file.name(node.name).trim_end_matches('!');
    let last = name.rsplit("::").next();
    matches!(last, Some("thread_local" | "lazy_static" | "task_local"))
}

/// The names that an item macro is given.
fn given(names: &Names<'_>, index: usize, node: &NodeFacts) -> Vec<Symbol> {
    let file = names.program.files.get(index);
    let mentions = node
        .mentions
        .iter()
        .filter_map(|mention| match mention.what {
            What::Tokens(path) => file?.facts.paths.get(path as usize),
            _ => None,
        });
    mentions
        .filter_map(|path| match path.segments.as_slice() {
            [name] => Some(names.symbols.of(index, *name)),
            _ => None,
        })
        .collect()
}

/// The free functions by name, if any macro splices names into paths.
fn spliceable(names: &Names<'_>) -> FxHashMap<Symbol, Vec<u32>> {
    let mut functions: FxHashMap<Symbol, Vec<u32>> = FxHashMap::default();
    let files = || names.program.files.iter();
    let splices = files().any(|file| {
        let mut mentions = file.facts.nodes.iter().flat_map(|node| &node.mentions);
        mentions.any(|mention| mention.what == What::Spliced)
    });
    if !splices {
        return functions;
    }
    for (index, file) in files().enumerate() {
        for item in file.facts.scopes.iter().flat_map(|scope| &scope.items) {
            if let ItemKind::Function(node) = item.kind {
                let name = names.symbols.of(index, item.name);
                functions
                    .entry(name)
                    .or_default()
                    .push(file.node(node) as u32);
            }
        }
    }
    functions
}

/// The `macro_rules!` of ours that an item macro may invoke.
fn invoked<'n>(names: &'n Names<'_>, index: usize, node: &NodeFacts) -> Option<&'n [u32]> {
    let What::Macro(path) = node.mentions.first()?.what else {
        return None;
    };
    let file = names.program.files.get(index);
    let file = file.filter(|file| is_invocation(file, node))?;
    let path = file.facts.paths.get(path as usize)?;
    let name = names.symbols.of(index, *path.segments.last()?);
    names.scopes.macros.get(&name).map(Vec::as_slice)
}

/// The names of the items in macros.
fn defined_by(names: &Names<'_>, macros: &[u32]) -> Vec<Symbol> {
    let defined = macros.iter().filter_map(|node| {
        let (index, file) = names.program.file_at_node(*node as usize)?;
        let facts = file.facts.nodes.get(*node as usize - file.node_base)?;
        let defines = facts.defines.iter();
        Some(defines.map(move |name| names.symbols.of(index, *name)))
    });
    defined.flatten().collect()
}

/// The nodes of the types in an item macro's tokens: it may implement somebody else's trait for them,
/// and then all that it takes to call it is the type.
fn types_named(names: &Names<'_>, index: usize, node: &NodeFacts, memo: &mut Memo) -> Vec<u32> {
    let Some(file) = names.program.files.get(index) else {
        return Vec::new();
    };
    let scope = file.scope(node.scope) as u32;
    let paths = node
        .mentions
        .iter()
        .filter_map(|mention| match mention.what {
            What::Tokens(path) => Some(path),
            _ => None,
        });
    let found = paths.flat_map(|path| {
        let found = names.resolve(scope, index as u32, path, Namespace::Type, memo);
        found.defs
    });
    let types = found.filter_map(|def| match def {
        Def::Type(ty) => names.scopes.types.get(ty as usize).map(|ty| ty.node),
        _ => None,
    });
    types.collect()
}

fn sorted<K: Ord, V>(map: FxHashMap<K, V>) -> Vec<(K, V)> {
    let mut all: Vec<(K, V)> = map.into_iter().collect();
    all.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    all
}
