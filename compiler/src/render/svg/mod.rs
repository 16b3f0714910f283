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
mod shapes;
mod text;
mod wires;

use self::layout::Layout;
use super::links::links;
use crate::graph::Graph;
use crate::span::Sources;

/// The graph as one SVG document without scripts or links to anything outside. It follows the
/// reader's light or dark theme.
pub fn svg(graph: &Graph, _sources: &Sources) -> String {
    draw::draw(graph, &layout(graph))
}

fn layout(graph: &Graph) -> Layout {
    let links = links(graph);
    let columns = columns::columns(graph, &links);
    let mut net = net::net(graph, &links, &columns);
    let middles = arrange::arrange(&mut net);
    layout::layout(graph, &net, &middles)
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::layout::Shape;
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

    #[test]
    fn no_box_lies_on_another_or_outside() {
        for functions in [3, 12, 30, 60] {
            let (graph, _) = fixture::large(functions);
            let layout = layout(&graph);
            let inside = |shape: &Shape| {
                shape.left >= 0.0
                    && shape.top >= 0.0
                    && shape.left + shape.width <= layout.width
                    && shape.top + shape.height <= layout.height
            };
            assert!(layout.frames.iter().chain(&layout.shapes).all(inside));
            for (index, one) in layout.shapes.iter().enumerate() {
                for other in &layout.shapes[index + 1..] {
                    let apart = one.left + one.width <= other.left
                        || other.left + other.width <= one.left
                        || one.top + one.height <= other.top
                        || other.top + other.height <= one.top;
                    assert!(apart, "{} lies on {}", one.first, other.first);
                }
            }
        }
    }

    #[test]
    fn whatever_a_type_is_called_the_drawing_is_well_formed() {
        let mut app = fixture::Builder::new("odd");
        app.queue("orders", "Message<'static, \"&\">", 1, true);
        let function = app.http("odd", "send", "POST /<script>&{id}");
        app.uses(function, &["send orders"]);
        let (graph, sources) = app.finish();
        let svg = svg(&graph, &sources);
        let document = roxmltree::Document::parse(&svg).expect("well-formed XML");
        let texts: Vec<_> = (document.descendants())
            .filter(|node| node.tag_name().name() == "text")
            .filter_map(|node| node.text())
            .collect();
        assert!(texts.contains(&"POST /<script>&{id}"), "{texts:?}");
        assert!(
            texts.contains(&"Message<'static, \"&\"> · dead letter"),
            "{texts:?}"
        );
    }
}
