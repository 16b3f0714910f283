//! Every scope of the program: what is around it, whether it exists, and what it names.

use rustc_hash::FxHashMap;

use super::symbols::{Symbol, Symbols};
use crate::lift::facts::{ItemKind, ScopeKind, Vis};
use crate::load::program::Program;

/// One of Rust's namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Namespace {
    /// Modules, types, traits, crates.
    Type,
    /// Functions, consts, statics, constructors.
    Value,
    /// Macros and attributes.
    Macro,
}

/// What a name can mean. Numbers are the program's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Def {
    /// A module: its scope.
    Module(u32),
    /// A type or trait: index into [`Scopes::types`].
    Type(u32),
    /// A function, const, static or macro: its node.
    Node(u32),
    /// Something of a crate that is not analysed; whether that is cloudc, and its name there.
    Foreign(bool, Symbol),
}

/// A name in a scope.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) vis: Vis,
    pub(crate) target: Target,
}

/// What a name in a scope leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    Def(Def),
    /// An import: its file, and its path there.
    Import(u32, u32),
    /// The crate of a name.
    Crate(Symbol),
}

/// A glob import.
#[derive(Clone, Debug)]
pub(crate) struct Glob {
    pub(crate) vis: Vis,
    pub(crate) file: u32,
    pub(crate) path: u32,
    /// What it brings the names of.
    pub(crate) targets: Vec<Def>,
}

/// A scope.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    pub(crate) file: u32,
    pub(crate) local: u32,
    /// What is around it; `None` for a crate's root.
    pub(crate) parent: Option<u32>,
    /// The module it is, or is in.
    pub(crate) module: u32,
    /// Whether it exists; `None` if only the build knows.
    pub(crate) exists: Option<bool>,
}

/// What a type is.
#[derive(Clone, Debug)]
pub(crate) enum TypeKind {
    Struct,
    Enum(Vec<Symbol>),
    /// The path that it stands for.
    Alias(Option<u32>),
    Trait,
}

/// A type or trait.
#[derive(Clone, Debug)]
pub(crate) struct Type {
    pub(crate) kind: TypeKind,
    pub(crate) node: u32,
    pub(crate) file: u32,
    pub(crate) scope: u32,
}

/// All scopes.
#[derive(Default)]
pub(crate) struct Scopes {
    pub(crate) all: Vec<Scope>,
    pub(crate) types: Vec<Type>,
    pub(crate) names: FxHashMap<(u32, Namespace, Symbol), Vec<Entry>>,
    pub(crate) globs: FxHashMap<u32, Vec<Glob>>,
    /// The type of a trait's or type's node.
    pub(crate) type_of_node: FxHashMap<u32, u32>,
    /// Every `macro_rules!` of a name.
    pub(crate) macros: FxHashMap<Symbol, Vec<u32>>,
}

impl Scopes {
    pub(crate) fn new(program: &Program, symbols: &Symbols<'_>) -> Self {
        let mut scopes = Self::default();
        scopes.frame(program);
        for (index, file) in program.files.iter().enumerate() {
            if let Some(declared) = &file.declared {
                let name = symbols.of(declared.file, declared.name);
                let module = Target::Def(Def::Module(file.scope_base as u32));
                let (scope, vis) = (declared.scope as u32, declared.vis);
                scopes.put(scope, Namespace::Type, name, vis, module);
            }
            for local in 0..file.facts.scopes.len() {
                scopes.fill(program, symbols, index, local);
            }
        }
        scopes
    }

    /// Parents before children, as files are loaded and scopes are lifted.
    fn frame(&mut self, program: &Program) {
        for (index, file) in program.files.iter().enumerate() {
            for (local, facts) in file.facts.scopes.iter().enumerate() {
                let this = file.scope_base + local;
                let parent = match local {
                    0 => file.declared.as_ref().map(|declared| declared.scope),
                    _ => Some(file.scope(facts.parent)),
                };
                let around = parent.and_then(|parent| self.all.get(parent)).copied();
                let declared = if local == 0 { file.exists } else { Some(true) };
                let own = both(declared, file.when(facts.cfg));
                let exists = both(around.map_or(Some(true), |around| around.exists), own);
                let module = match (facts.kind, around) {
                    (ScopeKind::Module, _) | (_, None) => this as u32,
                    (_, Some(around)) => around.module,
                };
                self.all.push(Scope {
                    file: index as u32,
                    local: local as u32,
                    parent: parent.map(|parent| parent as u32),
                    module,
                    exists,
                });
            }
        }
    }

    fn put(&mut self, scope: u32, namespace: Namespace, name: Symbol, vis: Vis, target: Target) {
        let entry = Entry { vis, target };
        self.names
            .entry((scope, namespace, name))
            .or_default()
            .push(entry);
    }

