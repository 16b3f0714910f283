//! Waiting, in a world.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::inside::Inside;

/// What does not come to rest in a year never will.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// How often the watch looks.
const WATCH: Duration = Duration::from_secs(24 * 60 * 60);

/// Lets time go by: everything that is due on the way happens, in order.
pub(super) async fn advance(inside: &Arc<Inside>, time: Duration) {
    let _waiting = inside.waiting();
    let end = tokio::time::Instant::now().checked_add(time);
    // Behind the last date that there is, nothing can be due.
    let is_a_date =
        (inside.now().checked_add(time)).is_some_and(|end| Timestamp::try_from(end).is_ok());
    match end.filter(|_| is_a_date) {
        Some(end) => tokio::time::sleep_until(end).await,
        None => inside.give_up(format!("{time:?} is longer than time")),
    }
    // What is due at the very end is due.
    settle(inside).await;
}

/// Lets everything that can run now run until it waits for time to go by: until the runtime has nothing to do,
/// however long that takes.
pub(super) async fn settle(inside: &Inside) {
    inside.rest.notified().await;
}

/// Waits until nothing runs, and no message waits for a delivery. Time goes by while handlers, retries
/// and ack waits need it.
pub(super) async fn until_idle(inside: &Arc<Inside>) {
    let _waiting = inside.waiting();
    let began = inside.elapsed();
    let chain = inside.longest_chain();
    loop {
        settle(inside).await;
        if inside.running() == 0 && inside.unrest().is_empty() {
            // Tasks that handlers spawned: whatever they do now, they have done after a millisecond.
            if inside.strays() == 0 {
                return;
            }
            let before = inside.stirs();
            tokio::time::sleep(Duration::from_millis(1)).await;
            settle(inside).await;
            if inside.stirs() == before {
                inside.tell_strays();
                return;
            }
            continue;
        }
        if inside.elapsed().saturating_sub(began) > LONGEST {
            inside.give_up(format!(
                "a year went by, and the world is still not idle: {}",
                inside.unrest().join(", ")
            ));
        }
        inside.bound_idle(chain);
        // Woken by the end of a call or a message's; or by whatever is due next.
        let changed = inside.changed.notified();
        tokio::select! {
            biased;
            () = changed => {}
            () = tokio::time::sleep(STEP) => {}
        }
    }
}

/// The longest that goes by unseen while it waits.
const STEP: Duration = Duration::from_secs(60 * 60);

/// Ends a test that waits for what never comes: nothing is due but schedules, and a year goes by while
/// the test itself asks for nothing.
pub(super) async fn watch(inside: Arc<Inside>) {
    let mut unasked = Duration::ZERO;
    loop {
        tokio::time::sleep(WATCH).await;
        unasked = if inside.is_waited_for() {
            Duration::ZERO
        } else {
            unasked + WATCH
        };
        if unasked > LONGEST {
            inside.give_up(
                "the test waits for something that does not come: a year went by on the world's clock. \
                 What comes from outside of the world, such as an answer on a real socket, does not hold \
                 its clock"
                    .to_owned(),
            );
        }
    }
}
