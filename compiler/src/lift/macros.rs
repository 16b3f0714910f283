//! Macros at module level: `macro_rules!`, and invocations that may define anything.

use proc_macro2::{Ident, Span};
use quote::ToTokens as _;
use syn::Visibility;
use syn::spanned::Spanned as _;

use super::attributes::Attributes;
use super::facts::{Hidden, HiddenWhat, ItemKind, Name, NodeId};
use super::items::Items;
use super::tokens;

impl Items<'_, '_> {
    pub(super) fn item_macro(&mut self, item: &syn::ItemMacro) {
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
        tokens::defined(self.builder, &item.mac.tokens, &mut defines);
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
