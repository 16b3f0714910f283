use std::collections::BTreeSet;
use std::time::Duration;

use super::{call, limits};
use crate::testing::faults::{
    AckFault, CallKind, CallLimits, CallPlan, OperationFault, OperationKind, Plan, Rates,
    RestartFault, parse_list,
};

const ALWAYS: Rates = Rates {
    queue: 1000,
    http: 1000,
    schedule: 1000,
    restart: 1000,
    losing: Duration::ZERO,
};

const ALL: [OperationKind; 4] = [
    OperationKind::Send { keyed: false },
    OperationKind::Send { keyed: true },
    OperationKind::Read,
    OperationKind::Write,
];

/// What goes wrong in a call, whatever it does.
fn operations(plan: &CallPlan) -> BTreeSet<OperationFault> {
    let calls = 0..10;
    calls
        .flat_map(|at| {
            ALL.into_iter()
                .filter_map(move |kind| plan.operation(at, kind))
        })
        .collect()
}

/// Whether a delivery may fail of it.
fn costs(plan: &CallPlan) -> bool {
    use OperationFault::{Fail, NoAnswer, Slow};
    plan.crash_at.is_some()
        || plan.hang
        || plan.ack.is_some()
        || plan.redeliver_at.is_some()
        || operations(plan)
            .iter()
            .any(|fault| matches!(fault, Slow(_) | Fail | NoAnswer))
}

#[test]
fn without_a_plan_nothing_goes_wrong() {
    let call = call("charge", 1, 1);
    let plan = Plan::none();
    assert!(plan.for_call(&call, limits(None)).is_empty());
    assert_eq!(plan.publish(1), None);
    let mut yields = plan.yields(&call);
    assert!((0..100).all(|_| yields.next() == 0));
}

#[test]
fn a_quarter_of_the_calls_has_one_fault() {
    let plan = Plan::random(7, Rates::default());
    let faulty = (1..=4000).filter(|run| {
        let plan = plan.for_call(&call("charge", *run, 1), limits(None));
        let faults = usize::from(plan.crash_at.is_some())
            + usize::from(plan.hang)
            + usize::from(plan.ack.is_some())
            + usize::from(plan.redeliver_at.is_some())
            + usize::from(plan.hold.is_some())
            + usize::from(!operations(&plan).is_empty());
        assert!(faults <= 1, "{plan:?}");
        faults == 1
    });
    let faulty = faulty.count();
    assert!((900..1100).contains(&faulty), "{faulty}");
}

#[test]
fn everything_that_can_go_wrong_does() {
    let mut plans = Vec::new();
    for seed in 0..200 {
        let plan = Plan::random(seed, ALWAYS);
        plans.push(plan.for_call(&call("charge", 1, 1), limits(None)));
    }
    assert!((0..=5).all(|at| plans.iter().any(|plan| plan.crash_at == Some(at))));
    assert!(plans.iter().any(|plan| plan.hang));
    assert!(plans.iter().any(|plan| plan.redeliver_at.is_some()));
    assert!(plans.iter().any(|plan| plan.hold.is_some()));
    assert!(plans.iter().any(|plan| plan.ack == Some(AckFault::Lost)));
    let late = |plan: &CallPlan| matches!(plan.ack, Some(AckFault::Late(_)));
    assert!(plans.iter().any(late));
    let has = |wanted: fn(&OperationFault) -> bool| {
        plans.iter().any(|plan| operations(plan).iter().any(wanted))
    };
    assert!(has(|fault| matches!(fault, OperationFault::Slow(_))));
    assert!(has(|fault| *fault == OperationFault::Fail));
    assert!(has(|fault| *fault == OperationFault::NoAnswer));
    assert!(has(|fault| *fault == OperationFault::Evict));
    assert!(has(|fault| *fault == OperationFault::Duplicate));
}

#[test]
fn faults_fit_what_they_happen_to() {
    for seed in 0..500 {
        let plan = Plan::random(seed, ALWAYS);
        let queue = plan.for_call(&call("charge", 1, 1), limits(None));
        for at in 1..=5 {
            for kind in ALL {
                match queue.operation(at, kind) {
                    Some(OperationFault::Evict) => assert_eq!(kind, OperationKind::Read),
                    Some(OperationFault::Duplicate) => {
                        assert_eq!(kind, OperationKind::Send { keyed: false });
                    }
                    Some(OperationFault::Slow(time)) => assert!(time <= Duration::from_secs(10)),
                    _ => {}
                }
            }
        }
        let http = CallLimits {
            kind: CallKind::Http,
            ack_wait: None,
            ..limits(None)
        };
        let http = plan.for_call(&call("place-order", 1, 1), http);
        assert_eq!((http.ack, http.redeliver_at), (None, None));
    }
}

