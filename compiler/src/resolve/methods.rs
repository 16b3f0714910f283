//! Which functions a method call or a path through a type may mean.

use rustc_hash::{FxHashMap, FxHashSet};

use super::names::{Memo, Names};
use super::scopes::Def;
use super::symbols::Symbol;
use crate::lift::facts::{ItemKind, MethodFacts, What};
use crate::load::program::File;

/// Functions of types and traits, by how they can be called.
#[derive(Default)]
pub(super) struct Methods {
    /// `anything.name(…)`: by name; with the number of arguments.
    pub(super) by_name: FxHashMap<Symbol, Vec<(u8, u32)>>,
    /// `Type::name` and `Trait::name`.
    pub(super) of_type: FxHashMap<(u32, Symbol), Vec<u32>>,
    /// Functions that any type may have: of traits, and of impls for no plain type.
    pub(super) of_anything: FxHashMap<Symbol, Vec<u32>>,
    /// Functions of traits and of impls of traits.
    pub(super) of_traits: FxHashMap<Symbol, Vec<u32>>,
    /// Every function of any impl or trait.
    pub(super) associated: FxHashMap<Symbol, Vec<u32>>,
    /// What comes with a type: other crates' code calls the functions of their traits.
    pub(super) with_type: Vec<(u32, u32)>,
}

impl Methods {
    pub(super) fn new(names: &Names<'_>) -> Self {
        let mut methods = Self::default();
        let mut memo = Memo::default();
        for (index, file) in names.program.files.iter().enumerate() {
            for (local, scope) in file.facts.scopes.iter().enumerate() {
                let exists = names.scopes.all.get(file.scope_base + local);
                if exists.is_none_or(|scope| scope.exists == Some(false)) {
                    continue;
                }
                for item in &scope.items {
                    if let ItemKind::Trait(node, functions) = &item.kind {
                        let node = file.node(*node) as u32;
                        let ty = names.scopes.type_of_node.get(&node).copied();
                        for function in functions {
                            methods.function(names, index, file, function, ty, true);
                            methods.of_a_trait(names, index, file, function);
                        }
                    }
                }
            }
            for block in &file.facts.impls {
                let scope = names.scopes.all.get(file.scope(block.scope));
                let Some(scope) = scope.filter(|scope| scope.exists != Some(false)) else {
                    continue;
                };
                let outside = scope.parent.unwrap_or_default();
                let file_index = index as u32;
                let mut type_at = |path: Option<u32>| {
                    path.and_then(|path| names.type_at(outside, file_index, path, &mut memo))
                };
                let self_type = type_at(block.self_type);
                let of_trait = type_at(block.of_trait);
                let anything = self_type.is_none();
                for function in &block.methods {
                    methods.function(names, index, file, function, self_type, anything);
                    if block.of_trait.is_some() {
                        methods.of_a_trait(names, index, file, function);
                    }
                    if let Some(of_trait) = of_trait {
                        let name = names.symbols.of(index, function.name);
                        let node = file.node(function.node) as u32;
                        methods
                            .of_type
                            .entry((of_trait, name))
                            .or_default()
                            .push(node);
                    }
                }
                // The type leads to what its impls make of it: `<Type as Trait>::Output`.
                let ty = self_type.and_then(|ty| names.scopes.types.get(ty as usize));
                if let Some(ty) = ty {
                    let header = file.node(block.header) as u32;
                    methods.with_type.push((ty.node, header));
                }
                // Code that is not analysed may call a trait that is not: all it needs is the type.
                if block.of_trait.is_some() && of_trait.is_none() {
                    methods.comes_with(names, file_index, file, block, &mut memo);
                }
            }
        }
        methods
    }

    fn function(
        &mut self,
        names: &Names<'_>,
        index: usize,
        file: &File,
        function: &MethodFacts,
        ty: Option<u32>,
        anything: bool,
    ) {
        let name = names.symbols.of(index, function.name);
        let node = file.node(function.node) as u32;
        if let Some(arity) = function.arity {
            self.by_name.entry(name).or_default().push((arity, node));
        }
        if let Some(ty) = ty {
            self.of_type.entry((ty, name)).or_default().push(node);
        }
        if anything {
            self.of_anything.entry(name).or_default().push(node);
        }
        self.associated.entry(name).or_default().push(node);
    }

    fn of_a_trait(&mut self, names: &Names<'_>, index: usize, file: &File, function: &MethodFacts) {
        let name = names.symbols.of(index, function.name);
        let node = file.node(function.node) as u32;
        self.of_traits.entry(name).or_default().push(node);
    }

    /// Ties the functions of an impl to every type of ours in its header.
    fn comes_with(
        &mut self,
        names: &Names<'_>,
        index: u32,
        file: &File,
        block: &crate::lift::facts::ImplFacts,
        memo: &mut Memo,
    ) {
        let Some(header) = file.facts.nodes.get(block.header as usize) else {
            return;
        };
        let scope = file.scope(block.scope) as u32;
        let mut types = FxHashSet::default();
        for mention in &header.mentions {
            let What::Type(path) = mention.what else {
                continue;
            };
            let found = names.resolve(scope, index, path, super::scopes::Namespace::Type, memo);
            for def in found.defs {
                let Def::Type(ty) = def else { continue };
                let ty = names.target(ty, memo).unwrap_or(ty);
                if !types.insert(ty) {
                    continue;
                }
                let Some(ty) = names.scopes.types.get(ty as usize) else {
                    continue;
                };
                for function in &block.methods {
                    self.with_type
                        .push((ty.node, file.node(function.node) as u32));
                }
            }
        }
    }
}
