//! Where two runs of one seed part.

use super::Ran;
use crate::testing::trace::Event;

/// So many events are shown that both runs have.
const BEFORE: usize = 8;

/// Where two runs part.
#[derive(Debug)]
pub(super) struct Difference<'a> {
    /// The last events that both have.
    pub(super) before: Vec<&'a Event>,
    /// How many there are before these.
    pub(super) earlier: usize,
    /// What the first run goes on with.
    pub(super) first: Vec<&'a Event>,
    /// What the second run goes on with.
    pub(super) second: Vec<&'a Event>,
}

/// Whether two runs are not the same.
pub(super) fn differs(first: &Ran, second: &Ran) -> bool {
    first.failure != second.failure || first.trace != second.trace
}

/// Where the traces of two runs part; at their end, if they are equal.
pub(super) fn difference<'a>(first: &'a Ran, second: &'a Ran) -> Difference<'a> {
    let events = |ran: &'a Ran| ran.trace.events().collect::<Vec<_>>();
    let (mut both, rest) = (events(first), events(second));
    let pairs = both.iter().zip(&rest);
    let same = pairs.take_while(|(first, second)| first == second).count();
    let first = both.split_off(same);
    let earlier = same.saturating_sub(BEFORE);
    Difference {
        before: both.split_off(earlier),
        earlier,
        first,
        second: rest[same..].to_vec(),
    }
}