#[test]
fn faults_alone_use_up_no_message() {
    for seed in 0..500 {
        for (most, restart, last) in [
            (None, 0, 3),
            (Some(2), 0, 1),
            (Some(3), 0, 2),
            (Some(9), 0, 3),
            (Some(3), 1000, 1),
            (Some(1), 0, 0),
        ] {
            let plan = Plan::random(seed, Rates { restart, ..ALWAYS });
            for delivery in last + 1..=last + 3 {
                let call = plan.for_call(&call("charge", 1, delivery), limits(most));
                assert!(!costs(&call), "{most:?} {delivery} {call:?}");
            }
        }
    }
    let first = |seed| {
        let plan = Plan::random(
            seed,
            Rates {
                restart: 0,
                ..ALWAYS
            },
        );
        plan.for_call(&call("charge", 1, 2), limits(Some(3)))
    };
    assert!((0..500).any(|seed| costs(&first(seed))));
}

/// Numbers that were written down: a seed has to find the same world again in each version.
#[test]
fn a_seed_says_the_same_for_ever() {
    let plan = Plan::random(17, ALWAYS);
    let faults: Vec<_> = (1..=4)
        .map(|run| plan.for_call(&call("charge", run, 1), limits(None)))
        .map(|plan| {
            let operation = plan.operation(1, OperationKind::Write);
            (plan.crash_at, plan.redeliver_at, plan.hold, operation)
        })
        .collect();
    let mut yields = plan.yields(&call("charge", 1, 1));
    let yields: Vec<_> = (0..12).map(|_| yields.next()).collect();
    let restart = (1..=32).find(|publish| plan.publish(*publish).is_some());
    insta::assert_snapshot!(format!("{restart:?}\n{faults:?}\n{yields:?}"));
}

#[test]
fn calls_differ() {
    let plan = Plan::random(3, Rates::default());
    let stream = |function: &str, run, attempt| {
        let mut yields = plan.yields(&call(function, run, attempt));
        (0..20).map(|_| yields.next()).collect::<Vec<_>>()
    };
    let all = [
        stream("charge", 1, 1),
        stream("charge", 1, 2),
        stream("charge", 2, 1),
        stream("ship", 1, 1),
    ];
    let different: BTreeSet<_> = all.iter().collect();
    assert_eq!(different.len(), all.len());
    assert_eq!(stream("charge", 1, 1), all[0]);
    assert!(all.iter().flatten().all(|often| *often <= 3));
}

#[test]
fn a_list_is_done_exactly_and_keeps_the_schedule() {
    let faults = "charge#3.1:crash@2,charge#3.1:fail@1,charge#3.1:evict@2,charge#4.2:hang,\
                  restart-losing@17=2s";
    let plan = Plan::exactly(9, parse_list(faults).unwrap());
    let third = plan.for_call(&call("charge", 3, 1), limits(Some(1)));
    assert_eq!(third.crash_at, Some(2));
    let read = |at| third.operation(at, OperationKind::Read);
    assert_eq!(read(1), Some(OperationFault::Fail));
    assert_eq!(read(2), Some(OperationFault::Evict));
    assert_eq!(third.operation(2, OperationKind::Write), None);
    assert!(plan.for_call(&call("charge", 4, 2), limits(None)).hang);
    assert!(
        plan.for_call(&call("charge", 4, 1), limits(None))
            .is_empty()
    );
    assert!(plan.for_call(&call("ship", 3, 1), limits(None)).is_empty());
    let losing = Some(Duration::from_secs(2));
    assert_eq!(plan.publish(17), Some(RestartFault { losing }));
    assert_eq!(plan.publish(16), None);

    let mut exact = plan.yields(&call("charge", 1, 1));
    let mut random = Plan::random(9, Rates::default()).yields(&call("charge", 1, 1));
    let pairs: Vec<_> = (0..20).map(|_| (exact.next(), random.next())).collect();
    assert!(pairs.iter().all(|(exact, random)| exact == random));
    assert!(pairs.iter().any(|(exact, _)| *exact > 0));
}
