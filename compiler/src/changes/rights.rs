//! Who may do what.
//!
//! A right is a workload's: its pods log in as one user, which may do what any of its functions needs. So a function that
//! no longer needs a right takes it from the pods of the last revision too, if no other function of theirs has it.

use std::collections::BTreeSet;

use super::change::{Change, Kind, Subject, What};
use super::compare::pairs;
use super::document::{Document, Operation};

/// What is done with which queue or cache.
type Right = (Operation, Subject);

pub(super) fn compare(old: &Document, new: &Document, changes: &mut Vec<Change>) {
    for (name, pair) in pairs(&old.functions, &new.functions, |function| &function.name) {
        // What a function that is gone may no longer do needs no words, unless its service stays: see below.
        let (was, Some(is)) = pair else { continue };
        let (before, after) = (of_function(old, name), of_function(new, name));
        let subject = Subject::new(Kind::Function, name);
        for right in after.difference(&before) {
            changes.push(change(&subject, true, right));
        }
        let moved = was.is_some_and(|was| was.workload != is.workload);
        let workload = of_workload(new, &is.workload);
        for right in before.difference(&after) {
            let taken = !moved && !workload.contains(right);
            changes.push(change(&subject, false, right).risky_if(taken, RISK));
        }
    }
    for (name, pair) in pairs(&old.workloads, &new.workloads, |workload| &workload.name) {
        let (Some(_), Some(workload)) = pair else {
            continue;
        };
        // What its functions say already is left out: the rest is by functions that moved, or are gone.
        let (before, after) = (of_workload(old, name), of_workload(new, name));
        let gains = |right: &Right, function: &str| {
            of_function(new, function).contains(right)
                && !of_function(old, function).contains(right)
        };
        for right in after.difference(&before) {
            if !functions(new, name).any(|function| gains(right, function)) {
                changes.push(change(&workload.subject(), true, right));
            }
        }
        let stay: BTreeSet<&str> = functions(new, name).collect();
        let had = |right: &Right, function: &str| {
            stay.contains(function) && of_function(old, function).contains(right)
        };
        for right in before.difference(&after) {
            if !functions(old, name).any(|function| had(right, function)) {
                changes.push(change(&workload.subject(), false, right).risky(RISK));
            }
        }
    }
}

const RISK: &str = "pods of the last revision still need it";

fn change(subject: &Subject, allowed: bool, (operation, resource): &Right) -> Change {
    Change::new(What::Right {
        subject: subject.clone(),
        allowed,
        operation: *operation,
        resource: resource.clone(),
    })
}

fn of_function(graph: &Document, name: &str) -> BTreeSet<Right> {
    let edges = graph.edges.iter().filter(|edge| edge.function == name);
    edges
        .map(|edge| (edge.operation, edge.resource.subject()))
        .collect()
}

fn of_workload(graph: &Document, name: &str) -> BTreeSet<Right> {
    functions(graph, name)
        .flat_map(|function| of_function(graph, function))
        .collect()
}

fn functions<'g>(graph: &'g Document, workload: &'g str) -> impl Iterator<Item = &'g str> {
    let functions = graph.functions.iter();
    let own = functions.filter(move |function| function.workload == workload);
    own.map(|function| function.name.as_str())
}
