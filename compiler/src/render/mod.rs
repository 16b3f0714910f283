//! The graph for people and for programs: as a tree, JSON, Mermaid, DOT or SVG.
//!
//! Every renderer is a pure function of the graph and the sources, and ends its text with a newline.

mod coverage;
mod dot;
#[cfg(test)]
pub(crate) mod fixture;
mod json;
mod links;
mod mermaid;
mod svg;
mod tree;
mod why;
mod words;

pub use coverage::{coverage, coverage_json};
pub use dot::dot;
pub use json::{VERSION as JSON_VERSION, json};
pub use mermaid::mermaid;
pub use svg::svg;
pub use tree::tree;
pub use why::{why, why_json};
