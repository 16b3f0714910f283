//! Diagnostics as a person or a program reads them.

mod json;
mod snippet;
mod text;

pub use json::render_json;
pub use text::{Style, render_text};
