//! Names as numbers, the same number for the same name in every file.

use rustc_hash::FxHashMap;

use crate::load::program::Program;

/// A name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Symbol(u32);

/// All names of a program.
pub(crate) struct Symbols<'p> {
    known: FxHashMap<&'p str, Symbol>,
    text: Vec<&'p str>,
    /// For each file, its names.
    files: Vec<Vec<Symbol>>,
}

impl Symbol {
    pub(crate) const CRATE: Self = Self(0);
    pub(crate) const SELF: Self = Self(1);
    pub(crate) const SUPER: Self = Self(2);
    pub(crate) const SELF_TYPE: Self = Self(3);
}

impl<'p> Symbols<'p> {
    pub(crate) fn new(program: &'p Program) -> Self {
        let mut symbols = Self {
            known: FxHashMap::default(),
            text: Vec::new(),
            files: Vec::with_capacity(program.files.len()),
        };
        for word in ["crate", "self", "super", "Self"] {
            symbols.intern(word);
        }
        for file in &program.files {
            let names = file.facts.names.iter();
            let names = names.map(|name| symbols.intern(name)).collect();
            symbols.files.push(names);
        }
        symbols
    }

    pub(crate) fn intern(&mut self, name: &'p str) -> Symbol {
        let next = Symbol(self.text.len() as u32);
        let symbol = *self.known.entry(name).or_insert(next);
        if symbol == next {
            self.text.push(name);
        }
        symbol
    }

    /// The symbol of a name, if any file has it.
    pub(crate) fn find(&self, name: &str) -> Option<Symbol> {
        self.known.get(name).copied()
    }

    /// A file's name as a symbol.
    pub(crate) fn of(&self, file: usize, name: u32) -> Symbol {
        self.files[file][name as usize]
    }

    pub(crate) fn text(&self, symbol: Symbol) -> &'p str {
        self.text
            .get(symbol.0 as usize)
            .copied()
            .unwrap_or_default()
    }
}
