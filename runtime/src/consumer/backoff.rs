//! When a message that failed comes again.

use std::time::Duration;

use rand::RngExt as _;

/// The wait after the first failure.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// The wait before the delivery after this one: a second after the first, twice as long each time, five
/// minutes at the most; and of that a random part, from half to all of it, so that what failed together
/// does not come back together.
pub(super) fn delay(attempt: u32, rng: &mut impl rand::Rng) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let whole = (FIRST * (1 << doublings)).min(LONGEST);
    let millis = whole.as_millis() as u64;
    Duration::from_millis(rng.random_range(millis / 2..=millis))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn it_doubles_up_to_five_minutes() {
        let mut rng = StdRng::seed_from_u64(1);
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
            for _ in 0..100 {
                let delay = delay(attempt, &mut rng);
                assert!((most / 2..=most).contains(&delay), "{attempt}: {delay:?}");
            }
        }
    }
}
