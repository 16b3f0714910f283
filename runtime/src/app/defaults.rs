//! What the user gets who says nothing. The compiler has the same in `graph/defaults.rs`; a test
//! compares the examples' graphs with what is linked.

use std::time::Duration;

use super::{Kind, Scale};

/// How long the broker waits for an acknowledgement.
pub(super) const ACK_WAIT: Duration = Duration::from_secs(30);

/// How long the broker remembers message ids.
pub(super) const DEDUPE: Duration = Duration::from_secs(120);

/// Whether failed messages are kept.
pub(super) const DEAD_LETTER: bool = false;

/// Deliveries before a message counts as failed: bounded only where failed messages are kept.
pub(super) fn max_deliveries(dead_letter: bool) -> Option<u32> {
    dead_letter.then_some(5)
}

/// Pods, calls at the same time in each, and how long a call may take. The ack wait is that of the
/// queue that a consumer consumes.
pub(super) fn limits(kind: Kind, ack_wait: Duration) -> (Scale, u32, Duration) {
    let (most, concurrency, timeout) = match kind {
        Kind::Service => (10, 80, Duration::from_secs(30)),
        Kind::Consumer => (10, 10, Duration::from_secs(20).min(ack_wait * 2 / 3)),
        Kind::Schedule => (1, 1, Duration::from_secs(10 * 60)),
    };
    let scale = Scale {
        min: 0,
        max: Some(most),
    };
    (scale, concurrency, timeout)
}
