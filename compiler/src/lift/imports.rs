//! What a `use` brings in, one name at a time.

use proc_macro2::{Ident, Span};
use syn::UseTree;
use syn::spanned::Spanned as _;

use super::facts::{ImportFacts, Name, PathId, PathRoot};
use super::items::{Items, visibility};

impl Items<'_, '_> {
    pub(super) fn import(&mut self, item: &syn::ItemUse) {
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
}
