//! Which attributes are cloudc's, and what they declare.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Memo, Names};
use super::scopes::{Def, Namespace, both};
use crate::codes::{self, Code};
use crate::diagnostic::Diagnostic;
use crate::lift::facts::{Attribute, Declares, HiddenWhat, Mark, Mistake, ScopeKind};
use crate::lift::wrong_item;
use crate::load::program::File;
use crate::project::{Dependency, Project};
use crate::span::Span;
use crate::text::nearest;

/// A handler, queue or cache.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// What it is.
    pub declares: Declares,
    /// Its node in the program.
    pub node: usize,
    /// Its scope in the program.
    pub scope: usize,
    /// Index of its file in the program.
    pub file: usize,
    /// Its path in Rust: `shop::orders::place_order`.
    pub path: String,
    /// The package it is in.
    pub package: String,
    /// The first paragraph of its doc comment.
    pub doc: String,
    /// For a function that a queue triggers: the queue's node.
    pub queue: Option<usize>,
}

/// All that is declared.
#[derive(Clone, Debug, Default)]
pub struct Declarations {
    /// In the order of files and places.
    pub all: Vec<Declaration>,
    /// Queues and caches by node: index into `all`.
    pub resources: BTreeMap<usize, usize>,
    /// Nodes of attributes that are cloudc's own: what their tokens mention is no use.
    pub own: Vec<usize>,
}

pub(super) fn collect(
    names: &Names<'_>,
    project: &Project,
    diagnostics: &mut Vec<Diagnostic>,
) -> Declarations {
    let mut collect = Collect {
        names,
        project,
        diagnostics,
        declarations: Declarations::default(),
        declared: BTreeSet::new(),
        memo: Memo::default(),
    };
    for (index, file) in names.program.files.iter().enumerate() {
        for mark in &file.facts.marks {
            collect.mark(index, file, mark);
        }
        collect.hidden(file);
    }
    collect.triggers();
    collect.declarations
}

struct Collect<'a, 'p> {
    names: &'a Names<'p>,
    project: &'a Project,
    diagnostics: &'a mut Vec<Diagnostic>,
    declarations: Declarations,
    /// The nodes that are something.
    declared: BTreeSet<usize>,
    memo: Memo,
}

impl Collect<'_, '_> {
    fn mark(&mut self, index: usize, file: &File, mark: &Mark) {
        let scope = file.scope(mark.scope);
        let Some(node) = file.facts.nodes.get(mark.node as usize) else {
            return;
        };
        let around = self
            .names
            .scopes
            .all
            .get(scope)
            .and_then(|scope| scope.exists);
        let exists = both(around, both(file.when(node.cfg), file.when(mark.cfg)));
        if exists == Some(false) {
            return;
        }
        let Some(attribute) = self.attribute(index, file, mark) else {
            return;
        };
        self.declarations.own.push(file.node(mark.tokens));
        if exists.is_none() {
            let name = file.name(node.name);
            self.error(
                Diagnostic::error(
                    codes::UNDECIDED_CFG,
                    format!("only the build knows whether `{name}` exists: its condition depends on more than features and the target"),
                )
                .at(file.span(node.spot), "behind a condition that cloudc cannot decide")
                .help("make the condition a cargo feature, `#[cfg(feature = \"…\")]`, which `cloudc build --features` decides"),
            );
            return;
        }
        let reading = mark
            .readings
            .iter()
            .find(|reading| reading.attribute == attribute);
        let Some(reading) = reading else {
            self.mistake(file, &wrong_item(attribute, mark.spot));
            return;
        };
        for mistake in &reading.mistakes {
            self.mistake(file, mistake);
        }
        let Some(declares) = &reading.declares else {
            return;
        };
        if !mark.nameable {
            let name = file.name(node.name);
            self.error(
                Diagnostic::error(
                    codes::WRONG_ITEM,
                    format!(
                        "`{name}` is declared inside a function, where nothing else can name it"
                    ),
                )
                .at(file.span(node.spot), "inside a function")
                .help("move it to the module"),
            );
            return;
        }
        if !self.declared.insert(file.node(mark.node)) {
            let name = file.name(node.name);
            let message = format!("`{name}` has two attributes of cloudc");
            self.error(
                Diagnostic::error(codes::WRONG_ITEM, message)
                    .at(file.span(mark.spot), "the second")
                    .help("an item is one thing: a function, a queue or a cache"),
            );
            return;
        }
        let declaration = Declaration {
            declares: declares.clone(),
            node: file.node(mark.node),
            scope,
            file: index,
            path: path_of(self.names, self.project, file.node(mark.node)),
            package: self
                .project
                .crates
                .get(file.krate)
                .map(|krate| krate.package.clone())
                .unwrap_or_default(),
            doc: mark.doc.clone(),
            queue: None,
        };
        let at = self.declarations.all.len();
        if !matches!(declaration.declares, Declares::Function(_)) {
            self.declarations.resources.insert(declaration.node, at);
        }
        self.declarations.all.push(declaration);
    }

