//! Where each box stands: the main way straight down, what branches off to the right.

use std::collections::BTreeMap;

use mendline_engine::core::Pc;

use super::{Edge, Node};

/// Row and column of each box.
pub(super) struct Layout {
    pub(super) at: BTreeMap<Pc, (usize, usize)>,
    pub(super) columns: usize,
}

/// Rows by the longest way down (ways back up left out), columns by first visit.
pub(super) fn lay_out(nodes: &[Node], edges: &[Edge]) -> Layout {
    let mut order = Vec::new();
    let mut seen = BTreeMap::new();
    if let Some(first) = nodes.first() {
        visit(first.pc, edges, &mut seen, &mut order);
    }
    order.reverse();
    let place: BTreeMap<Pc, usize> = order.iter().enumerate().map(|(i, pc)| (*pc, i)).collect();
    let mut row: BTreeMap<Pc, usize> = BTreeMap::new();
    for pc in &order {
        let from = edges.iter().filter(|it| it.to == *pc && place[&it.from] < place[pc]);
        let deepest = from.map(|it| row[&it.from] + 1).max().unwrap_or(0);
        row.insert(*pc, deepest);
    }
    let mut columns = Columns { taken: BTreeMap::new(), at: BTreeMap::new() };
    for pc in &order {
        columns.place(*pc, row[pc], edges, &place);
    }
    let at: BTreeMap<_, _> =
        columns.at.iter().map(|(pc, column)| (*pc, (row[pc], *column))).collect();
    let width = at.values().map(|(_, column)| column + 1).max().unwrap_or(1);
    Layout { at, columns: width }
}

/// Depth first, last way first, so that reversed the first way comes right after its step.
fn visit(pc: Pc, edges: &[Edge], seen: &mut BTreeMap<Pc, ()>, order: &mut Vec<Pc>) {
    if seen.insert(pc, ()).is_some() {
        return;
    }
    for edge in edges.iter().filter(|it| it.from == pc).rev() {
        visit(edge.to, edges, seen, order);
    }
    order.push(pc);
}

struct Columns {
    /// Row to columns that are taken.
    taken: BTreeMap<usize, Vec<usize>>,
    at: BTreeMap<Pc, usize>,
}

impl Columns {
    /// Under the first step that leads here by its first way, if that place is free; else the
    /// nearest free column to its right.
    fn place(&mut self, pc: Pc, row: usize, edges: &[Edge], order: &BTreeMap<Pc, usize>) {
        let parent = edges.iter().filter(|it| it.to == pc && order[&it.from] < order[&pc]);
        let parent = parent.min_by_key(|it| order[&it.from]);
        let wanted = parent.map_or(0, |edge| {
            let first = edges.iter().find(|it| it.from == edge.from);
            let column = self.at.get(&edge.from).copied().unwrap_or(0);
            if first.is_some_and(|it| it.to == pc) { column } else { column + 1 }
        });
        let taken = self.taken.entry(row).or_default();
        let column = (wanted..).find(|it| !taken.contains(it)).expect("columns have no end");
        taken.push(column);
        self.at.insert(pc, column);
    }
}
