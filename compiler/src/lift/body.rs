//! What a body, a signature or a type mentions.

use rustc_hash::FxHashSet;
use syn::visit::{self, Visit};
use syn::{Block, Expr, Pat, Stmt};

use super::attributes::{self, Attributes, Foreign};
use super::builder::Builder;
use super::facts::{CfgId, Hidden, HiddenWhat, NodeId, PathRoot, ScopeId, ScopeKind, What};
use super::items::{Items, type_parameters};
use super::paths;
use super::tokens;

/// Names that hide those of the scopes around them.
enum Rib {
    /// Variables.
    Locals(FxHashSet<String>),
    /// The items of a block: not variables, whatever is around.
    Items(FxHashSet<String>),
    /// A block that imports all of something: any variable around it may be hidden.
    Anything,
}

/// Walks one node's code.
pub(super) struct Body<'s, 'b> {
    builder: &'s mut Builder<'b>,
    node: NodeId,
    scope: ScopeId,
    cfg: Option<CfgId>,
    ribs: Vec<Rib>,
    generics: FxHashSet<String>,
}

impl<'s, 'b> Body<'s, 'b> {
    pub(super) fn new(
        builder: &'s mut Builder<'b>,
        node: NodeId,
        scope: ScopeId,
        generics: FxHashSet<String>,
    ) -> Self {
        Self {
            builder,
            node,
            scope,
            cfg: None,
            ribs: vec![Rib::Locals(FxHashSet::default())],
            generics,
        }
    }

    /// The arguments of attributes that may be macros count as their tokens.
    pub(super) fn attributes(&mut self, read: &Attributes) -> &mut Self {
        for foreign in &read.foreign {
            self.attribute(foreign);
        }
        self
    }

