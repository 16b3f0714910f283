//! The clock of one HTTP/1 connection, by which hyper bounds the wait for the head of a request.
//!
//! hyper makes a timer for each request and drops it as soon as the head is there. Here all of a connection's requests share one
//! that is set: it is moved on when it goes off too early, once in thirty seconds, and not for each request.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use hyper::rt::{Sleep, Timer};
use hyper_util::rt::TokioTimer;
use tokio::time;

/// What is set for a connection, if anything is.
#[derive(Clone, Default)]
pub(super) struct HeadTimer(Arc<Mutex<Option<Pin<Box<time::Sleep>>>>>);

impl Timer for HeadTimer {
    fn sleep(&self, duration: std::time::Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Wait {
            deadline: deadline.into(),
            timer: self.clone(),
        })
    }

    fn now(&self) -> Instant {
        TokioTimer::new().now()
    }
}

/// The wait for one head.
struct Wait {
    deadline: time::Instant,
    timer: HeadTimer,
}

impl Sleep for Wait {}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut shared = self.timer.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sleep = shared.get_or_insert_with(|| Box::pin(time::sleep_until(self.deadline)));
        if sleep.deadline() > self.deadline {
            sleep.as_mut().reset(self.deadline);
        }
        while sleep.as_mut().poll(context).is_ready() {
            if sleep.deadline() >= self.deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(self.deadline);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn each_wait_ends_at_its_own_time() {
        let timer = HeadTimer::default();
        let began = time::Instant::now();
        // Begun, and ended by a head.
        let first = timer.sleep(SECOND * 30);
        time::timeout(SECOND, first).await.expect_err("it waits");
        // Later than what is set, and earlier.
        timer.sleep(SECOND * 35).await;
        assert_eq!(began.elapsed(), SECOND * 36);
        time::timeout(SECOND, timer.sleep(SECOND * 30))
            .await
            .expect_err("it waits");
        timer.sleep(SECOND * 2).await;
        assert_eq!(began.elapsed(), SECOND * 39);
    }
}
