use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::simulation;
use super::toy::{Toy, call, shop};
use crate::testing::faults::{Fault, Kind, Plan, parse_list};
use crate::testing::simulate::{Overrides, Problem, Ran, Report, Simulation, simulate};

fn fails(simulation: &Simulation<'_>, runs: &(impl Fn(u64, Plan) -> Ran + Sync)) -> Report {
    *simulate(simulation, runs).unwrap_err()
}

fn replay(seed: u64, faults: Option<&str>) -> Simulation<'static> {
    let faults = faults.map(|faults| parse_list(faults).unwrap());
    let seed = Some(seed);
    Simulation {
        overrides: Overrides { seed, faults },
        ..simulation(1000)
    }
}

#[test]
fn two_faults_of_many_are_found() {
    let report = fails(&simulation(1000), &shop);
    let Problem::Failed { faults, .. } = &report.problem else {
        panic!("{report}");
    };
    let texts: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 2, "{report}");
    assert_eq!(texts[0], "charge#3.1:lose-ack");
    assert!(texts[1].starts_with("charge#7.1:crash@"), "{report}");
    insta::assert_snapshot!(report);
}

#[test]
fn the_command_of_a_report_fails_in_the_same_way() {
    let found = fails(&simulation(1000), &shop);
    let text = found.to_string();
    let command = text
        .lines()
        .find(|line| line.contains("CLOUDC_SEED="))
        .unwrap();
    let word = |name: &str| command.split(name).nth(1).unwrap();
    let seed = word("CLOUDC_SEED=")
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let faults = word("CLOUDC_FAULTS='").split('\'').next().unwrap();
    let replayed = fails(&replay(seed, Some(faults)), &shop);
    assert_eq!(replayed.problem, found.problem);
    insta::assert_snapshot!(replayed);
}

#[test]
fn a_seed_alone_is_run_and_shrunk() {
    let Problem::Failed { seed, .. } = fails(&simulation(1000), &shop).problem else {
        panic!();
    };
    let replayed = fails(&replay(seed, None), &shop);
    let text = replayed.to_string();
    assert!(
        text.contains(&format!("failed with seed {seed}.\n")),
        "{text}"
    );
    assert!(text.contains("it needs 2:"), "{text}");
}

#[test]
fn the_lowest_seed_is_reported_whoever_is_faster() {
    for threads in 1..=4 {
        let late = AtomicU64::new(0);
        let runs = |seed: u64, _: Plan| {
            let mut toy = Toy::default();
            // A seed behind it is done before 40 is.
            if seed == 40 && threads > 1 {
                while late.load(Ordering::Relaxed) == 0 {
                    std::thread::yield_now();
                }
            }
            if seed >= 40 {
                toy.fail("late");
            }
            if seed > 40 {
                late.store(seed, Ordering::Relaxed);
            }
            toy.ran
        };
        let simulation = Simulation {
            threads,
            ..simulation(1000)
        };
        let report = fails(&simulation, &runs);
        assert!(
            matches!(report.problem, Problem::Failed { seed: 40, .. }),
            "{report}"
        );
    }
}

#[test]
fn each_seed_is_run_and_each_hundredth_twice_and_the_first_at_the_end() {
    let count = AtomicUsize::new(0);
    let runs = |_: u64, _: Plan| {
        count.fetch_add(1, Ordering::Relaxed);
        Ran::default()
    };
    let summary = simulate(&simulation(201), &runs).unwrap();
    assert_eq!(count.into_inner(), 201 + 3 + 1);
    assert_eq!(summary.to_string(), "seeds 0 to 200: passed, no faults");
}

#[test]
fn one_fault_is_tried_alone_and_none_at_all() {
    let crash = |seed: u64, plan: Plan| {
        let mut toy = Toy::default();
        for run in 1..=12 {
            let faults = toy.charge(&plan, run, 1);
            if seed > 10 && faults.contains(&Kind::Hang) {
                toy.fail("it hangs");
            }
        }
        toy.ran
    };
    let Problem::Failed { faults, .. } = fails(&simulation(1000), &crash).problem else {
        panic!();
    };
    assert!(
        matches!(
            &*faults,
            [Fault::Call {
                kind: Kind::Hang,
                ..
            }]
        ),
        "{faults:?}"
    );

    let schedule = |seed: u64, plan: Plan| {
        let mut toy = Toy::default();
        toy.charge(&plan, 1, 1);
        toy.charge(&plan, 2, 1);
        let mut yields = plan.yields(&call(1, 1));
        if seed > 3 && yields.next() == 3 {
            toy.fail("a race");
        }
        toy.ran
    };
    let report = fails(&simulation(1000), &schedule);
    let Problem::Failed { faults, .. } = &report.problem else {
        panic!();
    };
    assert!(faults.is_empty());
    assert!(report.to_string().contains("CLOUDC_FAULTS='' "), "{report}");
}

#[test]
fn many_faults_need_few_runs() {
    let count = AtomicUsize::new(0);
    let runs = |_: u64, plan: Plan| {
        count.fetch_add(1, Ordering::Relaxed);
        let mut toy = Toy::default();
        let faults = (1..=300)
            .map(|run| toy.charge(&plan, run, 1))
            .collect::<Vec<_>>();
        // Whatever goes wrong with these two.
        if !faults[99].is_empty() && !faults[199].is_empty() {
            toy.fail("both");
        }
        toy.ran
    };
    let report = fails(&simulation(1000), &runs);
    let Problem::Failed { seed, faults, .. } = &report.problem else {
        panic!();
    };
    let places: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert!(
        matches!(&*places, [a, b] if a.starts_with("charge#100.") && b.starts_with("charge#200.")),
        "{places:?}"
    );
    let shrinking = count.into_inner() as u64 - seed;
    assert!(shrinking <= 210, "{shrinking}");
}

