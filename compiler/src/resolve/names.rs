//! From a path in a scope to what it means: Rust's rules for renames, globs, re-exports, shadowing,
//! `self`, `super`, `crate` and `Self`, with cycles cut.

use rustc_hash::{FxHashMap, FxHashSet};

use super::scopes::{Def, Namespace, Scopes, Target, TypeKind};
use super::symbols::{Symbol, Symbols};
use crate::lift::facts::{PathRoot, ScopeKind};
use crate::load::program::Program;
use crate::project::{Dependency, Project};

/// Aliases of aliases beyond this are a cycle.
const MOST_ALIASES: usize = 32;

/// Primitive types, and what every module has from the standard library.
const PRELUDE: &[&str] = &[
    "AsMut",
    "AsRef",
    "Box",
    "Clone",
    "Copy",
    "Default",
    "DoubleEndedIterator",
    "Drop",
    "Eq",
    "Err",
    "ExactSizeIterator",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "FromIterator",
    "Future",
    "Into",
    "IntoFuture",
    "IntoIterator",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Send",
    "Sized",
    "Some",
    "String",
    "Sync",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "Unpin",
    "Vec",
    "bool",
    "char",
    "drop",
    "f32",
    "f64",
    "i128",
    "i16",
    "i32",
    "i64",
    "i8",
    "isize",
    "str",
    "u128",
    "u16",
    "u32",
    "u64",
    "u8",
    "usize",
];

/// What a path means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Everything it may mean: more than one where conditions are undecided, or two globs bring
    /// different things.
    pub(crate) defs: Vec<Def>,
    /// Two globs bring different things.
    pub(crate) ambiguous: bool,
    /// Something that only the type system finds.
    pub(crate) rest: Option<Rest>,
}

/// What is left for the type system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// A function or const of this type or trait.
    Known(u32, Symbol),
    /// One of a type of another crate: ours can only be of a trait.
    Foreign(Symbol),
    /// One of a type that is not known.
    Unknown(Symbol),
}

impl Found {
    fn one(def: Def) -> Self {
        Self {
            defs: vec![def],
            ..Self::default()
        }
    }

    fn rest(rest: Rest) -> Self {
        Self {
            rest: Some(rest),
            ..Self::default()
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.defs.is_empty() && self.rest.is_none()
    }

    fn add(&mut self, def: Def) {
        if !self.defs.contains(&def) {
            self.defs.push(def);
        }
    }
}

/// Looks names up.
pub(crate) struct Names<'p> {
    pub(crate) program: &'p Program,
    pub(crate) symbols: Symbols<'p>,
    pub(crate) scopes: Scopes,
    /// For each crate: the crates it can name.
    crates: Vec<FxHashMap<Symbol, Dependency>>,
    edition_2015: Vec<bool>,
    /// Names of the language and its prelude, which nothing of ours defines.
    prelude: FxHashSet<Symbol>,
}

type Key = (u32, Namespace, Symbol);

/// What one thread has found out.
#[derive(Default)]
pub(crate) struct Memo {
    known: FxHashMap<(Key, u32), Found>,
    /// What is being looked up.
    open: Vec<Key>,
    /// The outermost open look-up that was met again: what was found inside it is not the whole.
    cut: Option<usize>,
}

impl<'p> Names<'p> {
    pub(crate) fn new(program: &'p Program, project: &'p Project) -> Self {
        let mut symbols = Symbols::new(program);
        let crates = project
            .crates
            .iter()
            .map(|krate| {
                let named = krate.dependencies.iter();
                let mut known: FxHashMap<Symbol, Dependency> = named
                    .map(|(name, dependency)| (symbols.intern(name), *dependency))
                    .collect();
                for name in ["std", "core", "alloc", "proc_macro", "test"] {
                    known
                        .entry(symbols.intern(name))
                        .or_insert(Dependency::Foreign);
                }
                known
            })
            .collect();
        let prelude = PRELUDE.iter().map(|name| symbols.intern(name)).collect();
        let scopes = Scopes::new(program, &symbols);
        let mut names = Self {
            program,
            symbols,
            scopes,
            crates,
            prelude,
            edition_2015: project
                .crates
                .iter()
                .map(|krate| krate.edition_2015)
                .collect(),
        };
        names.follow_globs();
        names
    }