    pub(super) fn attribute(&mut self, foreign: &Foreign) {
        let cfg = self.builder.both(self.cfg, foreign.cfg);
        match &foreign.meta {
            syn::Meta::List(list) => self.attribute_tokens(&list.tokens, cfg),
            syn::Meta::NameValue(pair) => {
                let value = &pair.value;
                self.attribute_tokens(&quote::quote!(#value), cfg);
            }
            syn::Meta::Path(_) => {}
        }
    }

    /// Tokens of an attribute, where a string may hold a path, as in `#[serde(with = "a::b")]`.
    fn attribute_tokens(&mut self, tokens: &proc_macro2::TokenStream, cfg: Option<CfgId>) {
        tokens::mentions(self.builder, self.node, cfg, tokens);
        for token in tokens.clone() {
            match token {
                proc_macro2::TokenTree::Group(group) => self.attribute_tokens(&group.stream(), cfg),
                proc_macro2::TokenTree::Literal(literal) => {
                    if let syn::Lit::Str(text) = syn::Lit::new(literal) {
                        self.attribute_string(&text, cfg);
                    }
                }
                _ => {}
            }
        }
    }

    /// A string in an attribute that may be a path, or another expression.
    fn attribute_string(&mut self, literal: &syn::LitStr, cfg: Option<CfgId>) {
        let text = literal.value();
        if !looks_like_path(&text) {
            // Only what calls something: most strings are words.
            if text.contains("::") && text.len() < 1_000 && syn::parse_str::<Expr>(&text).is_ok() {
                let tokens = text.parse().map(|tokens| respanned(tokens, literal.span()));
                tokens::mentions(self.builder, self.node, cfg, &tokens.unwrap_or_default());
            }
            return;
        }
        let segments: Vec<_> = text
            .split("::")
            .map(|part| self.builder.name(part))
            .collect();
        let spot = self.builder.positions.spot(literal.span());
        let path = self.builder.path(PathRoot::Plain, segments.clone());
        self.builder.mention(self.node, What::Type(path), cfg, spot);
        // `with = "module"` means the module's two functions.
        for function in [None, Some("serialize"), Some("deserialize")] {
            let mut segments = segments.clone();
            segments.extend(function.map(|function| self.builder.name(function)));
            let path = self.builder.path(PathRoot::Plain, segments);
            self.builder
                .mention(self.node, What::Value(path), cfg, spot);
        }
    }

    pub(super) fn signature(&mut self, ty: &syn::Type) -> &mut Self {
        self.visit_type(ty);
        self
    }

    pub(super) fn expression(&mut self, expr: &Expr) -> &mut Self {
        self.visit_expr(expr);
        self
    }

    pub(super) fn generics(&mut self, generics: &syn::Generics) -> &mut Self {
        self.generics.extend(type_parameters(generics));
        self.visit_generics(generics);
        self
    }

    pub(super) fn bounds(
        &mut self,
        bounds: &syn::punctuated::Punctuated<syn::TypeParamBound, syn::Token![+]>,
    ) -> &mut Self {
        for bound in bounds {
            self.visit_type_param_bound(bound);
        }
        self
    }

    /// Fields, with the attributes that derives read.
    pub(super) fn fields(&mut self, fields: &syn::Fields) -> &mut Self {
        for field in fields {
            let read = attributes::read(self.builder, &field.attrs);
            if !read.test {
                self.attributes(&read);
                self.visit_type(&field.ty);
            }
        }
        self
    }

    pub(super) fn function(&mut self, sig: &syn::Signature, block: Option<&Block>) {
        self.generics.extend(type_parameters(&sig.generics));
        self.visit_generics(&sig.generics);
        for input in &sig.inputs {
            self.visit_fn_arg(input);
        }
        self.visit_return_type(&sig.output);
        if let Some(block) = block {
            self.visit_block(block);
        }
    }

    /// A path that names a type or trait.
    pub(super) fn type_path(&mut self, path: &syn::Path) {
        self.mention_type(path);
        visit::visit_path(self, path);
    }

    pub(super) fn invocation(&mut self, mac: &syn::Macro) {
        let path = paths::path(self.builder, &mac.path);
        let spot = paths::spot(self.builder, &mac.path);
        self.builder
            .mention(self.node, What::Macro(path), self.cfg, spot);
        if mac.path.is_ident("stringify") {
            return;
        }
        tokens::mentions(self.builder, self.node, self.cfg, &mac.tokens);
    }

    fn mention_type(&mut self, path: &syn::Path) {
        if let Some(what) = self.through_parameter(path) {
            if let Some(what) = what {
                let spot = paths::spot(self.builder, path);
                self.builder.mention(self.node, what, self.cfg, spot);
            }
            return;
        }
        let id = paths::path(self.builder, path);
        let spot = paths::spot(self.builder, path);
        self.builder
            .mention(self.node, What::Type(id), self.cfg, spot);
    }

    /// For a path that starts at a type parameter: what is known of it.
    fn through_parameter(&mut self, path: &syn::Path) -> Option<Option<What>> {
        let first = path.segments.first()?;
        let generics = &self.generics;
        let is_parameter = path.leading_colon.is_none()
            && self
                .builder
                .with_text(&first.ident, |_, name| generics.contains(name));
        if !is_parameter {
            return None;
        }
        let name = match path.segments.len() {
            1 => return Some(None),
            _ => path.segments.last()?,
        };
        Some(Some(What::Associated(self.builder.ident(&name.ident))))
    }

    fn mention_value(&mut self, path: &syn::Path) {
        if self.is_local(path) {
            return;
        }
        let what = match self.through_parameter(path) {
            Some(Some(what)) => what,
            Some(None) => return,
            None => What::Value(paths::path(self.builder, path)),
        };
        let spot = paths::spot(self.builder, path);
        self.builder.mention(self.node, what, self.cfg, spot);
    }

    fn is_local(&mut self, path: &syn::Path) -> bool {
        let Some(ident) = path.get_ident() else {
            return false;
        };
        let ribs = &self.ribs;
        self.builder.with_text(ident, |_, name| {
            let found = ribs.iter().rev().find_map(|rib| match rib {
                Rib::Locals(names) => names.contains(name).then_some(true),
                Rib::Items(names) => names.contains(name).then_some(false),
                Rib::Anything => Some(false),
            });
            found.unwrap_or(false)
        })
    }

    fn bind(&mut self, name: String) {
        match self.ribs.last_mut() {
            Some(Rib::Locals(names)) => {
                names.insert(name);
            }
            _ => self.ribs.push(Rib::Locals(FxHashSet::from_iter([name]))),
        }
    }

    /// Runs in a rib of its own.
    fn scoped(&mut self, run: impl FnOnce(&mut Self)) {
        let depth = self.ribs.len();
        self.ribs.push(Rib::Locals(FxHashSet::default()));
        run(self);
        self.ribs.truncate(depth);
    }

    /// Runs under the conditions of some attributes, unless it exists in tests only.
    fn under(&mut self, attributes: &[syn::Attribute], run: impl FnOnce(&mut Self)) {
        let Ok(condition) = attributes::condition(self.builder, attributes) else {
            return;
        };
        let around = self.cfg;
        self.cfg = self.builder.both(around, condition);
        run(self);
        self.cfg = around;
    }

    /// The items of a block get a scope of their own, and the block's code a node that looks there.
    fn block_with_items(&mut self, block: &Block) {
        let scope = self
            .builder
            .scope(ScopeKind::Block, None, Some(self.scope), None);
        let mut names = FxHashSet::default();
        let mut is_open = false;
        for stmt in &block.stmts {
            if let Stmt::Item(item) = stmt {
                Items::new(self.builder, scope).item(item);
            }
        }
        for item in &self.builder.facts.scopes[scope as usize].items {
            names.extend(self.builder.facts.names.get(item.name as usize).cloned());
        }
        for import in &self.builder.facts.scopes[scope as usize].imports {
            let name = import
                .name
                .and_then(|name| self.builder.facts.names.get(name as usize));
            is_open |= import.name.is_none();
            names.extend(name.cloned());
        }
        let outer = self.builder.node_mut(self.node);
        let (name, spot) = (outer.name, outer.spot);
        let inner = self
            .builder
            .node(name, proc_macro2::Span::call_site(), scope, None);
        self.builder.node_mut(inner).spot = spot;
        self.builder.node_mut(self.node).links.push(inner);
        let around = (self.node, self.scope);
        (self.node, self.scope) = (inner, scope);
        self.ribs.push(if is_open {
            Rib::Anything
        } else {
            Rib::Items(names)
        });
        for stmt in &block.stmts {
            if !matches!(stmt, Stmt::Item(_)) {
                self.visit_stmt(stmt);
            }
        }
        (self.node, self.scope) = around;
    }

    fn include(&mut self, mac: &syn::Macro) {
        if mac.path.is_ident("include") {
            let spot = paths::spot(self.builder, &mac.path);
            self.builder.facts.hidden.push(Hidden {
                spot,
                scope: self.scope,
                cfg: self.cfg,
                what: HiddenWhat::Include,
            });
        }
    }
}

impl<'ast> Visit<'ast> for Body<'_, '_> {
    fn visit_block(&mut self, block: &'ast Block) {
        self.scoped(|body| {
            if block.stmts.iter().any(|stmt| matches!(stmt, Stmt::Item(_))) {
                body.block_with_items(block);
            } else {
                visit::visit_block(body, block);
            }
        });
    }

    fn visit_stmt(&mut self, stmt: &'ast Stmt) {
        match stmt {
            Stmt::Local(local) => self.under(&local.attrs, |body| {
                // The new variables are not there yet in their own value.
                if let Some(init) = &local.init {
                    body.visit_expr(&init.expr);
                    if let Some((_, diverge)) = &init.diverge {
                        body.visit_expr(diverge);
                    }
                }
                body.visit_pat(&local.pat);
            }),
            Stmt::Macro(stmt) => self.under(&stmt.attrs, |body| body.visit_macro(&stmt.mac)),
            Stmt::Expr(expr, _) => self.visit_expr(expr),
            Stmt::Item(_) => {}
        }
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        let attributes = expression_attributes(expr);
        if attributes.is_empty() {
            visit::visit_expr(self, expr);
        } else {
            self.under(attributes, |body| visit::visit_expr(body, expr));
        }
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_expr_path(&mut self, expr: &'ast syn::ExprPath) {
        match &expr.qself {
            // `<T as Trait>::name`, `<T>::name`
            Some(qself) => {
                self.visit_type(&qself.ty);
                if qself.position > 0 {
                    self.mention_value(&expr.path);
                } else if let Some(last) = expr.path.segments.last() {
                    let name = self.builder.ident(&last.ident);
                    let spot = paths::spot(self.builder, &expr.path);
                    self.builder
                        .mention(self.node, What::Associated(name), self.cfg, spot);
                }
            }
            None => self.mention_value(&expr.path),
        }
        visit::visit_path(self, &expr.path);
    }

    fn visit_expr_struct(&mut self, expr: &'ast syn::ExprStruct) {
        self.type_path(&expr.path);
        for field in &expr.fields {
            self.under(&field.attrs, |body| body.visit_expr(&field.expr));
        }
        if let Some(rest) = &expr.rest {
            self.visit_expr(rest);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let name = self.builder.ident(&call.method);
        let arity = Some(u8::try_from(call.args.len()).unwrap_or(u8::MAX));
        match plain(&call.receiver) {
            Expr::Path(receiver)
                if receiver.qself.is_none()
                    && receiver
                        .path
                        .segments
                        .last()
                        .is_some_and(|last| last.arguments.is_none())
                    && !self.is_local(&receiver.path) =>
            {
                let path = paths::path(self.builder, &receiver.path);
                let spot = paths::spot(self.builder, &receiver.path);
                let what = What::Call(path, name, arity);
                self.builder.mention(self.node, what, self.cfg, spot);
            }
            receiver => {
                self.visit_expr(receiver);
                let spot = self.builder.positions.spot(call.method.span());
                let what = What::Method(name, arity);
                self.builder.mention(self.node, what, self.cfg, spot);
            }
        }
        if let Some(turbofish) = &call.turbofish {
            self.visit_angle_bracketed_generic_arguments(turbofish);
        }
        for argument in &call.args {
            self.visit_expr(argument);
        }
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.include(mac);
        self.invocation(mac);
    }

    fn visit_type_path(&mut self, ty: &'ast syn::TypePath) {
        match &ty.qself {
            Some(qself) => self.visit_type(&qself.ty),
            None => self.mention_type(&ty.path),
        }
        visit::visit_path(self, &ty.path);
    }

    fn visit_trait_bound(&mut self, bound: &'ast syn::TraitBound) {
        self.mention_type(&bound.path);
        visit::visit_path(self, &bound.path);
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        self.scoped(|body| {
            for input in &closure.inputs {
                body.visit_pat(input);
            }
            body.visit_return_type(&closure.output);
            body.visit_expr(&closure.body);
        });
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        self.under(&arm.attrs, |body| {
            body.scoped(|body| visit::visit_arm(body, arm))
        });
    }

    fn visit_expr_if(&mut self, expr: &'ast syn::ExprIf) {
        self.scoped(|body| {
            body.visit_expr(&expr.cond);
            body.visit_block(&expr.then_branch);
        });
        if let Some((_, other)) = &expr.else_branch {
            self.visit_expr(other);
        }
    }

    fn visit_expr_while(&mut self, expr: &'ast syn::ExprWhile) {
        self.scoped(|body| {
            body.visit_expr(&expr.cond);
            body.visit_block(&expr.body);
        });
    }

    fn visit_expr_let(&mut self, expr: &'ast syn::ExprLet) {
        self.visit_expr(&expr.expr);
        self.visit_pat(&expr.pat);
    }

    fn visit_expr_for_loop(&mut self, expr: &'ast syn::ExprForLoop) {
        self.visit_expr(&expr.expr);
        self.scoped(|body| {
            body.visit_pat(&expr.pat);
            body.visit_block(&expr.body);
        });
    }

    fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
        let name = pat.ident.to_string().trim_start_matches("r#").to_owned();
        // Only rustc knows whether `NAME` binds or compares; a variable is rarely upper case.
        if pat.subpat.is_none() && name.starts_with(char::is_uppercase) {
            self.mention_value(&syn::Path::from(pat.ident.clone()));
        } else {
            self.bind(name);
        }
        if let Some((_, inner)) = &pat.subpat {
            self.visit_pat(inner);
        }
    }

    fn visit_pat_tuple_struct(&mut self, pat: &'ast syn::PatTupleStruct) {
        self.mention_type(&pat.path);
        for element in &pat.elems {
            self.visit_pat(element);
        }
    }

    fn visit_pat_struct(&mut self, pat: &'ast syn::PatStruct) {
        self.mention_type(&pat.path);
        for field in &pat.fields {
            self.visit_pat(&field.pat);
        }
    }

    fn visit_pat_or(&mut self, pat: &'ast syn::PatOr) {
        pat.cases.iter().for_each(|case: &Pat| self.visit_pat(case));
    }

    /// Items have nodes of their own.
    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

/// An expression without its parentheses.
fn plain(mut expr: &Expr) -> &Expr {
    loop {
        expr = match expr {
            Expr::Paren(inner) if inner.attrs.is_empty() => &inner.expr,
            Expr::Group(inner) => &inner.expr,
            other => return other,
        };
    }
}

/// The tokens as if all of them stood at one place.
fn respanned(
    tokens: proc_macro2::TokenStream,
    span: proc_macro2::Span,
) -> proc_macro2::TokenStream {
    use proc_macro2::{Group, TokenTree};
    let tokens = tokens.into_iter().map(|mut token| {
        if let TokenTree::Group(group) = &token {
            let inner = respanned(group.stream(), span);
            token = TokenTree::Group(Group::new(group.delimiter(), inner));
        }
        token.set_span(span);
        token
    });
    tokens.collect()
}

fn looks_like_path(text: &str) -> bool {
    !text.is_empty()
        && text.split("::").all(|part| {
            part.starts_with(|first: char| first.is_alphabetic() || first == '_')
                && part
                    .chars()
                    .all(|char| char.is_alphanumeric() || char == '_')
        })
}

fn expression_attributes(expr: &Expr) -> &[syn::Attribute] {
    macro_rules! attributes {
        ($($variant:ident)*) => {
            match expr {
                $(Expr::$variant(expr) => &expr.attrs,)*
                _ => &[],
            }
        };
    }
    attributes! {
        Array Assign Async Await Binary Block Break Call Cast Closure Const Continue Field ForLoop
        Group If Index Infer Let Lit Loop Macro Match MethodCall Paren Path Range RawAddr Reference
        Repeat Return Struct Try TryBlock Tuple Unary Unsafe While Yield
    }
}