    /// Which of cloudc's attributes a mark is, if it is one.
    fn attribute(&mut self, index: usize, file: &File, mark: &Mark) -> Option<Attribute> {
        let scope = file.scope(mark.scope) as u32;
        let found = self.names.resolve(
            scope,
            index as u32,
            mark.path,
            Namespace::Macro,
            &mut self.memo,
        );
        let by_name = |name: &str| match name {
            "function" => Some(Attribute::Function),
            "queue" => Some(Attribute::Queue),
            "cache" => Some(Attribute::Cache),
            _ => None,
        };
        let ours = found.defs.iter().find_map(|def| match def {
            Def::Foreign(true, name) => by_name(self.names.symbols.text(*name)),
            _ => None,
        });
        if ours.is_some() || !found.defs.is_empty() {
            return ours;
        }
        // A name that leads nowhere, in a crate that uses cloudc: most likely an import is missing.
        let path = file.facts.paths.get(mark.path as usize)?;
        let [segment] = path.segments.as_slice() else {
            return None;
        };
        let name = file.name(*segment);
        by_name(name)?;
        let uses_cloudc = self.project.crates.get(file.krate).is_some_and(|krate| {
            krate
                .dependencies
                .iter()
                .any(|(_, kind)| *kind == Dependency::Cloudc)
        });
        let may_be_macro = self
            .names
            .symbols
            .find(name)
            .is_some_and(|symbol| self.names.scopes.macros.contains_key(&symbol));
        if uses_cloudc && !may_be_macro && !self.names.program.incomplete {
            self.error(
                Diagnostic::error(codes::UNRESOLVED, format!("`#[{name}]` is not imported"))
                    .at(file.span(mark.spot), "leads nowhere")
                    .help(format!("write `use cloudc::{name};`")),
            );
        }
        None
    }