    /// What a path of a file means in a scope.
    pub(crate) fn resolve(
        &self,
        scope: u32,
        file: u32,
        path: u32,
        namespace: Namespace,
        memo: &mut Memo,
    ) -> Found {
        let Some(facts) = self
            .program
            .files
            .get(file as usize)
            .and_then(|file| file.facts.paths.get(path as usize))
        else {
            return Found::default();
        };
        let symbols = facts.segments.iter();
        let mut segments = symbols.map(|name| self.symbols.of(file as usize, *name));
        let Some(first) = segments.next() else {
            return Found::default();
        };
        let count = facts.segments.len();
        let space = if count == 1 {
            namespace
        } else {
            Namespace::Type
        };
        let mut found = match facts.root {
            PathRoot::DollarCrate => {
                // The segments follow `$crate`; the file is the macro's.
                let krate = self.program.files.get(file as usize).map(|file| file.krate);
                let root = krate.and_then(|krate| self.root(krate));
                root.map_or_else(Found::default, |root| {
                    self.member(root, space, first, scope, memo)
                })
            }
            PathRoot::Global => self.global(scope, space, first, memo),
            PathRoot::Plain => self.first(scope, space, first, memo),
        };
        for (index, segment) in segments.enumerate() {
            let last = index + 2 == count;
            let space = if last { namespace } else { Namespace::Type };
            found = self.step(found, segment, last, space, scope, memo);
        }
        found
    }

    /// From what the path means so far to one segment further.
    fn step(
        &self,
        found: Found,
        segment: Symbol,
        last: bool,
        space: Namespace,
        from: u32,
        memo: &mut Memo,
    ) -> Found {
        // `use path::{self}` and `super::super`.
        if segment == Symbol::SELF {
            return found;
        }
        let mut next = Found {
            ambiguous: found.ambiguous,
            ..Found::default()
        };
        if found.defs.is_empty() {
            // A type of another crate may have a function that a trait of ours gives it.
            next.rest = Some(Rest::Unknown(segment));
            return next;
        }
        for def in found.defs {
            let further = match def {
                Def::Module(scope) if segment == Symbol::SUPER => self.parent(scope),
                Def::Module(scope) => self.member(scope, space, segment, from, memo),
                Def::Type(ty) => self.of_type(ty, segment, last, memo),
                Def::Foreign(cloudc, _) => Found {
                    defs: vec![Def::Foreign(cloudc, segment)],
                    ambiguous: false,
                    rest: Some(Rest::Foreign(segment)),
                },
                Def::Node(_) => Found::default(),
            };
            further.defs.into_iter().for_each(|def| next.add(def));
            next.ambiguous |= further.ambiguous;
            next.rest = next.rest.or(further.rest);
        }
        next
    }

    fn of_type(&self, ty: u32, segment: Symbol, last: bool, memo: &mut Memo) -> Found {
        let ty = self.target(ty, memo);
        let Some(known) = ty.and_then(|ty| self.scopes.types.get(ty as usize)) else {
            return Found::rest(Rest::Unknown(segment));
        };
        match (&known.kind, ty) {
            (TypeKind::Enum(variants), Some(ty)) if variants.contains(&segment) => {
                Found::one(Def::Type(ty))
            }
            (_, Some(ty)) if last => Found::rest(Rest::Known(ty, segment)),
            _ => Found::rest(Rest::Unknown(segment)),
        }
    }

    /// A type without its aliases; `None` for an alias of something that is not analysed.
    pub(crate) fn target(&self, mut ty: u32, memo: &mut Memo) -> Option<u32> {
        for _ in 0..MOST_ALIASES {
            let known = self.scopes.types.get(ty as usize)?;
            let TypeKind::Alias(path) = known.kind else {
                return Some(ty);
            };
            let found = self.resolve(known.scope, known.file, path?, Namespace::Type, memo);
            match found.defs.as_slice() {
                [Def::Type(next)] => ty = *next,
                _ => return None,
            }
        }
        None
    }

    /// The type that a path names, aliases aside.
    pub(crate) fn type_at(&self, scope: u32, file: u32, path: u32, memo: &mut Memo) -> Option<u32> {
        let found = self.resolve(scope, file, path, Namespace::Type, memo);
        match found.defs.as_slice() {
            [Def::Type(ty)] => self.target(*ty, memo),
            _ => None,
        }
    }

    fn root(&self, krate: usize) -> Option<u32> {
        let root = self.program.roots.get(krate).copied().flatten()?;
        Some(root as u32)
    }

    fn krate_of(&self, scope: u32) -> usize {
        let file = self.scopes.all.get(scope as usize).map(|scope| scope.file);
        file.and_then(|file| self.program.files.get(file as usize))
            .map_or(0, |file| file.krate)
    }

