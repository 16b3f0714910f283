//! The order of the blocks in each column, and how high each cell stands.

use super::net::{Block, CELL_GAP, Net, Thing};

/// Sweeps over all columns. More of them found no better order in graphs of up to 60 functions.
const SWEEPS: usize = 16;
/// Passes that straighten the lines once the order is found.
const PASSES: usize = 12;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
    Both,
}

/// Orders the blocks so that few lines cross, and returns the middle of each cell: the lines are as
/// level as the order allows, and the highest block starts at zero.
pub(super) fn arrange(net: &mut Net) -> Vec<f64> {
    let mut middles = vec![0.0; net.cells.len()];
    for column in 0..net.columns.len() {
        place(net, column, Side::Both, &mut middles);
    }
    let mut best = (crossings(net, &middles), order(net), middles.clone());
    for _ in 0..SWEEPS {
        for column in 1..net.columns.len() {
            sort(net, column, Side::Left, &middles);
            place(net, column, Side::Left, &mut middles);
        }
        for column in (0..net.columns.len().saturating_sub(1)).rev() {
            sort(net, column, Side::Right, &middles);
            place(net, column, Side::Right, &mut middles);
        }
        let found = crossings(net, &middles);
        if found < best.0 {
            best = (found, order(net), middles.clone());
        }
    }
    let (_, (columns, blocks), mut middles) = best;
    net.columns = columns;
    for (block, cells) in net.blocks.iter_mut().zip(blocks) {
        block.cells = cells;
    }
    for pass in 0..PASSES {
        for step in 0..net.columns.len() {
            let backwards = net.columns.len() - 1 - step;
            let column = if pass % 2 == 0 { step } else { backwards };
            place(net, column, Side::Both, &mut middles);
        }
    }
    let top = (net.blocks.iter())
        .map(|block| top(net, block, &middles))
        .fold(f64::INFINITY, f64::min);
    middles
        .iter()
        .map(|middle| (middle - top).round())
        .collect()
}

type Order = (Vec<Vec<usize>>, Vec<Vec<usize>>);

fn order(net: &Net) -> Order {
    let cells = net.blocks.iter().map(|block| block.cells.clone());
    (net.columns.clone(), cells.collect())
}

fn top(net: &Net, block: &Block, middles: &[f64]) -> f64 {
    block.cells.first().map_or(0.0, |first| {
        middles[*first] - net.cells[*first].height / 2.0 - block.head
    })
}

/// The mean of a cell's neighbours, with how much it counts: a bend that is level with the next
/// makes a long line straight.
fn pull(net: &Net, cell: usize, side: Side, middles: &[f64]) -> Option<(f64, f64)> {
    let cell = &net.cells[cell];
    let left = cell.left.iter().filter(|_| side != Side::Right);
    let right = cell.right.iter().filter(|_| side != Side::Left);
    let (mut sum, mut weight) = (0.0, 0.0);
    for other in left.chain(right) {
        let counts = match (cell.thing, net.cells[*other].thing) {
            (Thing::Bend, Thing::Bend) => 8.0,
            (Thing::Bend, _) | (_, Thing::Bend) => 2.0,
            (Thing::Function(_), Thing::Queue(_)) | (Thing::Queue(_), Thing::Function(_)) => 3.0,
            _ => 1.0,
        };
        sum += counts * middles[*other];
        weight += counts;
    }
    (weight > 0.0).then(|| (sum / weight, weight))
}

/// Sorts the cells of each block, and the blocks of a column, by the mean of their neighbours
/// (the barycenter heuristic). What has no neighbour stays where it is.
fn sort(net: &mut Net, column: usize, side: Side, middles: &[f64]) {
    let wish = |net: &Net, cell: usize| {
        pull(net, cell, side, middles).map_or(middles[cell], |(mean, _)| mean)
    };
    let mut keyed = Vec::new();
    for index in net.columns[column].clone() {
        let mut cells: Vec<(f64, usize)> = (net.blocks[index].cells.iter())
            .map(|cell| (wish(net, *cell), *cell))
            .collect();
        cells.sort_by(|a, b| a.0.total_cmp(&b.0));
        let pulled: Vec<f64> = (cells.iter())
            .filter_map(|(_, cell)| pull(net, *cell, side, middles))
            .map(|(mean, _)| mean)
            .collect();
        let key = mean(&pulled).unwrap_or_else(|| {
            let stay: Vec<f64> = cells.iter().map(|(wish, _)| *wish).collect();
            mean(&stay).unwrap_or_default()
        });
        net.blocks[index].cells = cells.into_iter().map(|(_, cell)| cell).collect();
        keyed.push((key, index));
    }
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    net.columns[column] = keyed.into_iter().map(|(_, index)| index).collect();
}

