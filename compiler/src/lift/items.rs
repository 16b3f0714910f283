//! The items of a module or block.

use proc_macro2::{Ident, Span};
use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::{ImplItem, Item, TraitItem, UseTree, Visibility};

use super::attributes::{self, Attributes};
use super::body::Body;
use super::builder::Builder;
use super::facts::{
    FileFacts, Hidden, HiddenWhat, ImplFacts, ImportFacts, ItemFacts, ItemKind, MethodFacts, Name,
    NodeId, PathId, PathRoot, ScopeId, ScopeKind, Vis,
};
use super::marks;
use super::paths;
use super::positions::Positions;
use super::tokens;

/// The facts of a whole file.
pub(super) fn file(file: &syn::File, positions: &Positions<'_>) -> FileFacts {
    let mut builder = Builder::new(positions);
    let inner = attributes::read(&mut builder, &file.attrs);
    let cfg = if inner.test {
        Some(builder.cfg("test"))
    } else {
        inner.cfg
    };
    let root = builder.scope(ScopeKind::Module, None, None, cfg);
    for item in &file.items {
        Items::new(&mut builder, root).item(item);
    }
    builder.facts
}

/// Walks the items of one scope.
pub(super) struct Items<'s, 'b> {
    builder: &'s mut Builder<'b>,
    scope: ScopeId,
    /// Type parameters of what is around the item: names that only rustc can follow.
    generics: Vec<String>,
}

impl<'s, 'b> Items<'s, 'b> {
    pub(super) fn new(builder: &'s mut Builder<'b>, scope: ScopeId) -> Self {
        Self {
            builder,
            scope,
            generics: Vec::new(),
        }
    }

    pub(super) fn item(&mut self, item: &Item) {
        match item {
            Item::Verbatim(tokens) => self.verbatim(tokens),
            Item::Fn(item) => self.function(item),
            Item::Mod(item) => self.module(item),
            Item::Use(item) => self.import(item),
            Item::Impl(item) => self.implementation(item),
            Item::Trait(item) => self.declare_trait(item),
            Item::Macro(item) => self.item_macro(item),
            Item::Static(item) => {
                let Some(read) = self.read(&item.attrs) else {
                    return;
                };
                let node = self.value(&item.ident, &item.vis, &read);
                let carrier = || cloudc_syntax::StaticItem::from(item);
                marks::on_static(self.builder, node, self.scope, &read, carrier);
                self.body(node).signature(&item.ty).expression(&item.expr);
            }
            Item::Const(item) => {
                let Some(read) = self.read(&item.attrs) else {
                    return;
                };
                let node = self.value(&item.ident, &item.vis, &read);
                marks::on_other(self.builder, node, self.scope, &read);
                self.body(node).signature(&item.ty).expression(&item.expr);
            }
            Item::Struct(item) => {
                let is_value = !matches!(item.fields, syn::Fields::Named(_));
                let kind = |node| ItemKind::Struct(node, is_value);
                self.data(
                    &item.attrs,
                    &item.ident,
                    &item.vis,
                    &item.generics,
                    kind,
                    |body| {
                        body.fields(&item.fields);
                    },
                );
            }
            Item::Union(item) => {
                let kind = |node| ItemKind::Struct(node, false);
                self.data(
                    &item.attrs,
                    &item.ident,
                    &item.vis,
                    &item.generics,
                    kind,
                    |body| {
                        body.fields(&syn::Fields::Named(item.fields.clone()));
                    },
                );
            }
            Item::Enum(item) => self.enumeration(item),
            Item::Type(item) => {
                let alias = paths::of_type(&item.ty).map(|path| paths::path(self.builder, path));
                let kind = |node| ItemKind::Alias(node, alias);
                self.data(
                    &item.attrs,
                    &item.ident,
                    &item.vis,
                    &item.generics,
                    kind,
                    |body| {
                        body.signature(&item.ty);
                    },
                );
            }
            Item::TraitAlias(item) => {
                let kind = |node| ItemKind::Trait(node, Vec::new());
                self.data(
                    &item.attrs,
                    &item.ident,
                    &item.vis,
                    &item.generics,
                    kind,
                    |body| {
                        body.bounds(&item.bounds);
                    },
                );
            }
            Item::ExternCrate(item) => {
                let Some(read) = self.read(&item.attrs) else {
                    return;
                };
                let krate = self.builder.ident(&item.ident);
                let ident = item
                    .rename
                    .as_ref()
                    .map_or(&item.ident, |(_, rename)| rename);
                self.declare(ident, &item.vis, &read, ItemKind::ExternCrate(krate));
            }
            // `extern "C"` blocks cannot touch a resource, and `Item` may grow.
            _ => {}
        }
    }

