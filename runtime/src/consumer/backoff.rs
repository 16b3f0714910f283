//! When a message that failed comes again.

use std::time::Duration;

use crate::handler::Delivery;
use crate::hash;

/// The wait after the first failure.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// The wait before the delivery after this one: a second after the first, twice as long each time, five
/// minutes at the most; and of that a part, from half to all of it, so that what failed together does not
/// come back together. The part follows from the message, so a test that runs again sees the same one.
pub(super) fn delay(queue: &str, delivery: &Delivery) -> Duration {
    let doublings = delivery.attempt.saturating_sub(1).min(16);
    let whole = (FIRST * (1 << doublings)).min(LONGEST);
    let half = (whole / 2).as_millis() as u64;
    let part = hash::combined(&[
        hash::fnv(queue.as_bytes()),
        hash::fnv(delivery.id.as_bytes()),
        u64::from(delivery.attempt),
    ]);
    Duration::from_millis(half + part % (half + 1))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn of(id: u32, attempt: u32) -> Duration {
        let delivery = Delivery {
            payload: Vec::new(),
            id: id.to_string(),
            attempt,
            headers: BTreeMap::new(),
        };
        delay("orders", &delivery)
    }

    #[test]
    fn it_doubles_up_to_five_minutes() {
        for (attempt, most) in [
            (0, 1),
            (1, 1),
            (2, 2),
            (3, 4),
            (9, 256),
            (10, 300),
            (u32::MAX, 300),
        ] {
            let most = Duration::from_secs(most);
            for id in 0..100 {
                let delay = of(id, attempt);
                assert!((most / 2..=most).contains(&delay), "{attempt}: {delay:?}");
            }
        }
    }

    #[test]
    fn what_failed_together_comes_back_apart_and_each_time_at_the_same_time() {
        let delays: BTreeSet<_> = (0..100).map(|id| of(id, 9)).collect();
        assert!(delays.len() > 90, "{delays:?}");
        assert_eq!(of(7, 9), of(7, 9));
    }
}