#[expect(clippy::cast_precision_loss, reason = "no box has 2^52 lines")]
fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Moves the blocks of a column, in their order and without overlaps, as near as possible to where
/// their lines pull them.
fn place(net: &Net, column: usize, side: Side, middles: &mut [f64]) {
    let mut stacked = 0.0;
    let mut before: Option<&Block> = None;
    let mut tops = Vec::new();
    let mut wishes = Vec::new();
    for index in &net.columns[column] {
        let block = &net.blocks[*index];
        stacked += before.map_or(0.0, |before| gap(net, before, block));
        let (wish, weight) = wish_of(net, block, side, middles);
        wishes.push((wish - stacked, weight));
        tops.push(stacked);
        stacked += block.height(&net.cells);
        before = Some(block);
    }
    let shifts = isotonic(&wishes);
    for ((index, top), shift) in net.columns[column].iter().zip(tops).zip(shifts) {
        let block = &net.blocks[*index];
        let mut at = top + shift + block.head;
        for cell in &block.cells {
            let height = net.cells[*cell].height;
            middles[*cell] = at + height / 2.0;
            at += height + CELL_GAP;
        }
    }
}

fn gap(net: &Net, above: &Block, below: &Block) -> f64 {
    let bend =
        |block: &Block| (block.cells.iter()).all(|cell| net.cells[*cell].thing == Thing::Bend);
    match (bend(above), bend(below)) {
        (true, true) => 9.0,
        (true, false) | (false, true) => 18.0,
        (false, false) => 26.0,
    }
}

/// Where the lines of a block want its top to be, and how strongly.
fn wish_of(net: &Net, block: &Block, side: Side, middles: &[f64]) -> (f64, f64) {
    let (mut sum, mut weight) = (0.0, 0.0);
    let mut offset = block.head;
    for cell in &block.cells {
        let half = net.cells[*cell].height / 2.0;
        if let Some((mean, counts)) = pull(net, *cell, side, middles) {
            sum += counts * (mean - half - offset);
            weight += counts;
        }
        offset += 2.0 * half + CELL_GAP;
    }
    if weight > 0.0 {
        (sum / weight, weight)
    } else {
        (top(net, block, middles), 0.01)
    }
}

/// The never falling sequence that is nearest to the wishes in the sum of weighted squares: pool
/// adjacent violators (Ayer et al., 1955), in linear time.
fn isotonic(wishes: &[(f64, f64)]) -> Vec<f64> {
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for (wish, weight) in wishes {
        let mut pool = (*wish, *weight, 1);
        while let Some(last) = pools.pop_if(|last| last.0 > pool.0) {
            let weight = last.1 + pool.1;
            let mean = (last.0 * last.1 + pool.0 * pool.1) / weight;
            pool = (mean, weight, last.2 + pool.2);
        }
        pools.push(pool);
    }
    (pools.into_iter())
        .flat_map(|(value, _, count)| std::iter::repeat_n(value, count))
        .collect()
}

/// How many pairs of lines cross between neighbouring columns: the inversions of the right ends
/// when the left ends are in order, counted with a Fenwick tree.
fn crossings(net: &Net, middles: &[f64]) -> usize {
    (1..net.columns.len())
        .map(|column| {
            let rank = ranks(net, column);
            let mut lines: Vec<(f64, usize)> = Vec::new();
            for (cell, at) in &rank {
                for left in &net.cells[*cell].left {
                    lines.push((middles[*left], *at));
                }
            }
            lines.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            inversions(lines.into_iter().map(|(_, at)| at), rank.len())
        })
        .sum()
}

/// The cells of a column with their places, from 1, from top to bottom.
fn ranks(net: &Net, column: usize) -> Vec<(usize, usize)> {
    (net.columns[column].iter())
        .flat_map(|block| net.blocks[*block].cells.iter().copied())
        .zip(1..)
        .collect()
}

/// Pairs in which the larger number comes first. The numbers are from 1 to `largest`.
fn inversions(numbers: impl Iterator<Item = usize>, largest: usize) -> usize {
    let mut tree = vec![0_usize; largest + 1];
    let mut count = 0;
    for (seen, number) in numbers.enumerate() {
        let mut not_larger = 0;
        let mut at = number;
        while at > 0 {
            not_larger += tree[at];
            at &= at - 1;
        }
        count += seen - not_larger;
        let mut at = number;
        while at <= largest {
            tree[at] += 1;
            at += at & at.wrapping_neg();
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inversions_are_counted() {
        assert_eq!(inversions([1, 2, 3].into_iter(), 3), 0);
        assert_eq!(inversions([3, 2, 1].into_iter(), 3), 3);
        assert_eq!(inversions([2, 2, 1].into_iter(), 2), 2);
    }

    #[test]
    fn isotonic_pools_what_falls() {
        assert_eq!(isotonic(&[(1.0, 1.0), (2.0, 1.0)]), [1.0, 2.0]);
        assert_eq!(isotonic(&[(4.0, 1.0), (0.0, 3.0)]), [1.0, 1.0]);
        assert_eq!(
            isotonic(&[(0.0, 1.0), (6.0, 1.0), (2.0, 1.0)]),
            [0.0, 4.0, 4.0]
        );
    }
}
