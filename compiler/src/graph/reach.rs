//! Which handlers reach which resources, and by which calls.
//!
//! From each resource's uses backwards over the mentions, breadth first: so a chain is a shortest
//! one, and the work is the sum of what the answers need.

use std::collections::BTreeMap;

use cloudc_syntax::Operation as Verb;
use rustc_hash::FxHashMap;

use crate::resolve::{Calls, Edge, Use};
use crate::span::Span;

/// The mentions, backwards: for each node, who mentions it.
struct Backwards {
    starts: Vec<u32>,
    edges: Vec<Edge>,
}

impl Backwards {
    fn new(calls: &Calls) -> Self {
        let mut starts = vec![0_u32; calls.nodes + 1];
        for edge in &calls.edges {
            if let Some(count) = starts.get_mut(edge.to as usize + 1) {
                *count += 1;
            }
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let mut next = starts.clone();
        let mut edges = calls.edges.clone();
        for edge in &calls.edges {
            if let Some(at) = next.get_mut(edge.to as usize) {
                edges[*at as usize] = *edge;
                *at += 1;
            }
        }
        Self { starts, edges }
    }

    fn mentioning(&self, node: u32) -> &[Edge] {
        let start = self.starts.get(node as usize).copied().unwrap_or_default();
        let end = self
            .starts
            .get(node as usize + 1)
            .copied()
            .unwrap_or_default();
        self.edges
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }
}

/// A handler's use of a resource: the mentions that lead to it, and the use itself.
pub(crate) struct Reached<'c> {
    /// The handler's node.
    pub(crate) node: u32,
    /// Index into the declarations.
    pub(crate) resource: usize,
    /// What it does.
    pub(crate) verb: Verb,
    /// From the handler on.
    pub(crate) chain: Vec<Hop>,
    /// The end of the chain.
    pub(crate) end: &'c Use,
}

/// One mention of a chain, hubs left out.
pub(crate) struct Hop {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) span: Option<Span>,
}

/// Who of `handlers` (sorted) reaches what.
pub(crate) fn reach<'c>(calls: &'c Calls, handlers: &[u32]) -> Vec<Reached<'c>> {
    let backwards = Backwards::new(calls);
    let mut goals: BTreeMap<(usize, u8), Vec<&Use>> = BTreeMap::new();
    for of in &calls.uses {
        goals
            .entry((of.resource, rank(of.verb)))
            .or_default()
            .push(of);
    }
    let mut reached = Vec::new();
    for uses in goals.values() {
        // For each node, the edge that leads towards the use, and the use.
        let mut towards: FxHashMap<u32, (Option<Edge>, &Use)> = FxHashMap::default();
        let mut wave: Vec<u32> = Vec::new();
        for of in uses {
            towards.entry(of.node).or_insert_with(|| {
                wave.push(of.node);
                (None, of)
            });
        }
        while !wave.is_empty() {
            let mut next = Vec::new();
            for node in wave {
                let Some((_, end)) = towards.get(&node).copied() else {
                    continue;
                };
                for edge in backwards.mentioning(node) {
                    towards.entry(edge.from).or_insert_with(|| {
                        next.push(edge.from);
                        (Some(*edge), end)
                    });
                }
            }
            wave = next;
        }
        let Some(first) = uses.first() else { continue };
        let mut found: Vec<u32> = handlers
            .iter()
            .copied()
            .filter(|handler| towards.contains_key(handler))
            .collect();
        found.sort_unstable();
        for node in found {
            let (chain, end) = chain(node, &towards, calls);
            reached.push(Reached {
                node,
                resource: first.resource,
                verb: first.verb,
                chain,
                end: end.unwrap_or(first),
            });
        }
    }
    reached
}

fn rank(verb: Verb) -> u8 {
    match verb {
        Verb::Send => 0,
        Verb::Read => 1,
        Verb::Write => 2,
    }
}

fn chain<'c>(
    start: u32,
    towards: &FxHashMap<u32, (Option<Edge>, &'c Use)>,
    calls: &Calls,
) -> (Vec<Hop>, Option<&'c Use>) {
    let mut hops: Vec<Hop> = Vec::new();
    let mut at = start;
    let mut from = start;
    let mut span = None;
    while let Some((edge, end)) = towards.get(&at) {
        let Some(edge) = edge else {
            return (hops, Some(end));
        };
        // What comes with a type, or is a block in it, mentions in its own name.
        if edge.span.is_some() {
            (from, span) = (at, edge.span);
        }
        at = edge.to;
        // Hubs, and code that is part of what is around it, are no hops.
        if (at as usize) < calls.named && span.is_some() {
            hops.push(Hop { from, to: at, span });
            span = None;
        }
    }
    (hops, None)
}
