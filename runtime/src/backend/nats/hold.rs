//! The hold on a message: how it is settled.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::coop::unconstrained;
use tokio::time::sleep;

use super::link::Link;
use super::pull::{Place, Pulls};
use crate::backend::{Answer, Failure, Hold, Settlement};

/// How often the server is told what it must confirm. Each time it has five seconds to connect and five to answer.
const TRIES: usize = 6;
/// The wait between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// One delivery of a message. Whatever connection it came over, it is settled by its subject.
#[derive(Clone)]
pub(super) struct Held {
    link: Arc<Link>,
    /// `$JS.ACK.…`, which names the message and its delivery.
    subject: Arc<str>,
    /// Its number in the stream, and when it got that.
    place: Place,
    /// Where it may have come in again by now.
    pulls: Weak<Pulls>,
}

impl Held {
    /// Of the message at this place in its stream.
    pub(super) fn new(link: Arc<Link>, subject: &str, place: Place, pulls: &Arc<Pulls>) -> Self {
        Self {
            link,
            subject: Arc::from(subject),
            place,
            pulls: Arc::downgrade(pulls),
        }
    }

    /// What lives as long as this does.
    pub(super) fn life(&self) -> Weak<str> {
        Arc::downgrade(&self.subject)
    }

    /// Starts its ack wait anew, if there is room in the connection's queue.
    pub(super) fn touch(&self) {
        let _ = unconstrained(self.settle(Settlement::Progress)).now_or_never();
    }

    /// Said once more while there is no answer: twice is as good as once, and late better than never. A message that is done and comes
    /// again is done twice.
    async fn confirmed(&self, what: &str) -> Result<(), Failure> {
        let mut tries = 1;
        loop {
            match self.link.request(&self.subject, None, what.into()).await {
                Ok(_) => break,
                Err(Failure::NoAnswer(_) | Failure::Unavailable(_)) if tries < TRIES => tries += 1,
                Err(failure) => return Err(failure),
            }
            sleep(PAUSE).await;
        }
        if let Some(pulls) = self.pulls.upgrade() {
            pulls.gone(self.place);
        }
        Ok(())
    }

    async fn back(&self, delay: Duration) -> Result<(), Failure> {
        self.link.tell(&self.subject, nak(delay)).await?;
        if let Some(pulls) = self.pulls.upgrade() {
            pulls.back(self.place);
        }
        Ok(())
    }
}

impl Hold for Held {
    /// What takes the message out of the queue is confirmed by the server: lost, it would be done twice. The others are not:
    /// lost, the message comes again after its ack wait, and that is all.
    fn settle(&self, how: Settlement) -> Answer<'_, ()> {
        Box::pin(async move {
            match how {
                Settlement::Done => self.confirmed("+ACK").await,
                Settlement::Dropped => self.confirmed("+TERM").await,
                Settlement::Retry(delay) => self.back(delay).await,
                Settlement::Returned => self.back(Duration::ZERO).await,
                Settlement::Progress => self.link.tell(&self.subject, "+WPI".to_owned()).await,
            }
        })
    }
}

/// The longest delay of a message that goes back. The server counts nanoseconds in 63 bits; what it cannot count it takes for none
/// at all, and would deliver the message again at once, for ever.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Nanoseconds; a bare one comes again at once. No `BackOff` of the consumer's: the server would add it to the delay.
pub(super) fn nak(delay: Duration) -> String {
    if delay.is_zero() {
        "-NAK".to_owned()
    } else {
        format!("-NAK {{\"delay\": {}}}", delay.min(LONGEST).as_nanos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn naks() {
        assert_eq!(nak(Duration::ZERO), "-NAK");
        assert_eq!(nak(Duration::from_millis(2)), "-NAK {\"delay\": 2000000}");
        let never = nak(Duration::MAX);
        let nanos = never.trim_start_matches("-NAK {\"delay\": ");
        assert!(
            nanos.trim_end_matches('}').parse::<i64>().is_ok(),
            "{never}"
        );
    }
}
