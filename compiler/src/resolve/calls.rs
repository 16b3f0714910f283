//! Who mentions whom: the edges along which a handler reaches a resource.
//!
//! Nodes are the program's, and behind them *hubs*: one for all that a method call of a certain
//! name may mean, and the like. An edge to a hub stands for edges to all of those, so the number
//! of edges stays linear in the source.

use cloudc_syntax::{Operation as Verb, cache_operation, queue_operation};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::declarations::Declarations;
use super::hubs::Hubs;
use super::names::{Found, Memo, Names, Rest};
use super::scopes::{Def, Namespace, both};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lift::facts::{Declares, Mention, NodeFacts, What};
use crate::load::program::File;
use crate::span::Span;

/// A mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Who mentions: a node or hub.
    pub from: u32,
    /// What: a node or hub.
    pub to: u32,
    /// Where; `None` for what comes by itself (a block's code, what a hub stands for).
    pub span: Option<Span>,
}

/// A use of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Where: a node.
    pub node: u32,
    /// The resource: index into the declarations.
    pub resource: usize,
    /// What is done.
    pub verb: Verb,
    /// As it is written: `ORDERS.send`.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// The whole of it.
#[derive(Debug, Default)]
pub struct Calls {
    /// One more than the last node or hub.
    pub nodes: usize,
    /// Every edge.
    pub edges: Vec<Edge>,
    /// Every use, in the order of the source.
    pub uses: Vec<Use>,
    /// One more than the last node that is no hub.
    pub named: usize,
}

pub(super) fn collect(
    names: &Names<'_>,
    declarations: &Declarations,
    diagnostics: &mut Vec<Diagnostic>,
) -> Calls {
    let hubs = Hubs::new(names);
    let own: FxHashSet<usize> = declarations.own.iter().copied().collect();
    let mut parts: Vec<Part> = names
        .program
        .files
        .par_iter()
        .enumerate()
        .map(|(index, file)| {
            let mut walk = Walk {
                names,
                declarations,
                hubs: &hubs,
                index: index as u32,
                file,
                memo: Memo::default(),
                known: FxHashMap::default(),
                expanded: FxHashSet::default(),
                part: Part::default(),
            };
            walk.file(&own);
            walk.part
        })
        .collect();
    let mut calls = Calls {
        nodes: hubs.count,
        named: names.program.nodes,
        edges: hubs.edges,
        ..Calls::default()
    };
    for part in &mut parts {
        calls.edges.append(&mut part.edges);
        calls.uses.append(&mut part.uses);
        diagnostics.append(&mut part.diagnostics);
    }
    calls
}

/// What one file adds.
#[derive(Default)]
struct Part {
    edges: Vec<Edge>,
    uses: Vec<Use>,
    diagnostics: Vec<Diagnostic>,
}

struct Walk<'a, 'p> {
    names: &'a Names<'p>,
    declarations: &'a Declarations,
    hubs: &'a Hubs,
    index: u32,
    file: &'p File,
    memo: Memo,
    known: FxHashMap<(u32, u32, Namespace), std::rc::Rc<Found>>,
    /// Macros whose tokens were counted for a node.
    expanded: FxHashSet<(u32, u32, u32)>,
    part: Part,
}

