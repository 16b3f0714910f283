//! How many messages the server still owes.
//!
//! A request for messages stays open at the server until it has sent as many, or the request's time is over. Messages do
//! not say which request they answer, and the server takes turns between requests; only what ends a request names it.

use std::collections::BTreeMap;

use tokio::time::Instant;

/// What is asked for, and has not come.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// By number: how many were asked for, and when the server forgets it.
    requests: BTreeMap<u64, (usize, Instant)>,
    open: usize,
    last: u64,
}

/// How many messages to ask for now, where so many are wanted and so many are here or will come. Not for each that came: one
/// request for half of what is wanted is cheaper than a request for each message.
pub(super) fn missing(wanted: usize, expected: usize) -> usize {
    if wanted > 0 && expected <= wanted / 2 {
        wanted - expected
    } else {
        0
    }
}

impl Ledger {
    /// How many messages the server may still send.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// Notes a request, and gives it a number.
    pub(super) fn ask(&mut self, count: usize, now: Instant, until: Instant) -> u64 {
        self.requests.retain(|_, (_, until)| *until > now);
        self.last += 1;
        self.requests.insert(self.last, (count, until));
        self.open += count;
        self.last
    }

    /// Notes a message.
    pub(super) fn came(&mut self) {
        self.open = self.open.saturating_sub(1);
        if self.open == 0 {
            self.requests.clear();
        }
    }

    /// Notes the end of a request, of which so many have not come. A server that doesn't say how many has sent none, or
    /// it is better to ask for too many again than for none.
    pub(super) fn ended(&mut self, request: u64, missing: Option<usize>) {
        let asked = self.requests.remove(&request).map(|(asked, _)| asked);
        let missing = missing.or(asked).unwrap_or_default();
        self.open = self.open.saturating_sub(missing);
        if self.requests.is_empty() {
            self.open = 0;
        }
    }

    /// Forgets all requests: the server has done so.
    pub(super) fn forget(&mut self) {
        self.requests.clear();
        self.open = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ask(ledger: &mut Ledger, count: usize) -> u64 {
        let now = Instant::now();
        ledger.ask(count, now, now + Duration::from_secs(30))
    }

    #[test]
    fn it_asks_for_what_is_missing_and_not_each_time() {
        let mut ledger = Ledger::default();
        assert_eq!(missing(0, ledger.open()), 0);
        assert_eq!(missing(1, ledger.open()), 1);
        assert_eq!(missing(10, ledger.open()), 10);
        ask(&mut ledger, 10);
        assert_eq!(missing(10, ledger.open()), 0);
        for _ in 0..4 {
            ledger.came();
        }
        assert_eq!(missing(10, ledger.open()), 0);
        ledger.came();
        assert_eq!(missing(10, ledger.open()), 5);
        assert_eq!(missing(10, ledger.open() + 3), 0);
        assert_eq!(missing(1, ledger.open()), 0);
    }

    #[test]
    fn an_end_says_what_did_not_come() {
        let mut ledger = Ledger::default();
        let first = ask(&mut ledger, 10);
        let second = ask(&mut ledger, 10);
        ledger.came();
        ledger.ended(first, Some(9));
        assert_eq!(ledger.open(), 10);
        // The same end again changes nothing.
        ledger.ended(first, None);
        assert_eq!(ledger.open(), 10);
        ledger.ended(second, None);
        assert_eq!((ledger.open(), ledger.requests.len()), (0, 0));
    }

    #[test]
    fn nothing_is_open_without_a_request() {
        let mut ledger = Ledger::default();
        let only = ask(&mut ledger, 3);
        ledger.ended(only, Some(1));
        assert_eq!(ledger.open(), 0);
        ask(&mut ledger, 3);
        ledger.forget();
        assert_eq!((ledger.open(), ledger.requests.len()), (0, 0));
        ledger.came();
        assert_eq!(ledger.open(), 0);
    }

    #[test]
    fn old_requests_are_dropped() {
        let mut ledger = Ledger::default();
        let now = Instant::now();
        ledger.ask(5, now, now + Duration::from_secs(30));
        ledger.ask(
            5,
            now + Duration::from_secs(31),
            now + Duration::from_secs(61),
        );
        assert_eq!(ledger.requests.len(), 1);
    }
}
