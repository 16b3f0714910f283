//! The attributes that the compiler itself understands: `cfg`, `cfg_attr`, `path`, `doc`.

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token};

use super::builder::Builder;
use super::facts::CfgId;

/// Rust's own attributes and those that only lints read: none of them is a macro.
const BUILT_IN: &[&str] = &[
    "allow",
    "automatically_derived",
    "cfg",
    "cfg_attr",
    "cold",
    "deny",
    "deprecated",
    "derive",
    "diagnostic",
    "doc",
    "expect",
    "export_name",
    "forbid",
    "global_allocator",
    "ignore",
    "inline",
    "link",
    "link_name",
    "link_section",
    "macro_export",
    "macro_use",
    "must_use",
    "no_mangle",
    "non_exhaustive",
    "path",
    "proc_macro",
    "proc_macro_attribute",
    "proc_macro_derive",
    "repr",
    "should_panic",
    "target_feature",
    "test",
    "track_caller",
    "used",
    "warn",
    "clippy",
    "rustfmt",
];

/// An attribute that may be a macro, with the condition under which it is there.
pub(super) struct Foreign {
    pub(super) meta: Meta,
    pub(super) cfg: Option<CfgId>,
    pub(super) span: proc_macro2::Span,
}

/// What the attributes of an item say.
#[derive(Default)]
pub(super) struct Attributes {
    /// When the item exists.
    pub(super) cfg: Option<CfgId>,
    /// The item exists in tests only.
    pub(super) test: bool,
    /// `#[path]`, each under its condition.
    pub(super) paths: Vec<(Option<CfgId>, String)>,
    /// The doc comment's first paragraph, on one line.
    pub(super) doc: String,
    /// Attributes that may be macros.
    pub(super) foreign: Vec<Foreign>,
}

/// Reads attributes.
pub(super) fn read(builder: &mut Builder<'_>, attributes: &[Attribute]) -> Attributes {
    let mut read = Attributes::default();
    let mut found = Found::default();
    for attribute in attributes {
        use syn::spanned::Spanned as _;
        let span = attribute.span();
        one(builder, &attribute.meta, None, span, &mut read, &mut found);
    }
    // Joined once: two by two, many conditions would make a text each as long as all.
    read.cfg = match found.conditions.as_slice() {
        [] => None,
        [condition] => Some(builder.cfg(condition)),
        all => Some(builder.cfg(&format!("all({})", all.join(", ")))),
    };
    let paragraph: Vec<&str> = found
        .doc
        .iter()
        .map(|line| line.trim())
        .skip_while(|line| line.is_empty())
        .take_while(|line| !line.is_empty())
        .collect();
    read.doc = paragraph.join(" ");
    read
}

/// The condition of attributes that stand on something smaller than an item; `Err` for one that
/// exists in tests only.
pub(super) fn condition(
    builder: &mut Builder<'_>,
    attributes: &[Attribute],
) -> Result<Option<CfgId>, TestOnly> {
    if attributes.is_empty() {
        return Ok(None);
    }
    let read = read(builder, attributes);
    if read.test {
        Err(TestOnly)
    } else {
        Ok(read.cfg)
    }
}

/// Something that exists in tests only.
pub(super) struct TestOnly;

/// What is put together at the end.
#[derive(Default)]
struct Found {
    conditions: Vec<String>,
    doc: Vec<String>,
}

fn one(
    builder: &mut Builder<'_>,
    meta: &Meta,
    when: Option<CfgId>,
    span: proc_macro2::Span,
    read: &mut Attributes,
    found: &mut Found,
) {
    let path = meta.path();
    if path.is_ident("cfg") {
        let Meta::List(list) = meta else { return };
        let mut condition = list.tokens.to_string();
        if let Some(when) = when {
            condition = format!("any(not({}), {condition})", builder.condition(when));
        }
        if condition == "test" {
            read.test = true;
        }
        if !found.conditions.contains(&condition) {
            found.conditions.push(condition);
        }
    } else if path.is_ident("cfg_attr") {
        let Meta::List(list) = meta else { return };
        let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
        let Ok(parts) = list.parse_args_with(parser) else {
            return;
        };
        let mut parts = parts.iter();
        let Some(condition) = parts.next() else {
            return;
        };
        let condition = quote::quote!(#condition).to_string();
        let condition = builder.cfg(&condition);
        let when = builder.both(when, Some(condition));
        for part in parts {
            one(builder, part, when, span, read, found);
        }
    } else if path.is_ident("path") {
        if let Some(file) = string_value(meta) {
            read.paths.push((when, file));
        }
    } else if path.is_ident("doc") {
        if let Some(text) = string_value(meta) {
            found.doc.extend(text.lines().map(str::to_owned));
            if text.is_empty() {
                found.doc.push(String::new());
            }
        }
    } else if path.is_ident("test") {
        read.test = true;
    } else if !is_built_in(path) {
        read.foreign.push(Foreign {
            meta: meta.clone(),
            cfg: when,
            span,
        });
    }
}

fn is_built_in(path: &syn::Path) -> bool {
    let Some(first) = path.segments.first() else {
        return true;
    };
    let tool = path.segments.len() > 1;
    BUILT_IN.iter().any(|known| {
        first.ident == known && (!tool || matches!(*known, "clippy" | "rustfmt" | "diagnostic"))
    })
}

fn string_value(meta: &Meta) -> Option<String> {
    match meta {
        Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