    fn fill(&mut self, program: &Program, symbols: &Symbols<'_>, index: usize, local: usize) {
        use Namespace::{Macro, Type as TypeSpace, Value};
        let Some(file) = program.files.get(index) else {
            return;
        };
        let this = (file.scope_base + local) as u32;
        let gone = |scopes: &Self| {
            scopes
                .all
                .get(this as usize)
                .is_none_or(|scope| scope.exists == Some(false))
        };
        let Some(facts) = file.facts.scopes.get(local).filter(|_| !gone(self)) else {
            return;
        };
        for item in &facts.items {
            if file.when(item.cfg) == Some(false) {
                continue;
            }
            let name = symbols.of(index, item.name);
            let vis = item.vis;
            let def = |def| Target::Def(def);
            match &item.kind {
                ItemKind::Module(inner, _) => {
                    let module = Def::Module(file.scope(*inner) as u32);
                    self.put(this, TypeSpace, name, vis, def(module));
                }
                ItemKind::ModuleFile(_) => {}
                ItemKind::Function(node) | ItemKind::Value(node) => {
                    let node = Def::Node(file.node(*node) as u32);
                    self.put(this, Value, name, vis, def(node));
                }
                ItemKind::Struct(node, is_value) => {
                    let ty = self.add_type(TypeKind::Struct, file.node(*node), index, this);
                    self.put(this, TypeSpace, name, vis, def(ty));
                    if *is_value {
                        self.put(this, Value, name, vis, def(ty));
                    }
                }
                ItemKind::Enum(node, variants) => {
                    let variants = variants.iter().map(|name| symbols.of(index, *name));
                    let kind = TypeKind::Enum(variants.collect());
                    let ty = self.add_type(kind, file.node(*node), index, this);
                    self.put(this, TypeSpace, name, vis, def(ty));
                }
                ItemKind::Alias(node, path) => {
                    let kind = TypeKind::Alias(*path);
                    let ty = self.add_type(kind, file.node(*node), index, this);
                    self.put(this, TypeSpace, name, vis, def(ty));
                }
                ItemKind::Trait(node, _) => {
                    let ty = self.add_type(TypeKind::Trait, file.node(*node), index, this);
                    self.put(this, TypeSpace, name, vis, def(ty));
                }
                ItemKind::Macro(node) => {
                    let node = file.node(*node) as u32;
                    self.macros.entry(name).or_default().push(node);
                    self.put(this, Macro, name, vis, def(Def::Node(node)));
                }
                ItemKind::ExternCrate(krate) => {
                    // Found by its own name among the crates.
                    let krate = symbols.of(index, *krate);
                    if krate != name {
                        self.put(this, TypeSpace, name, vis, Target::Crate(krate));
                    }
                }
            }
        }
        for import in &facts.imports {
            if file.when(import.cfg) == Some(false) {
                continue;
            }
            let (file, path, vis) = (index as u32, import.path, import.vis);
            match import.name {
                Some(name) => {
                    let name = symbols.of(index, name);
                    for namespace in [TypeSpace, Value, Macro] {
                        self.put(this, namespace, name, vis, Target::Import(file, path));
                    }
                }
                None => {
                    let glob = Glob {
                        vis,
                        file,
                        path,
                        targets: Vec::new(),
                    };
                    self.globs.entry(this).or_default().push(glob);
                }
            }
        }
    }

    fn add_type(&mut self, kind: TypeKind, node: usize, file: usize, scope: u32) -> Def {
        let index = self.types.len() as u32;
        self.type_of_node.insert(node as u32, index);
        self.types.push(Type {
            kind,
            node: node as u32,
            file: file as u32,
            scope,
        });
        Def::Type(index)
    }

    /// Whether what is `vis` in `home` can be named from `from`.
    pub(crate) fn visible(&self, vis: Vis, home: u32, from: u32) -> bool {
        let module = |scope: u32| {
            self.all
                .get(scope as usize)
                .map_or(scope, |scope| scope.module)
        };
        match vis {
            Vis::Public => true,
            Vis::Crate => self.root(from) == self.root(home),
            Vis::Private => self.within(module(from), module(home)),
            Vis::Super => {
                let home = module(home);
                let parent = self.all.get(home as usize).and_then(|scope| scope.parent);
                self.within(module(from), parent.map_or(home, module))
            }
        }
    }

    /// The root of a scope's crate.
    fn root(&self, mut scope: u32) -> u32 {
        while let Some(parent) = self.all.get(scope as usize).and_then(|scope| scope.parent) {
            scope = parent;
        }
        scope
    }

    fn within(&self, mut scope: u32, outer: u32) -> bool {
        loop {
            if scope == outer {
                return true;
            }
            match self.all.get(scope as usize).and_then(|scope| scope.parent) {
                Some(parent) => scope = parent,
                None => return false,
            }
        }
    }
}

/// Both, in three values.
pub(crate) fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}
