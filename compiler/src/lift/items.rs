//! The items of a module or block.

use proc_macro2::{Ident, Span};
use rustc_hash::FxHashSet;
use syn::ext::IdentExt as _;
use syn::{Item, Visibility};

use super::attributes::{self, Attributes};
use super::body::Body;
use super::builder::Builder;
use super::facts::{FileFacts, ItemFacts, ItemKind, NodeId, ScopeId, ScopeKind, Vis};
use super::marks;
use super::paths;
use super::positions::Positions;

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
    pub(super) builder: &'s mut Builder<'b>,
    pub(super) scope: ScopeId,
    /// Type parameters of what is around the item: names that only rustc can follow.
    pub(super) generics: FxHashSet<String>,
}

impl<'s, 'b> Items<'s, 'b> {
    pub(super) fn new(builder: &'s mut Builder<'b>, scope: ScopeId) -> Self {
        Self {
            builder,
            scope,
            generics: FxHashSet::default(),
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
    pub(super) fn read(&mut self, attributes: &[syn::Attribute]) -> Option<Attributes> {
        let read = attributes::read(self.builder, attributes);
        (!read.test).then_some(read)
    }

    pub(super) fn declare(
        &mut self,
        ident: &Ident,
        vis: &Visibility,
        read: &Attributes,
        kind: ItemKind,
    ) {
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

    pub(super) fn node(&mut self, ident: &Ident, read: &Attributes) -> NodeId {
        let name = self.builder.ident(ident);
        self.builder.node(name, ident.span(), self.scope, read.cfg)
    }

    fn value(&mut self, ident: &Ident, vis: &Visibility, read: &Attributes) -> NodeId {
        let node = self.node(ident, read);
        self.declare(ident, vis, read, ItemKind::Value(node));
        node
    }

    pub(super) fn body(&mut self, node: NodeId) -> Body<'_, 'b> {
        Body::new(self.builder, node, self.scope, self.generics.clone())
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
    pub(super) fn attributes_alone(&mut self, span: Span, read: &Attributes) {
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
}

/// The type and const parameters that a signature, impl or trait declares.
pub(super) fn type_parameters(generics: &syn::Generics) -> FxHashSet<String> {
    let types = generics.type_params().map(|parameter| &parameter.ident);
    let consts = generics.const_params().map(|parameter| &parameter.ident);
    let names = types.chain(consts).map(|name| name.unraw().to_string());
    names.collect()
}

pub(super) fn visibility(vis: &Visibility) -> Vis {
    match vis {
        Visibility::Public(_) => Vis::Public,
        Visibility::Inherited => Vis::Private,
        Visibility::Restricted(restricted) if restricted.path.is_ident("self") => Vis::Private,
        Visibility::Restricted(restricted) if restricted.path.is_ident("super") => Vis::Super,
        Visibility::Restricted(_) => Vis::Crate,
    }
}
