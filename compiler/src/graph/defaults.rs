//! What the user gets who says nothing: the defaults of every knob and of a queue, in one place.

use std::time::Duration;

use super::{Knobs, Limits, Sandbox, Scale, Visibility, WorkloadKind};

/// How long the broker waits for an acknowledgement: what NATS JetStream waits by default.
pub const ACK_WAIT: Duration = Duration::from_secs(30);

/// How long the broker remembers message ids: what NATS JetStream remembers by default.
pub const DEDUPE_WINDOW: Duration = Duration::from_secs(120);

/// Whether failed messages are kept.
pub const DEAD_LETTER: bool = false;

/// A time zone for the schedules that name none.
pub const TIMEZONE: &str = "Etc/UTC";

/// Deliveries before a message counts as failed. Without a dead letter there is no bound, so that a
/// message is never dropped silently.
pub fn max_deliveries(dead_letter: bool) -> Option<u32> {
    dead_letter.then_some(5)
}

/// What one call of a queue function may take: 20 seconds, or two thirds of the queue's ack wait if
/// that is less, so that the default is never beyond the ack wait.
pub fn queue_timeout(ack_wait: Duration) -> Duration {
    Duration::from_secs(20).min(ack_wait * 2 / 3)
}

/// The knobs of a workload: for each one, what the first function that turns it says. Functions that
/// say different things are a mistake that `check` reports.
pub fn merge<'a>(functions: impl IntoIterator<Item = &'a Knobs>) -> Knobs {
    functions.into_iter().fold(Knobs::default(), |first, next| {
        let next = next.clone();
        Knobs {
            scale: first.scale.or(next.scale),
            concurrency: first.concurrency.or(next.concurrency),
            timeout: first.timeout.or(next.timeout),
            memory: first.memory.or(next.memory),
            cpu: first.cpu.or(next.cpu),
            sandbox: first.sandbox.or(next.sandbox),
            visibility: first.visibility.or(next.visibility),
        }
    })
}

/// The knobs of a workload with the defaults filled in.
///
/// | knob | HTTP | queue | schedule |
/// | --- | --- | --- | --- |
/// | `scale` | `0..=10` | `0..=10` | `0..=1` |
/// | `concurrency` | 80 | 10 | 1 |
/// | `timeout` | 30 s | [`queue_timeout`] | 10 min |
///
/// `memory` is 128Mi, `cpu` 100m, no sandbox, and a service is public. `ack_wait` is that of the
/// queue which a consumer consumes; `None` stands for [`ACK_WAIT`].
pub fn limits(kind: WorkloadKind, knobs: &Knobs, ack_wait: Option<Duration>) -> Limits {
    let (most, concurrency, timeout) = match kind {
        WorkloadKind::Service => (10, 80, Duration::from_secs(30)),
        WorkloadKind::Consumer => (10, 10, queue_timeout(ack_wait.unwrap_or(ACK_WAIT))),
        WorkloadKind::Schedule => (1, 1, Duration::from_secs(10 * 60)),
    };
    let scale = Scale {
        min: 0,
        max: Some(most),
    };
    let text = |default: &str| default.to_owned();
    Limits {
        scale: knobs.scale.as_ref().map_or(scale, |set| set.value),
        concurrency: knobs
            .concurrency
            .as_ref()
            .map_or(concurrency, |set| set.value),
        timeout: knobs.timeout.as_ref().map_or(timeout, |set| set.value),
        memory: knobs
            .memory
            .as_ref()
            .map_or_else(|| text("128Mi"), |set| set.value.clone()),
        cpu: knobs
            .cpu
            .as_ref()
            .map_or_else(|| text("100m"), |set| set.value.clone()),
        sandbox: knobs
            .sandbox
            .as_ref()
            .map_or(Sandbox::None, |set| set.value),
        visibility: knobs
            .visibility
            .as_ref()
            .map_or(Visibility::Public, |set| set.value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Setting;
    use crate::span::{FileId, Span};

    fn set<T>(value: T) -> Option<Setting<T>> {
        let span = Span {
            file: FileId(0),
            start: 0,
            end: 0,
        };
        Some(Setting { value, span })
    }

    #[test]
    fn the_default_timeout_stays_within_the_ack_wait() {
        for millis in [1, 3, 1_000, 29_999, 30_000, 30_001, 3_600_000] {
            let ack_wait = Duration::from_millis(millis);
            let limits = limits(WorkloadKind::Consumer, &Knobs::default(), Some(ack_wait));
            assert!(limits.timeout < ack_wait, "{millis} ms");
            assert!(limits.timeout > Duration::ZERO, "{millis} ms");
        }
        let limits = limits(WorkloadKind::Consumer, &Knobs::default(), None);
        assert_eq!(limits.timeout, Duration::from_secs(20));
    }

    #[test]
    fn the_first_function_that_turns_a_knob_wins() {
        let silent = Knobs::default();
        let first = Knobs {
            concurrency: set(5),
            ..Knobs::default()
        };
        let second = Knobs {
            concurrency: set(6),
            cpu: set("1".to_owned()),
            ..Knobs::default()
        };
        let limits = limits(
            WorkloadKind::Service,
            &merge([&silent, &first, &second]),
            None,
        );
        assert_eq!(limits.concurrency, 5);
        assert_eq!(limits.cpu, "1");
        assert_eq!(limits.memory, "128Mi");
        assert_eq!(limits.scale.max, Some(10));
    }

    #[test]
    fn deliveries_are_bounded_only_where_failed_messages_are_kept() {
        assert_eq!(max_deliveries(true), Some(5));
        assert_eq!(max_deliveries(false), None);
    }
}