    /// The attributes of an item; `None` if it exists in tests only.
    fn read(&mut self, attributes: &[syn::Attribute]) -> Option<Attributes> {
        let read = attributes::read(self.builder, attributes);
        (!read.test).then_some(read)
    }

    fn declare(&mut self, ident: &Ident, vis: &Visibility, read: &Attributes, kind: ItemKind) {
        let name = self.builder.ident(ident);
        let spot = self.builder.positions.spot(ident.span());
        let item = ItemFacts {
            name,
            spot,
            vis: visibility(vis),
            cfg: read.cfg,
            kind,
        };
        self.builder.scope_mut(self.scope).items.push(item);
    }

    fn node(&mut self, ident: &Ident, read: &Attributes) -> NodeId {
        let name = self.builder.ident(ident);
        self.builder.node(name, ident.span(), self.scope, read.cfg)
    }

    fn value(&mut self, ident: &Ident, vis: &Visibility, read: &Attributes) -> NodeId {
        let node = self.node(ident, read);
        self.declare(ident, vis, read, ItemKind::Value(node));
        node
    }

    fn body(&mut self, node: NodeId) -> Body<'_, 'b> {
        Body::new(self.builder, node, self.scope, &self.generics)
    }

    /// A static without a value, which syn leaves as tokens.
    fn verbatim(&mut self, tokens: &proc_macro2::TokenStream) {
        let Ok(item) = syn::parse2::<cloudc_syntax::StaticItem>(tokens.clone()) else {
            return;
        };
        let Some(read) = self.read(&item.attrs) else {
            return;
        };
        let node = self.value(&item.ident, &item.vis, &read);
        marks::on_static(self.builder, node, self.scope, &read, || item.clone());
        self.body(node).signature(&item.ty);
    }

    fn function(&mut self, item: &syn::ItemFn) {
        let Some(read) = self.read(&item.attrs) else {
            return;
        };
        let node = self.node(&item.sig.ident, &read);
        self.declare(&item.sig.ident, &item.vis, &read, ItemKind::Function(node));
        marks::on_function(self.builder, node, self.scope, &read, item);
        self.body(node).function(&item.sig, Some(&item.block));
    }

    /// An item that no mention reaches: its attributes are looked at all the same.
    fn attributes_alone(&mut self, span: Span, read: &Attributes) {
        if !read.foreign.is_empty() {
            let name = self.builder.name("_");
            let node = self.builder.node(name, span, self.scope, read.cfg);
            marks::on_other(self.builder, node, self.scope, read);
        }
    }

    fn module(&mut self, item: &syn::ItemMod) {
        let Some(mut read) = self.read(&item.attrs) else {
            return;
        };
        self.attributes_alone(item.ident.span(), &read);
        let paths = std::mem::take(&mut read.paths);
        let kind = match &item.content {
            Some((_, items)) => {
                let name = Some(self.builder.ident(&item.ident));
                let kind = ScopeKind::Module;
                let inner = self.builder.scope(kind, name, Some(self.scope), read.cfg);
                for item in items {
                    Items::new(self.builder, inner).item(item);
                }
                ItemKind::Module(inner, paths)
            }
            None => ItemKind::ModuleFile(paths),
        };
        self.declare(&item.ident, &item.vis, &read, kind);
    }