impl<'p> Walk<'_, 'p> {
    fn file(&mut self, own: &FxHashSet<usize>) {
        let file = self.file;
        for (local, node) in file.facts.nodes.iter().enumerate() {
            let this = (file.node_base + local) as u32;
            let scope = file.scope(node.scope) as u32;
            let around = self.names.scopes.all.get(scope as usize);
            let around = around.map_or(Some(false), |scope| scope.exists);
            if both(around, file.when(node.cfg)) == Some(false) {
                continue;
            }
            for link in &node.links {
                self.edge(this, file.node(*link) as u32, None);
            }
            if own.contains(&(this as usize)) {
                continue;
            }
            self.mentions(this, scope, file, self.index, node);
        }
        // The tokens of attributes that are somebody else's belong to their item.
        for mark in &file.facts.marks {
            if !own.contains(&file.node(mark.tokens)) {
                let (from, to) = (file.node(mark.node), file.node(mark.tokens));
                self.edge(from as u32, to as u32, None);
            }
        }
    }

    /// What a node mentions. For a macro's tokens the node is whoever invokes it: its paths are looked
    /// up there.
    fn mentions(&mut self, this: u32, scope: u32, file: &'p File, index: u32, node: &'p NodeFacts) {
        for mention in &node.mentions {
            if file.when(mention.cfg) == Some(false) {
                continue;
            }
            self.mention(this, scope, file, index, mention);
        }
    }

    fn edge(&mut self, from: u32, to: u32, span: Option<Span>) {
        self.part.edges.push(Edge { from, to, span });
    }

    fn hub(&mut self, from: u32, hub: Option<&u32>, span: Span) {
        if let Some(hub) = hub {
            self.edge(from, *hub, Some(span));
        }
    }

    fn resolve(
        &mut self,
        scope: u32,
        index: u32,
        path: u32,
        space: Namespace,
    ) -> std::rc::Rc<Found> {
        // Paths of another file (a macro's) are rare.
        if index != self.index {
            return std::rc::Rc::new(
                self.names
                    .resolve(scope, index, path, space, &mut self.memo),
            );
        }
        if let Some(known) = self.known.get(&(scope, path, space)) {
            return known.clone();
        }
        let found = self
            .names
            .resolve(scope, index, path, space, &mut self.memo);
        let found = std::rc::Rc::new(found);
        self.known.insert((scope, path, space), found.clone());
        found
    }

    fn mention(&mut self, this: u32, scope: u32, file: &'p File, index: u32, mention: &Mention) {
        let span = file.span(mention.spot);
        let symbol = |name: u32| self.names.symbols.of(index as usize, name);
        match mention.what {
            What::Value(path) => {
                let found = self.resolve(scope, index, path, Namespace::Value);
                self.found(this, &found, span, true);
                self.undefined(this, &found, file, index, path, span);
            }
            What::Type(path) => {
                let found = self.resolve(scope, index, path, Namespace::Type);
                self.found(this, &found, span, false);
                self.undefined(this, &found, file, index, path, span);
            }
            What::Tokens(path) => {
                let value = self.resolve(scope, index, path, Namespace::Value);
                self.found(this, &value, span, true);
                let ty = self.resolve(scope, index, path, Namespace::Type);
                self.found(this, &ty, span, false);
                self.undefined(this, &value, file, index, path, span);
            }
            What::Call(path, method, arity) => {
                let method_symbol = symbol(method);
                let found = self.resolve(scope, index, path, Namespace::Value);
                if self.operation(this, &found, file, file.name(method), path, span) {
                    return;
                }
                self.found(this, &found, span, true);
                self.undefined(this, &found, file, index, path, span);
                let hub = self.hubs.methods.get(&(method_symbol, arity)).copied();
                self.hub(this, hub.as_ref(), span);
                let hub = self.hubs.defines.get(&method_symbol).copied();
                self.hub(this, hub.as_ref(), span);
            }
            What::Method(name, arity) => {
                let name = symbol(name);
                let hub = self.hubs.methods.get(&(name, arity)).copied();
                self.hub(this, hub.as_ref(), span);
                let hub = self.hubs.defines.get(&name).copied();
                self.hub(this, hub.as_ref(), span);
            }
            What::Associated(name) => {
                let hub = self.hubs.associated.get(&symbol(name)).copied();
                self.hub(this, hub.as_ref(), span);
            }
            What::Macro(path) => self.invocation(this, scope, file, index, path, span),
            What::Spliced => self.spliced(this, span),
        }
    }

    /// Edges to what a path means; a resource must not be among it.
    fn found(&mut self, this: u32, found: &Found, span: Span, is_value: bool) {
        for def in &found.defs {
            match *def {
                Def::Node(node) => match self.declarations.resources.get(&(node as usize)) {
                    Some(resource) if is_value => self.misused(*resource, span),
                    _ => self.edge(this, node, Some(span)),
                },
                Def::Type(ty) => {
                    if let Some(ty) = self.names.scopes.types.get(ty as usize) {
                        self.edge(this, ty.node, Some(span));
                    }
                }
                Def::Module(_) | Def::Foreign(..) => {}
            }
        }
        match found.rest {
            Some(Rest::Known(ty, name)) => {
                if let Some(node) = self.names.scopes.types.get(ty as usize).map(|ty| ty.node) {
                    self.edge(this, node, Some(span));
                }
                let hub = self.hubs.of_type.get(&(ty, name)).copied();
                self.hub(this, hub.as_ref(), span);
                let hub = self.hubs.anything.get(&name).copied();
                self.hub(this, hub.as_ref(), span);
            }
            Some(Rest::Foreign(name)) => {
                let hub = self.hubs.of_traits.get(&name).copied();
                self.hub(this, hub.as_ref(), span);
            }
            Some(Rest::Unknown(name)) => {
                let hub = self.hubs.associated.get(&name).copied();
                self.hub(this, hub.as_ref(), span);
            }
            None => {}
        }
    }

    /// A name that leads nowhere may be one that an item macro defines.
    fn undefined(
        &mut self,
        this: u32,
        found: &Found,
        file: &File,
        index: u32,
        path: u32,
        span: Span,
    ) {
        if !found.defs.is_empty() || self.hubs.defines.is_empty() {
            return;
        }
        let last = file
            .facts
            .paths
            .get(path as usize)
            .and_then(|path| path.segments.last());
        if let Some(last) = last {
            let name = self.names.symbols.of(index as usize, *last);
            let hub = self.hubs.defines.get(&name).copied();
            self.hub(this, hub.as_ref(), span);
        }
    }

    /// A method on a resource; whether it is one.
    fn operation(
        &mut self,
        this: u32,
        found: &Found,
        file: &File,
        method: &str,
        path: u32,
        span: Span,
    ) -> bool {
        let resources: Vec<usize> = found
            .defs
            .iter()
            .filter_map(|def| match def {
                Def::Node(node) => self.declarations.resources.get(&(*node as usize)).copied(),
                _ => None,
            })
            .collect();
        if resources.is_empty() {
            return false;
        }
        if found.ambiguous || resources.len() > 1 {
            let segments = file
                .facts
                .paths
                .get(path as usize)
                .map(|path| path.segments.as_slice());
            let text: Vec<&str> = segments
                .unwrap_or_default()
                .iter()
                .map(|name| file.name(*name))
                .collect();
            self.part.diagnostics.push(
                Diagnostic::error(
                    codes::AMBIGUOUS,
                    format!("`{}` may be two things", text.join("::")),
                )
                .at(
                    span,
                    "brought in by two globs, or behind undecided conditions",
                )
                .help("import the resource by its name"),
            );
            return true;
        }
        for resource in resources {
            let Some(declaration) = self.declarations.all.get(resource) else {
                continue;
            };
            let (verbs, handles) = match declaration.declares {
                Declares::Queue(_) => (queue_operation(method), "`.sender()`"),
                _ => (cache_operation(method), "`.reader()` or `.writer()`"),
            };
            let name = declaration.path.rsplit("::").next().unwrap_or_default();
            match verbs {
                Some(verbs) => {
                    for verb in verbs {
                        self.part.uses.push(Use {
                            node: this,
                            resource,
                            verb: *verb,
                            text: format!("{name}.{method}"),
                            span,
                        });
                    }
                }
                None => self.part.diagnostics.push(
                    Diagnostic::error(
                        codes::MISUSED_RESOURCE,
                        format!("`{name}.{method}(…)` is nothing that `{name}` can do"),
                    )
                    .at(span, "no operation of a resource")
                    .help(format!(
                        "call one of its own methods, or take a handle: {handles}"
                    )),
                ),
            }
        }
        true
    }

    fn misused(&mut self, resource: usize, span: Span) {
        let Some(declaration) = self.declarations.all.get(resource) else {
            return;
        };
        let name = declaration.path.rsplit("::").next().unwrap_or_default();
        let help = match declaration.declares {
            Declares::Queue(_) => format!(
                "call `{name}.send(…)`, or pass `{name}.sender()`, a handle that says what it may do"
            ),
            _ => format!(
                "call `{name}.get(…)` or `{name}.set(…)`, or pass `{name}.reader()` or `{name}.writer()`, a handle that says what it may do"
            ),
        };
        self.part.diagnostics.push(
            Diagnostic::error(
                codes::MISUSED_RESOURCE,
                format!(
                    "`{name}` is used other than by a method, so nobody can tell what becomes of it"
                ),
            )
            .at(span, "a resource is not a value to pass around")
            .help(help),
        );
    }

    /// The tokens of a `macro_rules!` count where it is invoked, and are looked up there.
    fn invocation(
        &mut self,
        this: u32,
        scope: u32,
        file: &File,
        index: u32,
        path: u32,
        span: Span,
    ) {
        let last = file
            .facts
            .paths
            .get(path as usize)
            .and_then(|path| path.segments.last());
        let Some(last) = last else { return };
        let name = self.names.symbols.of(index as usize, *last);
        let hub = self.hubs.defines.get(&name).copied();
        self.hub(this, hub.as_ref(), span);
        let Some(macros) = self.names.scopes.macros.get(&name) else {
            return;
        };
        for node in macros {
            if !self.expanded.insert((this, scope, *node)) {
                continue;
            }
            let Some((index, file)) = self.names.program.file_at_node(*node as usize) else {
                continue;
            };
            if let Some(facts) = file.facts.nodes.get(*node as usize - file.node_base) {
                self.mentions(this, scope, file, index as u32, facts);
            }
        }
    }

    /// A macro puts names that it is given behind a `.` or `::`: any name in the tokens of the node that
    /// invokes it may be a function's.
    fn spliced(&mut self, this: u32, span: Span) {
        let Some((index, file)) = self.names.program.file_at_node(this as usize) else {
            return;
        };
        let Some(facts) = file.facts.nodes.get(this as usize - file.node_base) else {
            return;
        };
        for mention in &facts.mentions {
            let What::Tokens(path) = mention.what else {
                continue;
            };
            let path = file.facts.paths.get(path as usize);
            for name in path.into_iter().flat_map(|path| &path.segments) {
                let name = self.names.symbols.of(index, *name);
                for hub in [
                    self.hubs.methods.get(&(name, None)),
                    self.hubs.associated.get(&name),
                    self.hubs.functions.get(&name),
                ] {
                    self.hub(this, hub.copied().as_ref(), span);
                }
            }
        }
    }
}
