use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::simulation;
use crate::testing::faults::Plan;
use crate::testing::simulate::{Overrides, Problem, Ran, Simulation, SiteId, simulate};

const fn site(file: &'static str, line: u32, text: &'static str) -> SiteId {
    SiteId { file, line, text }
}

const RETRIED: SiteId = site("src/tests.rs", 20, "attempt > 1");
const BURIED: SiteId = site("src/tests.rs", 30, "dead > 0");
const EMPTY: SiteId = site("src/payments.rs", 7, "stock == 0");
const OTHERS: SiteId = site("src/tests.rs", 51, "of another test");

const SITES: &[SiteId] = &[OTHERS, RETRIED, EMPTY, BURIED];

fn suite() -> Simulation<'static> {
    Simulation {
        sites: SITES,
        ..simulation(40)
    }
}

/// In each run these are reached; the first is true in one of them.
fn reaching(sites: &'static [SiteId]) -> impl Fn(u64, Plan) -> Ran + Sync {
    move |seed, _| Ran {
        sometimes: sites
            .iter()
            .enumerate()
            .map(|(index, site)| (*site, index == 0 && seed == 33))
            .collect(),
        ..Ran::default()
    }
}

#[test]
fn what_was_never_true_fails_the_suite() {
    let report = simulate(&suite(), &reaching(&[RETRIED, EMPTY])).unwrap_err();
    assert_eq!(report.problem, Problem::Never(vec![EMPTY, BURIED]));
    insta::assert_snapshot!(report);
}

#[test]
fn what_was_true_once_is_enough() {
    let simulation = Simulation {
        sites: &[RETRIED, OTHERS, EMPTY],
        ..suite()
    };
    simulate(&simulation, &reaching(&[RETRIED])).unwrap();
}

#[test]
fn one_seed_is_not_judged() {
    let seed = Some(3);
    let simulation = Simulation {
        overrides: Overrides { seed, faults: None },
        ..suite()
    };
    simulate(&simulation, &reaching(&[RETRIED, EMPTY])).unwrap();
}

#[test]
fn what_was_true_on_one_thread_was_true() {
    let begun = [const { AtomicBool::new(false) }; 2];
    // Each thread runs one seed, in which one of the two is true and the other is not.
    let runs = |seed: u64, _: Plan| {
        let mine = usize::try_from(seed).unwrap();
        begun[mine].store(true, Ordering::Relaxed);
        while !begun[1 - mine].load(Ordering::Relaxed) {
            thread::yield_now();
        }
        Ran {
            sometimes: vec![(RETRIED, seed == 0), (BURIED, seed == 1)],
            ..Ran::default()
        }
    };
    let simulation = Simulation { runs: 2, ..suite() };
    simulate(&simulation, &runs).unwrap();
}