    fn import(&mut self, item: &syn::ItemUse) {
        let Some(read) = self.read(&item.attrs) else {
            return;
        };
        self.attributes_alone(item.use_token.span, &read);
        let root = if item.leading_colon.is_some() {
            PathRoot::Global
        } else {
            PathRoot::Plain
        };
        let mut imports = Vec::new();
        self.use_tree(&item.tree, root, &mut Vec::new(), &mut imports);
        for (path, name, span) in imports {
            let spot = self.builder.positions.spot(span);
            let import = ImportFacts {
                path,
                name,
                vis: visibility(&item.vis),
                cfg: read.cfg,
                spot,
            };
            self.builder.scope_mut(self.scope).imports.push(import);
        }
    }

    fn use_tree(
        &mut self,
        tree: &UseTree,
        root: PathRoot,
        before: &mut Vec<Name>,
        into: &mut Vec<(PathId, Option<Name>, Span)>,
    ) {
        match tree {
            UseTree::Path(part) => {
                before.push(self.builder.ident(&part.ident));
                self.use_tree(&part.tree, root, before, into);
                before.pop();
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(tree, root, before, into);
                }
            }
            UseTree::Glob(glob) => {
                if !before.is_empty() {
                    let path = self.builder.path(root, before.clone());
                    into.push((path, None, glob.span()));
                }
            }
            UseTree::Name(leaf) => self.use_leaf(&leaf.ident, &leaf.ident, root, before, into),
            UseTree::Rename(leaf) => self.use_leaf(&leaf.ident, &leaf.rename, root, before, into),
        }
    }

    fn use_leaf(
        &mut self,
        ident: &Ident,
        rename: &Ident,
        root: PathRoot,
        before: &[Name],
        into: &mut Vec<(PathId, Option<Name>, Span)>,
    ) {
        // `use x as _` names nothing; traits need no name here.
        if rename == "_" {
            return;
        }
        let mut segments = before.to_vec();
        // `use a::{self}` is `use a`.
        if ident != "self" || before.is_empty() {
            segments.push(self.builder.ident(ident));
        }
        let name = match (ident == "self" && rename == "self", segments.last()) {
            (true, Some(last)) => *last,
            _ => self.builder.ident(rename),
        };
        let path = self.builder.path(root, segments);
        into.push((path, Some(name), ident.span()));
    }

    /// A struct, union, enum or alias: what it is made of.
    fn data(
        &mut self,
        attributes: &[syn::Attribute],
        ident: &Ident,
        vis: &Visibility,
        generics: &syn::Generics,
        kind: impl FnOnce(NodeId) -> ItemKind,
        parts: impl FnOnce(&mut Body<'_, 'b>),
    ) {
        let Some(read) = self.read(attributes) else {
            return;
        };
        let node = self.node(ident, &read);
        self.declare(ident, vis, &read, kind(node));
        marks::on_other(self.builder, node, self.scope, &read);
        let mut body = self.body(node);
        body.generics(generics);
        parts(&mut body);
    }

    fn enumeration(&mut self, item: &syn::ItemEnum) {
        let mut variants = Vec::new();
        for variant in &item.variants {
            variants.push(self.builder.ident(&variant.ident));
        }
        let kind = |node| ItemKind::Enum(node, variants);
        self.data(
            &item.attrs,
            &item.ident,
            &item.vis,
            &item.generics,
            kind,
            |body| {
                for variant in &item.variants {
                    body.fields(&variant.fields);
                }
            },
        );
    }

    fn implementation(&mut self, item: &syn::ItemImpl) {
        let Some(read) = self.read(&item.attrs) else {
            return;
        };
        let self_type = paths::of_type(&item.self_ty).map(|path| paths::path(self.builder, path));
        let of_trait = item
            .trait_
            .as_ref()
            .map(|(path, _)| paths::path(self.builder, path));
        let title = impl_title(item);
        let name = self.builder.name(&title);
        let span = item.impl_token.span;
        let outer = self.scope;
        let kind = ScopeKind::Impl(self_type);
        let inner = self.builder.scope(kind, Some(name), Some(outer), read.cfg);
        let header = self.builder.node(name, span, inner, None);
        let generics = type_parameters(&item.generics);
        let around = std::mem::replace(&mut self.generics, generics);
        marks::on_other(self.builder, header, outer, &read);
        self.scope = inner;
        self.body(header)
            .generics(&item.generics)
            .signature(&item.self_ty);
        if let Some((path, _)) = &item.trait_ {
            self.body(header).type_path(path);
        }
        let mut methods = Vec::new();
        for part in &item.items {
            match part {
                ImplItem::Fn(part) => {
                    let block = Some(&part.block);
                    methods.extend(self.method(&part.attrs, &part.sig, block, header));
                }
                ImplItem::Const(part) => {
                    let value = Some(&part.expr);
                    methods.extend(self.constant(
                        &part.attrs,
                        &part.ident,
                        &part.ty,
                        value,
                        header,
                    ));
                }
                ImplItem::Type(part) => {
                    self.body(header).signature(&part.ty);
                }
                ImplItem::Macro(part) => {
                    self.body(header).invocation(&part.mac);
                }
                _ => {}
            }
        }
        self.scope = outer;
        self.generics = around;
        self.builder.facts.impls.push(ImplFacts {
            scope: inner,
            self_type,
            of_trait,
            header,
            methods,
        });
    }

    fn method(
        &mut self,
        attributes: &[syn::Attribute],
        sig: &syn::Signature,
        block: Option<&syn::Block>,
        header: NodeId,
    ) -> Option<MethodFacts> {
        let read = self.read(attributes)?;
        let node = self.node(&sig.ident, &read);
        marks::on_other(self.builder, node, self.scope, &read);
        self.body(node).function(sig, block);
        self.builder.node_mut(node).links.push(header);
        let receiver = sig.receiver().is_some();
        Some(MethodFacts {
            name: self.builder.ident(&sig.ident),
            node,
            arity: receiver.then(|| u8::try_from(sig.inputs.len() - 1).unwrap_or(u8::MAX)),
        })
    }

    /// A const of an impl or trait.
    fn constant(
        &mut self,
        attributes: &[syn::Attribute],
        ident: &Ident,
        ty: &syn::Type,
        value: Option<&syn::Expr>,
        header: NodeId,
    ) -> Option<MethodFacts> {
        let read = self.read(attributes)?;
        let node = self.node(ident, &read);
        self.body(node).signature(ty);
        if let Some(value) = value {
            self.body(node).expression(value);
        }
        self.builder.node_mut(node).links.push(header);
        Some(MethodFacts {
            name: self.builder.ident(ident),
            node,
            arity: None,
        })
    }

    fn declare_trait(&mut self, item: &syn::ItemTrait) {
        let Some(read) = self.read(&item.attrs) else {
            return;
        };
        let node = self.node(&item.ident, &read);
        let outer = self.scope;
        let name = Some(self.builder.ident(&item.ident));
        let kind = ScopeKind::Trait;
        let inner = self.builder.scope(kind, name, Some(outer), read.cfg);
        let generics = type_parameters(&item.generics);
        let around = std::mem::replace(&mut self.generics, generics);
        marks::on_other(self.builder, node, outer, &read);
        self.scope = inner;
        self.body(node)
            .generics(&item.generics)
            .bounds(&item.supertraits);
        let mut methods = Vec::new();
        for part in &item.items {
            match part {
                TraitItem::Fn(part) => {
                    let block = part.default.as_ref();
                    methods.extend(self.method(&part.attrs, &part.sig, block, node));
                }
                TraitItem::Const(part) => {
                    let value = part.default.as_ref().map(|(_, value)| value);
                    methods.extend(self.constant(&part.attrs, &part.ident, &part.ty, value, node));
                }
                TraitItem::Macro(part) => {
                    self.body(node).invocation(&part.mac);
                }
                _ => {}
            }
        }
        self.scope = outer;
        self.generics = around;
        self.declare(
            &item.ident,
            &item.vis,
            &read,
            ItemKind::Trait(node, methods),
        );
    }

    fn item_macro(&mut self, item: &syn::ItemMacro) {
        let Some(read) = self.read(&item.attrs) else {
            return;
        };
        self.attributes_alone(item.mac.path.span(), &read);
        let path = item.mac.path.to_token_stream().to_string().replace(' ', "");
        let name = item
            .ident
            .as_ref()
            .map_or_else(|| path.clone(), Ident::to_string);
        let attribute = tokens::hidden_attribute(&item.mac.tokens);
        self.hide(attribute, &read, HiddenWhat::Attribute(name.clone()));
        let module = tokens::hidden_module(&item.mac.tokens);
        self.hide(module, &read, HiddenWhat::Module(name));
        let mut defines = Vec::new();
        if let Some(ident) = &item.ident {
            let node = self.node(ident, &read);
            self.declare(ident, &Visibility::Inherited, &read, ItemKind::Macro(node));
            tokens::mentions(self.builder, node, None, &item.mac.tokens);
            tokens::defined(self.builder, &item.mac.tokens, &mut defines);
            self.defines(node, defines);
            return;
        }
        let name = self.builder.name(&format!("{path}!"));
        let node = self
            .builder
            .node(name, item.mac.path.span(), self.scope, read.cfg);
        self.body(node).invocation(&item.mac);
        tokens::definable(self.builder, &item.mac.tokens, &mut defines);
        self.defines(node, defines);
        if path == "include" || path == "std::include" {
            self.hide(Some(item.mac.path.span()), &read, HiddenWhat::Include);
        }
    }

    fn defines(&mut self, node: NodeId, mut names: Vec<Name>) {
        names.sort_unstable();
        names.dedup();
        self.builder.node_mut(node).defines = names;
    }

    fn hide(&mut self, span: Option<Span>, read: &Attributes, what: HiddenWhat) {
        if let Some(span) = span {
            let spot = self.builder.positions.spot(span);
            self.builder.facts.hidden.push(Hidden {
                spot,
                scope: self.scope,
                cfg: read.cfg,
                what,
            });
        }
    }
}

/// The type parameters that a signature, impl or trait declares.
pub(super) fn type_parameters(generics: &syn::Generics) -> Vec<String> {
    generics
        .type_params()
        .map(|parameter| parameter.ident.to_string())
        .collect()
}

fn visibility(vis: &Visibility) -> Vis {
    match vis {
        Visibility::Public(_) => Vis::Public,
        Visibility::Inherited => Vis::Private,
        Visibility::Restricted(restricted) if restricted.path.is_ident("self") => Vis::Private,
        Visibility::Restricted(restricted) if restricted.path.is_ident("super") => Vis::Super,
        Visibility::Restricted(_) => Vis::Crate,
    }
}

/// `<Shelf as Store>` for an impl of a trait, `Shelf` for the type's own.
fn impl_title(item: &syn::ItemImpl) -> String {
    let last = |path: &syn::Path| {
        path.segments
            .last()
            .map(|segment| segment.ident.to_string())
            .unwrap_or_default()
    };
    let of = match paths::of_type(&item.self_ty) {
        Some(path) => last(path),
        None => "_".to_owned(),
    };
    match &item.trait_ {
        Some((path, _)) => format!("<{of} as {}>", last(path)),
        None => of,
    }
}