    fn parent(&self, module: u32) -> Found {
        let parent = self
            .scopes
            .all
            .get(module as usize)
            .and_then(|scope| scope.parent);
        let parent = parent.and_then(|parent| self.scopes.all.get(parent as usize));
        parent.map_or_else(Found::default, |scope| {
            Found::one(Def::Module(scope.module))
        })
    }

    /// `::name`
    fn global(&self, scope: u32, space: Namespace, name: Symbol, memo: &mut Memo) -> Found {
        let krate = self.krate_of(scope);
        if self.edition_2015.get(krate) == Some(&true) {
            let root = self.root(krate);
            let found = root.map(|root| self.member(root, space, name, scope, memo));
            if let Some(found) = found.filter(|found| !found.is_empty()) {
                return found;
            }
        }
        self.extern_crate(krate, name)
    }

    fn extern_crate(&self, krate: usize, name: Symbol) -> Found {
        match self.crates.get(krate).and_then(|crates| crates.get(&name)) {
            Some(Dependency::Local(target)) => self
                .root(*target)
                .map_or_else(Found::default, |root| Found::one(Def::Module(root))),
            Some(Dependency::Cloudc) => Found::one(Def::Foreign(true, name)),
            Some(Dependency::Foreign) => Found::one(Def::Foreign(false, name)),
            None => Found::default(),
        }
    }

    /// The first segment of a path: looked up outwards to the module, then among the crates.
    fn first(&self, scope: u32, space: Namespace, name: Symbol, memo: &mut Memo) -> Found {
        let krate = self.krate_of(scope);
        match name {
            Symbol::CRATE => {
                let root = self.root(krate);
                return root.map_or_else(Found::default, |root| Found::one(Def::Module(root)));
            }
            Symbol::SELF | Symbol::SUPER => {
                let module = self
                    .scopes
                    .all
                    .get(scope as usize)
                    .map(|scope| scope.module);
                return match (module, name) {
                    (Some(module), Symbol::SELF) => Found::one(Def::Module(module)),
                    (Some(module), _) => self.parent(module),
                    (None, _) => Found::default(),
                };
            }
            Symbol::SELF_TYPE => return self.self_type(scope, memo),
            _ => {}
        }
        let mut around = Some(scope);
        while let Some(scope) = around {
            let found = self.member(scope, space, name, scope, memo);
            if !found.is_empty() {
                return found;
            }
            let Some(known) = self.scopes.all.get(scope as usize) else {
                break;
            };
            around = known.parent.filter(|_| known.module != scope);
        }
        if self.edition_2015.get(krate) == Some(&true)
            && let Some(root) = self.root(krate)
        {
            let found = self.member(root, space, name, scope, memo);
            if !found.is_empty() {
                return found;
            }
        }
        let found = match space {
            Namespace::Type => self.extern_crate(krate, name),
            _ => Found::default(),
        };
        if found.is_empty() && self.prelude.contains(&name) {
            return Found::one(Def::Foreign(false, name));
        }
        found
    }

    /// `Self`
    fn self_type(&self, scope: u32, memo: &mut Memo) -> Found {
        let mut around = Some(scope);
        while let Some(scope) = around {
            let Some(known) = self.scopes.all.get(scope as usize) else {
                break;
            };
            let Some(file) = self.program.files.get(known.file as usize) else {
                break;
            };
            match file
                .facts
                .scopes
                .get(known.local as usize)
                .map(|facts| facts.kind)
            {
                // The header of the impl stands around its inside.
                Some(ScopeKind::Impl(Some(path))) => {
                    let outside = known.parent.unwrap_or(scope);
                    return self.resolve(outside, known.file, path, Namespace::Type, memo);
                }
                Some(ScopeKind::Impl(None) | ScopeKind::Trait) | None => break,
                Some(ScopeKind::Block | ScopeKind::Module) => {
                    around = known.parent.filter(|_| known.module != scope);
                }
            }
        }
        Found::default()
    }

    /// A name in a module or block, seen from another: its items and imports, or else its globs.
    fn member(
        &self,
        scope: u32,
        space: Namespace,
        name: Symbol,
        from: u32,
        memo: &mut Memo,
    ) -> Found {
        let key = (scope, space, name);
        if !self.scopes.globs.contains_key(&scope) && !self.scopes.names.contains_key(&key) {
            return Found::default();
        }
        let viewer = self
            .scopes
            .all
            .get(from as usize)
            .map_or(from, |scope| scope.module);
        if let Some(known) = memo.known.get(&(key, viewer)) {
            return known.clone();
        }
        if let Some(at) = memo.open.iter().position(|open| *open == key) {
            memo.cut = Some(memo.cut.map_or(at, |cut| cut.min(at)));
            return Found::default();
        }
        let depth = memo.open.len();
        let around = memo.cut.take();
        memo.open.push(key);
        let mut found = self.explicit(key, from, memo);
        if found.defs.is_empty() {
            self.through_globs(key, from, memo, &mut found);
        }
        memo.open.pop();
        match memo.cut.filter(|cut| *cut < depth) {
            Some(cut) => memo.cut = Some(around.map_or(cut, |around| around.min(cut))),
            None => {
                memo.cut = around;
                memo.known.insert((key, viewer), found.clone());
            }
        }
        found
    }