#[test]
fn the_same_failure_is_preferred() {
    // Any crash fails; the crash of a second order fails in other words than a lost ack does.
    let runs = |_: u64, plan: Plan| {
        let mut toy = Toy::default();
        let mut crashes = 0;
        for run in 1..=12 {
            let faults = toy.charge(&plan, run, 1);
            crashes += usize::from(faults.iter().any(|kind| matches!(kind, Kind::Crash { .. })));
        }
        match crashes {
            0 => {}
            1 => toy.fail("503 from the shop"),
            many => toy.fail(&format!("{many} orders are lost")),
        }
        toy.ran
    };
    let from = (0..10_000).find(|seed| {
        let ran = runs(*seed, Plan::random(*seed, simulation(1).rates));
        ran.failure
            .is_some_and(|failure| failure == "3 orders are lost")
    });
    let report = fails(&replay(from.unwrap(), None), &runs);
    let Problem::Failed {
        faults, failure, ..
    } = &report.problem
    else {
        panic!();
    };
    assert_eq!(
        (faults.len(), &**failure),
        (2, "2 orders are lost"),
        "{report}"
    );
    assert!(
        report
            .to_string()
            .contains("With all of its faults it fails otherwise: 3 orders")
    );
}

#[test]
fn a_replay_that_passes_says_so() {
    let summary = simulate(
        &replay(5, Some("charge#3.1:lose-ack,charge#99:hang")),
        &shop,
    )
    .unwrap();
    assert_eq!(
        summary.to_string(),
        "seed 5 with charge#3.1:lose-ack,charge#99.1:hang: passed; did not happen: charge#99.1:hang"
    );
    let summary = simulate(&replay(5, Some("")), &shop).unwrap();
    assert_eq!(summary.to_string(), "seed 5 without faults: passed");
}

#[test]
fn faults_alone_use_the_first_seed() {
    let faults = Some(parse_list("charge#3:lose-ack,charge#7:crash@1").unwrap());
    let simulation = Simulation {
        base: 23,
        overrides: Overrides { seed: None, faults },
        ..simulation(1000)
    };
    let report = fails(&simulation, &shop);
    assert!(matches!(report.problem, Problem::Failed { seed: 23, .. }));
}

#[test]
fn what_panics_in_a_run_is_not_swallowed() {
    let runs = |seed: u64, _: Plan| -> Ran { panic!("no world for {seed}") };
    let panic = std::panic::catch_unwind(|| simulate(&simulation(1), &runs)).unwrap_err();
    assert_eq!(*panic.downcast::<String>().unwrap(), "no world for 0");
}

#[test]
fn faults_that_alone_do_not_fail_are_kept() {
    // It depends on how the plan was made: nobody's world should.
    let runs = |_: u64, plan: Plan| {
        let mut toy = Toy::default();
        toy.charge(&plan, 1, 1);
        toy.wait(Duration::from_secs(1));
        if format!("{plan:?}").contains("Random") && !toy.ran.injected.is_empty() {
            toy.fail("strange");
        }
        toy.ran
    };
    let report = fails(&simulation(100), &runs);
    let text = report.to_string();
    assert!(
        text.contains("not when the same faults are asked for as a list"),
        "{text}"
    );
    assert!(!text.contains("CLOUDC_FAULTS"), "{text}");
}

#[test]
fn another_failure_is_better_than_many_faults() {
    // It never fails twice in the same words.
    let runs = |_: u64, plan: Plan| {
        let mut toy = Toy::default();
        let kinds: Vec<_> = (1..=12).flat_map(|run| toy.charge(&plan, run, 1)).collect();
        if kinds.iter().any(|kind| matches!(kind, Kind::Hold(_))) {
            toy.fail(&"|".repeat(kinds.len()));
        }
        toy.ran
    };
    let from = (0..10_000).find(|seed| {
        let ran = runs(*seed, Plan::random(*seed, simulation(1).rates));
        ran.failure.is_some_and(|failure| failure.len() > 4)
    });
    let report = fails(&replay(from.unwrap(), None), &runs);
    let Problem::Failed {
        faults, failure, ..
    } = &report.problem
    else {
        panic!();
    };
    assert_eq!((faults.len(), &**failure), (1, "|"), "{report}");
}

#[test]
fn shrinking_has_an_end() {
    let count = AtomicUsize::new(0);
    let runs = |_: u64, plan: Plan| {
        count.fetch_add(1, Ordering::Relaxed);
        let mut toy = Toy::default();
        for run in 1..=600 {
            toy.charge(&plan, run, 1);
        }
        if toy.ran.injected.len() >= 300 {
            toy.fail("too much");
        }
        toy.ran
    };
    let report = fails(&replay(1, None), &runs);
    // Twice to see it, twice again to be sure, and the last one to tell of.
    assert!(count.into_inner() <= 200 + 5);
    let Problem::Failed { faults, .. } = &report.problem else {
        panic!();
    };
    assert!(faults.len() >= 300);
}
