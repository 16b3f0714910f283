//! The graph as a drawing: columns from left to right, as a request or a message travels.
//!
//! Own layout, after the method of Sugiyama, Tagawa and Toda (columns, order, coordinates): the
//! crates that have it know neither boxes inside boxes nor where a long line bends.
//!
//! `columns → net → arrange → layout → draw`, each a plain function of the one before.

mod arrange;
mod columns;
mod draw;
mod layout;
mod net;
mod text;

use super::links::links;
use crate::graph::Graph;
use crate::span::Sources;

/// The graph as one SVG document without scripts or links to anything outside. It follows the
/// reader's light or dark theme.
pub fn svg(graph: &Graph, _sources: &Sources) -> String {
    let links = links(graph);
    let columns = columns::columns(graph, &links);
    let mut net = net::net(graph, &links, &columns);
    let heights = arrange::arrange(&mut net);
    let layout = layout::layout(graph, &net, &heights);
    draw::draw(graph, &layout)
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn shop() {
        let (graph, sources) = fixture::shop();
        insta::assert_binary_snapshot!(".svg", svg(&graph, &sources).into_bytes());
    }

    #[test]
    fn hello() {
        let (graph, sources) = fixture::hello();
        insta::assert_binary_snapshot!(".svg", svg(&graph, &sources).into_bytes());
    }
}
