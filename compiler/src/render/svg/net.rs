//! The graph as boxes in columns and lines between neighbouring columns. A line that passes a
//! column gets a place of its own there, a bend, so that it never runs through a box.

use super::super::links::{Link, Meaning};
use super::columns::Columns;
use crate::graph::{CacheId, FunctionId, Graph, QueueId, Resource, WorkloadId, WorkloadKind};

/// How far apart two lines leave a box.
pub(super) const PORT_GAP: f64 = 9.0;

/// The boxes, in their columns, and the lines.
pub(super) struct Net {
    pub(super) cells: Vec<Cell>,
    pub(super) blocks: Vec<Block>,
    /// Indexes into `blocks`, from top to bottom.
    pub(super) columns: Vec<Vec<usize>>,
    pub(super) wires: Vec<Wire>,
}

/// A box, or a line's way past a column.
pub(super) struct Cell {
    pub(super) thing: Thing,
    pub(super) column: usize,
    pub(super) height: f64,
    /// The cells at the other ends of the lines to the left.
    pub(super) left: Vec<usize>,
    /// The cells at the other ends of the lines to the right.
    pub(super) right: Vec<usize>,
}

/// What a cell stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thing {
    Function(FunctionId),
    Queue(QueueId),
    Cache(CacheId),
    Bend,
}

/// Cells that stay together: the functions of a service, or one cell.
pub(super) struct Block {
    /// The service that is drawn around the cells.
    pub(super) service: Option<WorkloadId>,
    /// Indexes into `Net::cells`, from top to bottom.
    pub(super) cells: Vec<usize>,
    /// Room above the cells.
    pub(super) head: f64,
    /// Room below the cells.
    pub(super) foot: f64,
}

/// A line, as the cells that it visits from left to right.
pub(super) struct Wire {
    pub(super) meaning: Meaning,
    pub(super) path: Vec<usize>,
    /// Whether the function is at the left end.
    pub(super) function_first: bool,
}

/// The room between two cells of one block.
pub(super) const CELL_GAP: f64 = 12.0;

/// Lays the boxes into their columns, in the order of their names, and cuts the lines into pieces.
pub(super) fn net(graph: &Graph, links: &[Link], columns: &Columns) -> Net {
    let mut net = Net {
        cells: Vec::new(),
        blocks: Vec::new(),
        columns: Vec::new(),
        wires: Vec::new(),
    };
    let functions = add_workloads(&mut net, graph, columns);
    let queues: Vec<usize> = (columns.queues.iter().enumerate())
        .map(|(id, column)| net.single(Thing::Queue(QueueId(id)), *column))
        .collect();
    let caches: Vec<usize> = (columns.caches.iter().enumerate())
        .map(|(id, column)| net.single(Thing::Cache(CacheId(id)), *column))
        .collect();
    for link in links {
        let resource = match link.resource {
            Resource::Queue(id) => queues[id.0],
            Resource::Cache(id) => caches[id.0],
        };
        net.wire(link.meaning, functions[link.function.0], resource);
    }
    for cell in &mut net.cells {
        cell.grow();
    }
    net
}

/// The cell of each function.
fn add_workloads(net: &mut Net, graph: &Graph, columns: &Columns) -> Vec<usize> {
    let mut cells = vec![0; graph.functions.len()];
    for (index, workload) in graph.workloads.iter().enumerate() {
        let Some(first) = workload.functions.first() else {
            continue;
        };
        let column = columns.functions[first.0];
        let members: Vec<usize> = (workload.functions.iter())
            .map(|id| {
                cells[id.0] = net.cell(Thing::Function(*id), column);
                cells[id.0]
            })
            .collect();
        let service = workload.kind == WorkloadKind::Service;
        net.block(
            column,
            Block {
                service: service.then_some(WorkloadId(index)),
                cells: members,
                head: if service { 52.0 } else { 0.0 },
                foot: if service { 14.0 } else { 0.0 },
            },
        );
    }
    cells
}

impl Net {
    fn cell(&mut self, thing: Thing, column: usize) -> usize {
        self.cells.push(Cell {
            thing,
            column,
            height: 0.0,
            left: Vec::new(),
            right: Vec::new(),
        });
        self.cells.len() - 1
    }

    fn block(&mut self, column: usize, block: Block) {
        if self.columns.len() <= column {
            self.columns.resize(column + 1, Vec::new());
        }
        self.columns[column].push(self.blocks.len());
        self.blocks.push(block);
    }

    fn single(&mut self, thing: Thing, column: usize) -> usize {
        let cell = self.cell(thing, column);
        self.block(
            column,
            Block {
                service: None,
                cells: vec![cell],
                head: 0.0,
                foot: 0.0,
            },
        );
        cell
    }

    fn wire(&mut self, meaning: Meaning, function: usize, resource: usize) {
        let (from, to) = (self.cells[function].column, self.cells[resource].column);
        let function_first = from < to;
        let (first, last) = if function_first {
            (function, resource)
        } else {
            (resource, function)
        };
        let mut path = vec![first];
        for column in from.min(to) + 1..from.max(to) {
            path.push(self.single(Thing::Bend, column));
        }
        path.push(last);
        for ends in path.windows(2) {
            self.cells[ends[0]].right.push(ends[1]);
            self.cells[ends[1]].left.push(ends[0]);
        }
        self.wires.push(Wire {
            meaning,
            path,
            function_first,
        });
    }
}

impl Cell {
    /// Makes the cell high enough for its text and its lines.
    fn grow(&mut self) {
        let text = match self.thing {
            Thing::Bend => {
                self.height = 2.0;
                return;
            }
            Thing::Function(_) => 42.0,
            Thing::Queue(_) | Thing::Cache(_) => 48.0,
        };
        let lines = self.left.len().max(self.right.len()).saturating_sub(1);
        #[expect(clippy::cast_precision_loss, reason = "no box has 2^52 lines")]
        let ports = lines as f64 * PORT_GAP + 20.0;
        self.height = ports.max(text);
    }
}

impl Block {
    /// From the top of the head to the bottom of the foot.
    pub(super) fn height(&self, cells: &[Cell]) -> f64 {
        let mut height = self.head + self.foot;
        for (index, cell) in self.cells.iter().enumerate() {
            height += cells[*cell].height + if index > 0 { CELL_GAP } else { 0.0 };
        }
        height
    }
}