    fn error(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn mistake(&mut self, file: &File, mistake: &Mistake) {
        let code = codes::find(&mistake.code).map_or(Code("CC103"), |(code, _)| code);
        let mut diagnostic = Diagnostic::error(code, mistake.message.clone())
            .at(file.span(mistake.spot), mistake.label.clone());
        diagnostic.help = mistake.help.clone();
        self.error(diagnostic);
    }

    fn hidden(&mut self, file: &File) {
        let uses_cloudc = self.project.crates.get(file.krate).is_some_and(|krate| {
            krate
                .dependencies
                .iter()
                .any(|(_, kind)| *kind == Dependency::Cloudc)
        });
        for hidden in &file.facts.hidden {
            let scope = self.names.scopes.all.get(file.scope(hidden.scope));
            let around = scope.and_then(|scope| scope.exists);
            if !uses_cloudc || both(around, file.when(hidden.cfg)) == Some(false) {
                continue;
            }
            let span = file.span(hidden.spot);
            self.diagnostics.push(match &hidden.what {
                HiddenWhat::Attribute(name) => Diagnostic::warning(
                    codes::HIDDEN_IN_MACRO,
                    format!("an attribute in the tokens of the macro `{name}` is not part of the graph"),
                )
                .at(span, "only the macro knows what becomes of this")
                .help("write the item itself, outside the macro"),
                HiddenWhat::Module(name) => Diagnostic::warning(
                    codes::HIDDEN_IN_MACRO,
                    format!("a module declared in the tokens of the macro `{name}` is not part of the graph"),
                )
                .at(span, "not analysed")
                .help("declare it outside the macro, with `#[cfg(…)]` if it depends on something"),
                HiddenWhat::Include => Diagnostic::warning(
                    codes::HIDDEN_IN_MACRO,
                    "what `include!` brings in is not part of the graph",
                )
                .at(span, "not analysed")
                .help("declare the file as a module: `mod name;`, with `#[path = \"…\"]` where it lies elsewhere"),
            });
        }
    }

    /// Finds the queues that trigger functions.
    fn triggers(&mut self) {
        use crate::lift::facts::TriggerDecl;
        for at in 0..self.declarations.all.len() {
            let Some(declaration) = self.declarations.all.get(at) else {
                continue;
            };
            let Declares::Function(function) = &declaration.declares else {
                continue;
            };
            let TriggerDecl::Queue { path, .. } = &function.trigger else {
                continue;
            };
            let Some(file) = self.names.program.files.get(declaration.file) else {
                continue;
            };
            let span = file.span(function.trigger_spot);
            let scope = declaration.scope as u32;
            let file_index = declaration.file as u32;
            let found =
                self.names
                    .resolve(scope, file_index, *path, Namespace::Value, &mut self.memo);
            let queues: Vec<usize> = found
                .defs
                .iter()
                .filter_map(|def| match def {
                    Def::Node(node) => Some(*node as usize),
                    _ => None,
                })
                .filter(|node| {
                    let resource = self.declarations.resources.get(node);
                    let resource = resource.and_then(|at| self.declarations.all.get(*at));
                    resource.is_some_and(|of| matches!(of.declares, Declares::Queue(_)))
                })
                .collect();
            match queues.as_slice() {
                [queue] if !found.ambiguous => {
                    if let Some(declaration) = self.declarations.all.get_mut(at) {
                        declaration.queue = Some(*queue);
                    }
                }
                _ => {
                    let text = self.path_text(file, *path);
                    self.no_queue(&text, span, &found, queues.len());
                }
            }
        }
    }

    fn path_text(&self, file: &File, path: u32) -> String {
        let segments = file
            .facts
            .paths
            .get(path as usize)
            .map(|path| path.segments.as_slice());
        let segments = segments
            .unwrap_or_default()
            .iter()
            .map(|name| file.name(*name));
        segments.collect::<Vec<_>>().join("::")
    }

    fn no_queue(&mut self, text: &str, span: Span, found: &super::names::Found, queues: usize) {
        if found.ambiguous || queues > 1 {
            self.error(
                Diagnostic::error(codes::AMBIGUOUS, format!("`{text}` may be two things"))
                    .at(span, "brought in by two globs")
                    .help("import the queue by its name"),
            );
            return;
        }
        if !found.defs.is_empty() {
            self.error(
                Diagnostic::error(codes::NOT_A_QUEUE, format!("`{text}` is no queue"))
                    .at(span, "not marked with `#[queue]`")
                    .help("name a static that has `#[queue]`"),
            );
            return;
        }
        // It may well be in the file that could not be read.
        if self.names.program.incomplete {
            return;
        }
        // A queue whose own attribute is broken is reported there.
        let last = text.rsplit("::").next().unwrap_or(text);
        let queues = self
            .declarations
            .all
            .iter()
            .filter(|declaration| matches!(declaration.declares, Declares::Queue(_)))
            .filter_map(|declaration| declaration.path.rsplit("::").next());
        let help = match nearest(last, queues) {
            Some(name) if name == last => {
                format!("import it: there is a queue `{name}` in another module")
            }
            Some(name) => format!("there is a queue `{name}`"),
            None => "declare it: `#[queue] pub static NAME: Queue<Payload>;`".to_owned(),
        };
        self.error(
            Diagnostic::error(codes::UNRESOLVED, format!("there is no `{text}` here"))
                .at(span, "leads nowhere")
                .help(help),
        );
    }
}

/// The path of a node in Rust: its crate, modules, type and name.
pub(super) fn path_of(names: &Names<'_>, project: &Project, node: usize) -> String {
    let Some(file) = names.program.file_of_node(node) else {
        return String::new();
    };
    let Some(facts) = file.facts.nodes.get(node - file.node_base) else {
        return String::new();
    };
    let mut parts = vec![file.name(facts.name)];
    let mut scope = Some(file.scope(facts.scope) as u32);
    while let Some(known) = scope.and_then(|scope| names.scopes.all.get(scope as usize)) {
        let Some(file) = names.program.files.get(known.file as usize) else {
            break;
        };
        let facts = file.facts.scopes.get(known.local as usize);
        match facts.and_then(|facts| facts.name) {
            Some(name) if facts.is_some_and(|facts| facts.kind != ScopeKind::Block) => {
                // The header of an impl and the node of a trait are what the scope is called.
                if parts.len() > 1 || parts.first() != Some(&file.name(name)) {
                    parts.push(file.name(name));
                }
            }
            _ => {
                if let (0, Some(declared)) = (known.local, &file.declared) {
                    parts.push(names.program.name_of(declared));
                }
            }
        }
        if known.parent.is_none() {
            let krate = project.crates.get(file.krate);
            parts.push(krate.map_or("", |krate| &krate.name));
        }
        scope = known.parent;
    }
    parts.reverse();
    parts.join("::")
}
