//! A world so small that it can be seen through.

use std::sync::Arc;
use std::time::Duration;

use crate::testing::faults::{AckFault, CallKind, CallLimits, Fault, Kind, OperationKind, Plan};
use crate::testing::simulate::Ran;
use crate::testing::trace::{Call, End, Event, Fate, What, Who};

/// A run that is being told.
#[derive(Default)]
pub(super) struct Toy {
    pub(super) ran: Ran,
    now: Duration,
}

impl Toy {
    pub(super) fn tell(&mut self, what: What) {
        self.now += Duration::from_millis(10);
        self.ran.trace.push(Event { at: self.now, what });
    }

    pub(super) fn effect(&mut self, call: &Arc<Call>, name: &str, key: &str) {
        self.tell(What::Effect {
            by: Who::Call(Arc::clone(call)),
            name: name.to_owned(),
            key: key.to_owned(),
        });
    }

    pub(super) fn wait(&mut self, time: Duration) {
        self.now += time;
    }

    pub(super) fn fail(&mut self, why: &str) {
        if self.ran.failure.is_none() {
            self.ran.failed_at = self.ran.trace.events().len().checked_sub(1);
            self.ran.failure = Some(why.to_owned());
        }
    }

    fn inject(&mut self, call: &Call, kind: Kind) {
        let fault = Fault::in_call(call, kind);
        self.tell(What::Fault {
            fault: fault.to_string(),
        });
        self.ran.injected.push(fault);
    }

    /// One delivery of a message. It says what went wrong in it.
    pub(super) fn charge(&mut self, plan: &Plan, run: u64, attempt: u32) -> Vec<Kind> {
        let call = call(run, attempt);
        let limits = CallLimits {
            max_deliveries: Some(5),
            kind: CallKind::Queue,
            timeout: Duration::from_secs(20),
            ack_wait: Some(Duration::from_secs(30)),
        };
        let planned = plan.for_call(&call, limits);
        let operation = planned.operation(1, OperationKind::Write);
        let kinds: Vec<_> = [
            planned.hold.map(Kind::Hold),
            planned.redeliver_at.map(|at| Kind::Redeliver { at }),
            planned.crash_at.map(|at| Kind::Crash { at }),
            planned.hang.then_some(Kind::Hang),
            operation.map(|fault| Kind::Operation { call: 1, fault }),
            planned.ack.map(Kind::Ack),
        ]
        .into_iter()
        .flatten()
        .collect();
        self.tell(What::Started {
            call: Arc::clone(&call),
        });
        let number = format!("order-{run}");
        self.effect(&call, "charged", &number);
        for kind in &kinds {
            self.inject(&call, *kind);
        }
        let crashed = planned.crash_at.is_some();
        let end = if crashed { End::Crashed } else { End::Done };
        self.tell(What::Ended { call, end });
        let how = match planned.ack {
            Some(AckFault::Lost) => Fate::AckLost,
            _ => Fate::Acked,
        };
        self.tell(What::Settled {
            queue: "orders".into(),
            message: run,
            attempt,
            how,
        });
        kinds
    }
}

pub(super) fn call(run: u64, attempt: u32) -> Arc<Call> {
    Arc::new(Call {
        function: "charge".into(),
        run,
        attempt,
        messages: 1,
    })
}

/// Twelve orders. It fails when the acknowledgement of the third is lost *and* a pod dies under the
/// seventh.
pub(super) fn shop(_seed: u64, plan: Plan) -> Ran {
    let mut toy = Toy::default();
    let mut lost = false;
    for run in 1..=12 {
        let faults = toy.charge(&plan, run, 1);
        let crashed = faults.iter().any(|kind| matches!(kind, Kind::Crash { .. }));
        if run == 3 {
            lost = faults.contains(&Kind::Ack(AckFault::Lost));
        }
        if run == 7 && lost && crashed {
            toy.charge(&Plan::none(), 3, 2);
            toy.fail("order-3 was charged twice\nexpected 1, found 2");
        }
    }
    toy.ran
}
