//! Faults: what goes wrong on purpose in a world, where, and who decides it.
//!
//! A [`Plan`] decides by a seed or by a list, [`Faults`] by what a test asks for. The world asks both
//! what shall go wrong in a call ([`CallPlan`]), lets it go wrong, and notes each [`Fault`] that took
//! effect.

mod call;
mod keyed;
mod plan;
mod script;
#[cfg(test)]
mod tests;
mod text;
mod words;
mod yields;

use std::time::Duration;

pub use call::{AckFault, CallPlan, OperationKind};
pub(crate) use keyed::{Decision, for_call as generator};
pub use plan::{CallKind, CallLimits, Plan, Rates, RestartFault};
pub use script::{Faults, On};
pub use text::{List, NoFault, parse_list};
pub use words::Words;
pub use yields::Yields;

use super::trace::{Call, Name};

/// Something that goes wrong on purpose.
///
/// As text, and from text, it has the form that `CLOUDC_FAULTS` takes: `charge#3.1:crash@2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// In one call of a handler.
    Call {
        /// In which one.
        place: Place,
        /// What goes wrong.
        kind: Kind,
    },
    /// The broker restarts: `restart@17`, `restart-losing@17=2s`.
    Restart {
        /// Before which message that the world publishes, from 1.
        publish: u64,
        /// So much of what it took last is lost; nothing without it.
        losing: Option<Duration>,
    },
}

impl Fault {
    /// A fault in this call.
    pub fn in_call(call: &Call, kind: Kind) -> Self {
        Self::Call {
            place: Place::of(call),
            kind,
        }
    }
}

/// One call of a handler, as text `charge#3.1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The function.
    pub function: Name,
    /// For a queue function the number of the message, of a batch the first one's; else which call of
    /// this function, from 1.
    pub run: u64,
    /// Which delivery of the message, from 1; 1 where there is none.
    pub delivery: u32,
}

impl Place {
    /// Where a call is.
    pub fn of(call: &Call) -> Self {
        Self {
            function: Name::clone(&call.function),
            run: call.run,
            delivery: call.attempt,
        }
    }

    /// Whether a call is here.
    pub fn is(&self, call: &Call) -> bool {
        self.run == call.run && self.delivery == call.attempt && self.function == call.function
    }
}

/// What can go wrong in a call of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Its pod dies: `crash@2`.
    Crash {
        /// When the handler waits for this time; 0 is before it begins.
        at: u32,
    },
    /// It never ends, so it runs into its timeout: `hang`.
    Hang,
    /// The acknowledgement of the message is lost or late: `lose-ack`, `late-ack=45s`.
    Ack(AckFault),
    /// The message is delivered again while it still runs: `redeliver@2`.
    Redeliver {
        /// When the handler waits for this time; 0 is before it begins.
        at: u32,
    },
    /// The call is held back for this time before the handler begins: `hold=5s`.
    Hold(Duration),
    /// One of its uses of a queue or cache goes wrong: `fail@2`.
    Operation {
        /// Which one, from 1.
        call: u32,
        /// How.
        fault: OperationFault,
    },
}

/// How one use of a queue or cache goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperationFault {
    /// It takes this time: `slow@2=5s`.
    Slow(Duration),
    /// It reports an error, and has no effect: `fail@2`.
    Fail,
    /// It reports an error, and has its effect: `no-answer@2`.
    NoAnswer,
    /// The entry is evicted before it is read: `evict@2`.
    Evict,
    /// The message is in the queue twice, with one id: `duplicate@2`. So it is when a publisher tries again
    /// and the broker has forgotten the id.
    Duplicate,
}
