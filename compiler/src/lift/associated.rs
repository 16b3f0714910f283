//! Impls and traits: functions and consts that belong to a type.

use proc_macro2::Ident;
use syn::{ImplItem, TraitItem};

use super::facts::{ImplFacts, ItemKind, MethodFacts, NodeId, ScopeKind};
use super::items::{Items, type_parameters};
use super::{marks, paths};

impl<'b> Items<'_, 'b> {
    pub(super) fn implementation(&mut self, item: &syn::ItemImpl) {
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

    pub(super) fn declare_trait(&mut self, item: &syn::ItemTrait) {
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