    fn explicit(&self, key: Key, from: u32, memo: &mut Memo) -> Found {
        let (scope, space, _) = key;
        let mut found = Found::default();
        for entry in self.scopes.names.get(&key).into_iter().flatten() {
            if scope != from && !self.scopes.visible(entry.vis, scope, from) {
                continue;
            }
            let meant = match entry.target {
                Target::Def(def) => Found::one(def),
                // `extern crate self as name`
                Target::Crate(Symbol::SELF) => {
                    let root = self.root(self.krate_of(scope));
                    root.map_or_else(Found::default, |root| Found::one(Def::Module(root)))
                }
                Target::Crate(name) => self.extern_crate(self.krate_of(scope), name),
                Target::Import(file, path) => self.resolve(scope, file, path, space, memo),
            };
            found.ambiguous |= meant.ambiguous;
            meant.defs.into_iter().for_each(|def| found.add(def));
        }
        found
    }

    /// Walks the globs of a scope, and those of the modules without the name that they lead to.
    fn through_globs(&self, key: Key, from: u32, memo: &mut Memo, found: &mut Found) {
        let (scope, space, name) = key;
        let mut seen = FxHashSet::from_iter([scope]);
        let mut work = vec![scope];
        while let Some(at) = work.pop() {
            for glob in self.scopes.globs.get(&at).into_iter().flatten() {
                if at != from && !self.scopes.visible(glob.vis, at, from) {
                    continue;
                }
                for target in &glob.targets {
                    let mut brought = Found::default();
                    match *target {
                        Def::Module(module) if seen.contains(&module) => {}
                        Def::Module(module) => {
                            seen.insert(module);
                            brought = self.explicit((module, space, name), from, memo);
                            if brought.defs.is_empty() {
                                work.push(module);
                            }
                        }
                        Def::Type(ty) => brought = self.of_type(ty, name, false, memo),
                        // What is in another crate is not known, but for cloudc.
                        Def::Foreign(true, _) => brought = Found::one(Def::Foreign(true, name)),
                        _ => {}
                    }
                    let new = brought.defs.iter().any(|def| !found.defs.contains(def));
                    let is_foreign = |def: &Def| matches!(def, Def::Foreign(..));
                    let known = found.defs.iter().any(|def| !is_foreign(def));
                    let rival = brought.defs.iter().any(|def| !is_foreign(def));
                    found.ambiguous |= brought.ambiguous || (new && known && rival);
                    brought.defs.into_iter().for_each(|def| found.add(def));
                }
            }
        }
    }

    /// Finds what the globs lead to. A glob may be found through another one, so this is repeated
    /// until nothing changes.
    fn follow_globs(&mut self) {
        let mut scopes: Vec<u32> = self.scopes.globs.keys().copied().collect();
        scopes.sort_unstable();
        loop {
            let mut memo = Memo::default();
            let mut changed = Vec::new();
            for scope in &scopes {
                let globs = self.scopes.globs.get(scope);
                for (index, glob) in globs.into_iter().flatten().enumerate() {
                    let found =
                        self.resolve(*scope, glob.file, glob.path, Namespace::Type, &mut memo);
                    if found.defs != glob.targets {
                        changed.push((*scope, index, found.defs));
                    }
                }
            }
            let before: usize = self.targets();
            for (scope, index, targets) in changed {
                let globs = self.scopes.globs.get_mut(&scope);
                if let Some(glob) = globs.and_then(|globs| globs.get_mut(index)) {
                    // Only grows, so this ends.
                    targets.into_iter().for_each(|target| {
                        if !glob.targets.contains(&target) {
                            glob.targets.push(target);
                        }
                    });
                }
            }
            if self.targets() == before {
                return;
            }
        }
    }

    fn targets(&self) -> usize {
        self.scopes
            .globs
            .values()
            .flatten()
            .map(|glob| glob.targets.len())
            .sum()
    }
}
