//! Looks, on the clock on the wall, for polls that do not come back. Nobody can end one; but a test that hangs
//! should say in whose code.

use std::io::Write as _;
use std::sync::{Arc, Mutex, Once, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::families::Doer;
use crate::testing::lock;

/// A poll that takes longer is told.
const LONG: Duration = Duration::from_secs(10);
/// How often the watch looks.
const EVERY: Duration = Duration::from_secs(1);

/// What a thread polls.
type Slot = Arc<Mutex<Option<Poll>>>;

/// A poll that has begun.
struct Poll {
    began: Instant,
    test: &'static str,
    doer: Doer,
    is_told: bool,
}

/// The threads that poll in worlds.
static THREADS: Mutex<Vec<Weak<Mutex<Option<Poll>>>>> = Mutex::new(Vec::new());

thread_local! {
    static SLOT: Slot = register();
}

/// While it lives, a poll goes on.
pub(super) struct Watched {
    pub(super) began: Instant,
    before: Option<Poll>,
}

/// A poll begins on this thread.
pub(super) fn begin(test: &'static str, doer: &Doer) -> Watched {
    let began = Instant::now();
    let poll = Poll {
        began,
        test,
        doer: doer.clone(),
        is_told: false,
    };
    let before = SLOT.with(|slot| lock(slot).replace(poll));
    Watched { began, before }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let before = self.before.take();
        SLOT.with(|slot| *lock(slot) = before);
    }
}

fn register() -> Slot {
    static STARTED: Once = Once::new();
    // Without the thread nothing is told, and all else goes on.
    STARTED.call_once(|| {
        _ = thread::Builder::new()
            .name("cloudc-watch".to_owned())
            .spawn(watch)
    });
    let slot = Slot::default();
    let mut threads = lock(&THREADS);
    threads.retain(|thread| thread.strong_count() > 0);
    threads.push(Arc::downgrade(&slot));
    slot
}

fn watch() {
    loop {
        thread::sleep(EVERY);
        let threads: Vec<Slot> = lock(&THREADS).iter().filter_map(Weak::upgrade).collect();
        for thread in threads {
            let overdue = lock(&thread)
                .as_mut()
                .and_then(|poll| poll.overdue(Instant::now()));
            if let Some(text) = overdue {
                // Past the test harness, which shows what it captures when the test has ended.
                let _ = writeln!(std::io::stderr(), "{text}");
            }
        }
    }
}

impl Poll {
    /// What is to say of it, once.
    fn overdue(&mut self, now: Instant) -> Option<String> {
        if self.is_told || now.saturating_duration_since(self.began) < LONG {
            return None;
        }
        self.is_told = true;
        let who = match &self.doer {
            Doer::Test => "the test itself".to_owned(),
            Doer::Call(call) => format!("`{}`", call.name.function),
        };
        Some(format!(
            "warning: {}: {who} has held up its world for {} seconds: a loop without an `.await`, or a call that \
             blocks; nothing can end it, and until it ends nothing else happens",
            self.test,
            LONG.as_secs()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_that_does_not_come_back_is_told_once_and_by_name() {
        let watched = begin("tests::hangs", &Doer::Test);
        let told = |after: u64| {
            let now = Instant::now() + Duration::from_secs(after);
            SLOT.with(|slot| lock(slot).as_mut().and_then(|poll| poll.overdue(now)))
        };
        assert_eq!(told(5), None);
        let text = told(11).expect("overdue");
        assert!(
            text.starts_with("warning: tests::hangs: the test itself has held up"),
            "{text}"
        );
        assert_eq!(told(12), None, "once");
        drop(watched);
        let again = begin("tests::goes_on", &Doer::Test);
        assert_eq!(told(9), None, "another poll");
        drop(again);
    }
}
