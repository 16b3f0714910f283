//! Collects the facts of a file; every name, path and condition is kept once.

use std::fmt::Write as _;

use proc_macro2::Span;
use rustc_hash::{FxHashMap, FxHashSet};

use super::facts::{
    CfgId, FileFacts, Mention, Name, NodeFacts, NodeId, PathFacts, PathId, PathRoot, ScopeFacts,
    ScopeId, ScopeKind, Spot, What,
};
use super::positions::Positions;

/// Facts in the making.
pub(super) struct Builder<'a> {
    pub(super) facts: FileFacts,
    pub(super) positions: &'a Positions<'a>,
    names: FxHashMap<String, Name>,
    paths: FxHashMap<PathFacts, PathId>,
    cfgs: FxHashMap<String, CfgId>,
    /// What the nodes in the making have mentioned already.
    seen: FxHashSet<(NodeId, What, Option<CfgId>)>,
    /// The text of an identifier.
    text: String,
}

impl<'a> Builder<'a> {
    pub(super) fn new(positions: &'a Positions<'a>) -> Self {
        Self {
            facts: FileFacts::default(),
            positions,
            names: FxHashMap::default(),
            paths: FxHashMap::default(),
            cfgs: FxHashMap::default(),
            seen: FxHashSet::default(),
            text: String::new(),
        }
    }

    pub(super) fn name(&mut self, name: &str) -> Name {
        if let Some(known) = self.names.get(name) {
            return *known;
        }
        let id = self.facts.names.len() as Name;
        self.facts.names.push(name.to_owned());
        self.names.insert(name.to_owned(), id);
        id
    }

    /// The name of an identifier, without `r#`.
    pub(super) fn ident(&mut self, ident: &proc_macro2::Ident) -> Name {
        self.with_text(ident, |builder, text| builder.name(text))
    }

    /// Runs with the text of an identifier, without `r#`. Identifiers are most of a file, and this makes
    /// no string for each.
    pub(super) fn with_text<T>(
        &mut self,
        ident: &proc_macro2::Ident,
        run: impl FnOnce(&mut Self, &str) -> T,
    ) -> T {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        // Writing to a string does not fail.
        let _ = write!(text, "{ident}");
        let result = run(self, text.strip_prefix("r#").unwrap_or(&text));
        self.text = text;
        result
    }

    pub(super) fn path(&mut self, root: PathRoot, segments: Vec<Name>) -> PathId {
        let path = PathFacts { root, segments };
        if let Some(known) = self.paths.get(&path) {
            return *known;
        }
        let id = self.facts.paths.len() as PathId;
        self.facts.paths.push(path.clone());
        self.paths.insert(path, id);
        id
    }

    pub(super) fn cfg(&mut self, condition: &str) -> CfgId {
        if let Some(known) = self.cfgs.get(condition) {
            return *known;
        }
        let id = self.facts.cfgs.len() as CfgId;
        self.facts.cfgs.push(condition.to_owned());
        self.cfgs.insert(condition.to_owned(), id);
        id
    }

    /// Both conditions at once.
    pub(super) fn both(&mut self, a: Option<CfgId>, b: Option<CfgId>) -> Option<CfgId> {
        match (a, b) {
            (Some(a), Some(b)) if a != b => {
                let text = format!("all({}, {})", self.condition(a), self.condition(b));
                Some(self.cfg(&text))
            }
            (a, b) => a.or(b),
        }
    }

    pub(super) fn condition(&self, cfg: CfgId) -> &str {
        self.facts.cfgs.get(cfg as usize).map_or("", String::as_str)
    }

    pub(super) fn scope(
        &mut self,
        kind: ScopeKind,
        name: Option<Name>,
        parent: Option<ScopeId>,
        cfg: Option<CfgId>,
    ) -> ScopeId {
        let id = self.facts.scopes.len() as ScopeId;
        self.facts.scopes.push(ScopeFacts {
            kind,
            name,
            parent: parent.unwrap_or(id),
            cfg,
            items: Vec::new(),
            imports: Vec::new(),
        });
        id
    }

    pub(super) fn scope_mut(&mut self, scope: ScopeId) -> &mut ScopeFacts {
        &mut self.facts.scopes[scope as usize]
    }

    pub(super) fn node(
        &mut self,
        name: Name,
        span: Span,
        scope: ScopeId,
        cfg: Option<CfgId>,
    ) -> NodeId {
        let id = self.facts.nodes.len() as NodeId;
        let spot = self.positions.spot(span);
        self.facts.nodes.push(NodeFacts {
            name,
            spot,
            scope,
            cfg,
            mentions: Vec::new(),
            links: Vec::new(),
            defines: Vec::new(),
        });
        id
    }

    pub(super) fn node_mut(&mut self, node: NodeId) -> &mut NodeFacts {
        &mut self.facts.nodes[node as usize]
    }

    /// Notes a mention. A second one of the same thing in the same node is kept only where each
    /// could be a mistake of its own: resources are upper case.
    pub(super) fn mention(&mut self, node: NodeId, what: What, cfg: Option<CfgId>, spot: Spot) {
        let once = match what {
            What::Value(path) | What::Tokens(path) | What::Call(path, ..) => !self.is_upper(path),
            _ => true,
        };
        if once && !self.seen.insert((node, what, cfg)) {
            return;
        }
        self.node_mut(node)
            .mentions
            .push(Mention { what, cfg, spot });
    }

    fn is_upper(&self, path: PathId) -> bool {
        self.facts
            .paths
            .get(path as usize)
            .and_then(|path| path.segments.last())
            .and_then(|name| self.facts.names.get(*name as usize))
            .is_some_and(|name| name.starts_with(|first: char| first.is_uppercase()))
    }
}
