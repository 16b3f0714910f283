//! What shall go wrong in one call.

use std::time::Duration;

use super::{Kind, OperationFault};

/// What shall go wrong in one call of a handler. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallPlan {
    /// The pod dies when the handler waits for this time; 0 is before it begins.
    pub crash_at: Option<u32>,
    /// The handler never ends.
    pub hang: bool,
    /// What becomes of the acknowledgement.
    pub ack: Option<AckFault>,
    /// The message is delivered again when the handler waits for this time; 0 is before it begins.
    pub redeliver_at: Option<u32>,
    /// The call is held back for this time before the handler begins.
    pub hold: Option<Duration>,
    /// Which use of a queue or cache goes wrong, and how.
    pub(super) operations: Vec<(u32, OperationFault)>,
    /// As `operations`, where the seed decides how it goes wrong when it is known what the use is.
    pub(super) open: Option<OpenOperation>,
}

/// What becomes of an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AckFault {
    /// It never arrives, so the message comes again.
    Lost,
    /// It arrives after this time.
    Late(Duration),
}

/// A use of a queue or cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// A message is sent.
    Send {
        /// With a key of the application's by which the queue takes it once.
        keyed: bool,
    },
    /// A cache is read.
    Read,
    /// A cache is changed.
    Write,
}

/// A use that goes wrong in a way that is not chosen yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenOperation {
    /// Which one, from 1.
    pub(super) call: u32,
    /// Chooses the way.
    pub(super) draw: u32,
    /// How slow it is, if it is slow.
    pub(super) slow: Duration,
    /// The call must not fail of it.
    pub(super) harmless: bool,
}

impl CallPlan {
    /// Whether nothing shall go wrong.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What goes wrong with the `call`th use of a queue or cache, counted from 1. It says nothing that
    /// makes no sense for this use: only a read finds its entry evicted, and only a message that was sent
    /// without a key is in the queue twice.
    pub fn operation(&self, call: u32, kind: OperationKind) -> Option<OperationFault> {
        let listed = self
            .operations
            .iter()
            .find(|(at, fault)| *at == call && fault.fits(kind));
        if let Some((_, fault)) = listed {
            return Some(*fault);
        }
        self.open.filter(|open| open.call == call)?.choose(kind)
    }

    /// Adds a fault. It says no when the call has another one in its place already.
    pub(super) fn add(&mut self, kind: Kind) -> bool {
        match kind {
            Kind::Crash { at } => put(&mut self.crash_at, at),
            Kind::Hang => !std::mem::replace(&mut self.hang, true),
            Kind::Ack(fault) => put(&mut self.ack, fault),
            Kind::Redeliver { at } => put(&mut self.redeliver_at, at),
            Kind::Hold(time) => put(&mut self.hold, time),
            Kind::Operation { call, fault } => {
                let free = self.operations.iter().all(|(at, _)| *at != call);
                if free {
                    self.operations.push((call, fault));
                }
                free
            }
        }
    }
}

impl OpenOperation {
    fn choose(self, kind: OperationKind) -> Option<OperationFault> {
        use OperationFault::{Duplicate, Evict, Fail, NoAnswer, Slow};

        let ways = [Slow(self.slow), Fail, NoAnswer, Evict, Duplicate];
        let ways: Vec<_> = ways
            .into_iter()
            .filter(|way| way.fits(kind) && (!self.harmless || matches!(way, Evict | Duplicate)))
            // To whom only reads, an effect without an answer is no effect.
            .filter(|way| !(*way == NoAnswer && kind == OperationKind::Read))
            .collect();
        let many = u32::try_from(ways.len()).ok()?;
        let chosen = self.draw.checked_rem(many)?;
        ways.get(usize::try_from(chosen).ok()?).copied()
    }
}

impl OperationFault {
    /// Whether it can happen to such a use.
    fn fits(self, kind: OperationKind) -> bool {
        match self {
            Self::Slow(_) | Self::Fail | Self::NoAnswer => true,
            Self::Evict => kind == OperationKind::Read,
            Self::Duplicate => kind == OperationKind::Send { keyed: false },
        }
    }
}

fn put<T>(place: &mut Option<T>, value: T) -> bool {
    let free = place.is_none();
    place.get_or_insert(value);
    free
}
