//! Where the faults of a world come from.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use super::call::OpenOperation;
use super::keyed::{self, Decision};
use super::{AckFault, CallPlan, Fault, Kind, Yields};
use crate::testing::trace::Call;

/// A fault that makes a delivery fail is given to the first so many deliveries of a message.
const MOST_FAILED: u32 = 3;

/// What shall go wrong in a world, and in which order its handlers run.
#[derive(Clone, Debug)]
pub struct Plan {
    seed: u64,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    None,
    Random {
        rates: Rates,
        restart: Option<(u64, RestartFault)>,
    },
    Exactly(Arc<[Fault]>),
}

/// How often something goes wrong, in calls of a thousand. The default is 250 for each kind of function,
/// and 100 for restarts that lose nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Calls of functions with a queue.
    pub queue: u32,
    /// Calls of functions with a route. Whoever calls sees an error, as with a real service.
    pub http: u32,
    /// Runs of functions with a schedule.
    pub schedule: u32,
    /// Worlds, of a thousand, whose broker restarts once.
    pub restart: u32,
    /// A restart loses up to so much of what the broker took last. Zero, the default, is a broker that
    /// syncs before it answers, as the bundled one does.
    pub losing: Duration,
}

/// What triggers a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// A queue.
    Queue,
    /// A route.
    Http,
    /// A schedule.
    Schedule,
}

/// What bounds a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallLimits {
    /// How often its message is delivered at most; without a bound, until it is done.
    pub max_deliveries: Option<u32>,
    /// What triggers the function.
    pub kind: CallKind,
    /// How long it may take.
    pub timeout: Duration,
    /// How long the queue waits until it delivers again; where there is a queue.
    pub ack_wait: Option<Duration>,
}

/// The broker restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartFault {
    /// So much of what it took last is lost; nothing without it.
    pub losing: Option<Duration>,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            queue: 250,
            http: 250,
            schedule: 250,
            restart: 100,
            losing: Duration::ZERO,
        }
    }
}

impl Plan {
    /// Nothing goes wrong, and nobody yields.
    pub fn none() -> Self {
        Self {
            seed: 0,
            source: Source::None,
        }
    }

    /// The seed decides. A call has one fault at most. However bad the luck, faults alone never use up
    /// the deliveries of a message: the last one, and the fourth, is left to go well.
    pub fn random(seed: u64, rates: Rates) -> Self {
        let mut generator = keyed::for_world(seed, Decision::Restart);
        let restart = chance(&mut generator, rates.restart).then(|| {
            let publish = generator.random_range(1..=32);
            let losing = (!rates.losing.is_zero())
                .then(|| between(&mut generator, Duration::ZERO, rates.losing));
            (publish, RestartFault { losing })
        });
        Self {
            seed,
            source: Source::Random { rates, restart },
        }
    }

    /// Exactly these faults, and the schedule of the seed.
    pub fn exactly(seed: u64, faults: impl Into<Arc<[Fault]>>) -> Self {
        Self {
            seed,
            source: Source::Exactly(faults.into()),
        }
    }

    /// Whether the seed decides, and no list or script.
    pub fn is_random(&self) -> bool {
        matches!(self.source, Source::Random { .. })
    }

    /// What it was made from; 0 where nothing goes wrong.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What shall go wrong in a call.
    pub fn for_call(&self, call: &Call, limits: CallLimits) -> CallPlan {
        match &self.source {
            Source::None => CallPlan::default(),
            Source::Random { rates, restart } => {
                random(self.seed, call, limits, *rates, restart.is_some())
            }
            Source::Exactly(faults) => {
                let mut plan = CallPlan::default();
                for fault in &**faults {
                    if let Fault::Call { place, kind } = fault
                        && place.is(call)
                    {
                        plan.add(*kind);
                    }
                }
                plan
            }
        }
    }

    /// Whether the broker restarts before the `number`th message that the world publishes, from 1.
    pub fn publish(&self, number: u64) -> Option<RestartFault> {
        match &self.source {
            Source::None => None,
            Source::Random { restart, .. } => (*restart)
                .filter(|(publish, _)| *publish == number)
                .map(|(_, fault)| fault),
            Source::Exactly(faults) => faults.iter().find_map(|fault| match fault {
                Fault::Restart { publish, losing } if *publish == number => {
                    Some(RestartFault { losing: *losing })
                }
                _ => None,
            }),
        }
    }

    /// How a call yields to others.
    pub fn yields(&self, call: &Call) -> Yields {
        match self.source {
            Source::None => Yields::none(),
            Source::Random { .. } | Source::Exactly(_) => Yields::seeded(self.seed, call),
        }
    }
}

/// What the seed gives to a call. A restart may cost each message one more delivery.
fn random(seed: u64, call: &Call, limits: CallLimits, rates: Rates, restart: bool) -> CallPlan {
    let mut generator = keyed::for_call(seed, call, Decision::Fault);
    let rate = match limits.kind {
        CallKind::Queue => rates.queue,
        CallKind::Http => rates.http,
        CallKind::Schedule => rates.schedule,
    };
    let mut plan = CallPlan::default();
    if !chance(&mut generator, rate) {
        return plan;
    }
    let spare = limits.max_deliveries.map_or(MOST_FAILED, |most| {
        most.saturating_sub(1 + u32::from(restart)).min(MOST_FAILED)
    });
    let harmless = limits.kind == CallKind::Queue && call.attempt > spare;
    // Every draw is made, needed or not, so that a bound moves none behind it.
    let which = generator.random_range(0..16_u32);
    let at = generator.random_range(0..=5_u32);
    let draw = generator.random();
    let slow = between(&mut generator, Duration::ZERO, limits.timeout / 2);
    let lease = limits.ack_wait.unwrap_or(limits.timeout);
    let hold = between(&mut generator, Duration::ZERO, lease / 2);
    let late = between(&mut generator, lease / 2, lease * 2);
    let open = OpenOperation {
        call: at.max(1),
        draw,
        slow,
        harmless,
    };
    match (limits.kind, which) {
        (_, 0..=2) => _ = plan.add(Kind::Hold(hold)),
        (_, 3..=7) => plan.open = Some(open),
        _ if harmless => {}
        (_, 8..=10) => _ = plan.add(Kind::Crash { at }),
        (_, 11) => _ = plan.add(Kind::Hang),
        (CallKind::Queue, 12) => _ = plan.add(Kind::Ack(AckFault::Late(late))),
        (CallKind::Queue, 13) => _ = plan.add(Kind::Ack(AckFault::Lost)),
        (CallKind::Queue, _) => _ = plan.add(Kind::Redeliver { at }),
        _ => plan.open = Some(open),
    }
    plan
}

fn chance(generator: &mut Xoshiro256PlusPlus, of_a_thousand: u32) -> bool {
    generator.random_range(0..1000) < of_a_thousand
}

/// A time in whole milliseconds, at least one.
fn between(generator: &mut Xoshiro256PlusPlus, from: Duration, to: Duration) -> Duration {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let from = millis(from).max(1);
    Duration::from_millis(generator.random_range(from..=millis(to).max(from)))
}
