//! What happened to the messages of a queue, and whether it may happen.

use std::collections::BTreeMap;
use std::time::Duration;

use cloudc::backend::Settlement;

/// One thing that happened, as its client saw it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) at: Duration,
    pub(crate) id: String,
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    /// The queue took it, or knew its id.
    Sent { duplicate: bool, delay: Duration },
    /// It was delivered.
    Delivered { attempt: u32 },
    /// This delivery was settled, and the queue confirmed that.
    Settled { attempt: u32, how: Settlement },
}

/// What the queue was set to, and how exact its clock is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) max_deliveries: Option<u32>,
    pub(crate) ack_wait: Duration,
    pub(crate) slack: Duration,
    /// Deliveries of a message with a delay that no handler sees, and that count for the bound.
    pub(crate) spent_on_delay: u32,
}

/// What is wrong with a history.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wrong {
    /// Sent, and neither settled for good nor delivered as often as it may be.
    Lost(String),
    /// Delivered, and never sent, or settled for good before.
    Unexpected(String),
    /// Delivered again though its handler had it still, or before its delay was over.
    Early(String),
    /// Delivered more often than allowed.
    TooOften(String),
    /// The number of a delivery is not the last one's and one.
    Attempt(String),
    /// First delivered after a message that was sent later.
    Order(String),
}

/// What a whole history comes to. The history must end when nothing comes any more.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) wrong: Vec<Wrong>,
    /// Ids that were delivered more than once, which is allowed.
    pub(crate) repeated: Vec<String>,
    /// How many messages stay in the queue after their last delivery.
    pub(crate) staying: usize,
}

struct Message {
    /// Of those without a delay: which one.
    place: Option<usize>,
    attempts: u32,
    /// How often there was a reason to deliver it again since then: each time it was sent back, and before the first
    /// time its ack wait may have been over.
    reasons: u32,
    /// Before that, the next delivery is too early.
    not_before: Duration,
    /// When it may come again though it is delivered before: one who had it no longer sent it back, and that counts for a delivery
    /// that was on its way.
    sent_back_late: Option<Duration>,
    gone: bool,
}

impl Message {
    /// How many deliveries there may have been that nobody saw: between two reasons it may be delivered, and the second one takes
    /// that delivery back from where it waits.
    fn unseen(&self) -> u32 {
        self.reasons.saturating_sub(1)
    }
}

/// Judges a history whose ids were each taken once.
pub(crate) fn judge(history: &[Entry], rules: Rules) -> Verdict {
    let mut messages: BTreeMap<&str, Message> = BTreeMap::new();
    let mut verdict = Verdict::default();
    let mut sent = 0;
    let mut last_place = 0;
    for entry in history {
        let id = entry.id.as_str();
        let wrong = |what: fn(String) -> Wrong| what(id.to_owned());
        match entry.what {
            What::Sent {
                duplicate: true, ..
            } => {
                if !messages.contains_key(id) {
                    verdict.wrong.push(wrong(Wrong::Lost));
                }
            }
            What::Sent { delay, .. } => {
                sent += 1;
                let message = Message {
                    place: delay.is_zero().then_some(sent),
                    attempts: 0,
                    reasons: 0,
                    not_before: entry.at + delay,
                    sent_back_late: None,
                    gone: false,
                };
                messages.insert(id, message);
            }
            What::Delivered { attempt } => {
                let Some(message) = messages.get_mut(id).filter(|message| !message.gone) else {
                    verdict.wrong.push(wrong(Wrong::Unexpected));
                    continue;
                };
                if entry.at + rules.slack < message.not_before {
                    verdict.wrong.push(wrong(Wrong::Early));
                }
                let next = message.attempts + 1;
                if !(next..=next + message.unseen()).contains(&attempt) {
                    verdict.wrong.push(wrong(Wrong::Attempt));
                }
                message.reasons = 0;
                if rules.max_deliveries.is_some_and(|max| attempt > max) {
                    verdict.wrong.push(wrong(Wrong::TooOften));
                }
                if let Some(place) = message.place.filter(|_| message.attempts == 0) {
                    if place < last_place {
                        verdict.wrong.push(wrong(Wrong::Order));
                    }
                    last_place = last_place.max(place);
                }
                message.attempts = attempt;
                let whole = entry.at + rules.ack_wait;
                let late = message.sent_back_late.take();
                message.not_before = late.map_or(whole, |late| whole.min(late));
            }
            What::Settled { attempt, how } => {
                if let Some(message) = messages.get_mut(id) {
                    settle(message, entry.at, attempt, how, rules);
                }
            }
        }
    }
    for (id, message) in messages {
        if message.attempts > 1 {
            verdict.repeated.push(id.to_owned());
        }
        if message.gone {
            continue;
        }
        let spent = if message.place.is_none() {
            rules.spent_on_delay
        } else {
            0
        };
        let least = message.attempts + spent;
        let most = least + message.unseen();
        if rules
            .max_deliveries
            .is_some_and(|max| (least..=most).contains(&max))
        {
            verdict.staying += 1;
        } else {
            verdict.wrong.push(Wrong::Lost(id.to_owned()));
        }
    }
    verdict
}

/// A settlement of the delivery that holds the message says when it may come again. Any other one may
/// count or not: then the earlier time stands.
fn settle(message: &mut Message, at: Duration, attempt: u32, how: Settlement, rules: Rules) {
    let in_time = at + rules.slack < message.not_before;
    let holds = attempt == message.attempts && in_time;
    if matches!(how, Settlement::Returned | Settlement::Retry(_)) {
        let ended = message.reasons == 0 && !in_time;
        message.reasons += 1 + u32::from(ended);
    }
    let again = match how {
        Settlement::Done | Settlement::Dropped => {
            message.gone = true;
            return;
        }
        Settlement::Returned => at,
        Settlement::Retry(delay) => at + delay,
        Settlement::Progress => at + rules.ack_wait,
    };
    message.not_before = if holds {
        again
    } else {
        if how != Settlement::Progress {
            message.sent_back_late = Some(again);
        }
        message.not_before.min(again)
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        max_deliveries: Some(3),
        ack_wait: Duration::from_millis(100),
        slack: Duration::ZERO,
        spent_on_delay: 0,
    };

    const DONE: Settlement = Settlement::Done;

    fn entry(at: u64, id: &str, what: What) -> Entry {
        Entry {
            at: Duration::from_millis(at),
            id: id.to_owned(),
            what,
        }
    }

    fn sent(at: u64, id: &str) -> Entry {
        let what = What::Sent {
            duplicate: false,
            delay: Duration::ZERO,
        };
        entry(at, id, what)
    }

    fn delivered(at: u64, id: &str, attempt: u32) -> Entry {
        entry(at, id, What::Delivered { attempt })
    }

    fn settled(at: u64, id: &str, attempt: u32, how: Settlement) -> Entry {
        entry(at, id, What::Settled { attempt, how })
    }

    fn wrong(history: &[Entry]) -> Vec<Wrong> {
        judge(history, RULES).wrong
    }

    fn a() -> String {
        "a".to_owned()
    }

    #[test]
    fn a_good_history_is_good() {
        let verdict = judge(
            &[
                sent(0, "a"),
                sent(0, "b"),
                delivered(0, "a", 1),
                settled(0, "a", 1, Settlement::Returned),
                delivered(0, "a", 2),
                delivered(1, "b", 1),
                settled(50, "b", 1, Settlement::Progress),
                delivered(100, "a", 3),
                delivered(150, "b", 2),
                settled(151, "b", 1, DONE),
            ],
            RULES,
        );
        let repeated = vec![a(), "b".to_owned()];
        let good = Verdict {
            wrong: Vec::new(),
            repeated,
            staying: 1,
        };
        assert_eq!(verdict, good);
    }

    #[test]
    fn a_lost_message_is_seen() {
        assert_eq!(wrong(&[sent(0, "a")]), [Wrong::Lost(a())]);
        let retried = settled(1, "a", 1, Settlement::Returned);
        let history = [sent(0, "a"), delivered(0, "a", 1), retried];
        assert_eq!(wrong(&history), [Wrong::Lost(a())]);
        let duplicate = What::Sent {
            duplicate: true,
            delay: Duration::ZERO,
        };
        assert_eq!(wrong(&[entry(0, "a", duplicate)]), [Wrong::Lost(a())]);
    }

    #[test]
    fn an_unexpected_message_is_seen() {
        assert_eq!(wrong(&[delivered(0, "a", 1)]), [Wrong::Unexpected(a())]);
        for how in [DONE, Settlement::Dropped] {
            let history = [
                sent(0, "a"),
                delivered(0, "a", 1),
                settled(1, "a", 1, how),
                delivered(900, "a", 2),
            ];
            assert_eq!(wrong(&history), [Wrong::Unexpected(a())]);
        }
    }

    #[test]
    fn an_early_delivery_is_seen() {
        let first = [sent(0, "a"), delivered(0, "a", 1)];
        let done = |at| [delivered(at, "a", 2), settled(at, "a", 2, DONE)];
        let early = |history: &[Entry]| wrong(history) == [Wrong::Early(a())];
        assert!(early(&[&first[..], &done(99)].concat()));
        assert!(!early(&[&first[..], &done(100)].concat()));
        for (how, at) in [
            (Settlement::Progress, 149),
            (Settlement::Retry(Duration::from_millis(200)), 249),
        ] {
            let said = [settled(50, "a", 1, how)];
            assert!(early(&[&first[..], &said, &done(at)].concat()));
            assert!(!early(&[&first[..], &said, &done(at + 1)].concat()));
        }
        let late = [
            settled(120, "a", 1, Settlement::Returned),
            delivered(121, "a", 2),
        ];
        let again = [delivered(122, "a", 3), settled(122, "a", 3, DONE)];
        assert!(!early(&[&first[..], &late, &again].concat()));
        let third = [delivered(123, "a", 4), settled(123, "a", 4, DONE)];
        let of_many = Rules {
            max_deliveries: None,
            ..RULES
        };
        let history = [&first[..], &late, &again[..1], &third].concat();
        assert_eq!(judge(&history, of_many).wrong, [Wrong::Early(a())]);
        let later = What::Sent {
            duplicate: false,
            delay: Duration::from_millis(10),
        };
        let history = [
            entry(0, "a", later),
            delivered(9, "a", 1),
            settled(9, "a", 1, DONE),
        ];
        assert!(early(&history));
    }

    #[test]
    fn wrong_attempts_are_seen() {
        let skipped = [sent(0, "a"), delivered(0, "a", 2), settled(0, "a", 2, DONE)];
        assert_eq!(wrong(&skipped), [Wrong::Attempt(a())]);
        let back = |at| settled(at, "a", 1, Settlement::Returned);
        let begun = |backs: &[Entry]| [&[sent(0, "a"), delivered(0, "a", 1)], backs].concat();
        let end = [delivered(100, "a", 3), settled(100, "a", 3, DONE)];
        let after = |backs: &[Entry]| wrong(&[&begun(backs)[..], &end].concat());
        assert_eq!(after(&[back(99)]), [Wrong::Attempt(a())]);
        // Between the two, or before the one, it was delivered to where it waited.
        assert_eq!(after(&[back(99), back(99)]), []);
        assert_eq!(after(&[back(100)]), []);
        let twice = Rules {
            max_deliveries: Some(2),
            ..RULES
        };
        let lost = [Wrong::Lost(a())];
        assert_eq!(judge(&begun(&[back(99)]), twice).wrong, lost);
        assert_eq!(judge(&begun(&[back(100)]), twice).staying, 1);
        let mut often = vec![sent(0, "a")];
        for attempt in 1..=4 {
            often.push(delivered(u64::from(attempt) * 100, "a", attempt));
        }
        often.push(settled(400, "a", 4, DONE));
        assert_eq!(wrong(&often), [Wrong::TooOften(a())]);
    }

    #[test]
    fn a_wrong_order_is_seen() {
        let history = [
            sent(0, "a"),
            sent(0, "b"),
            delivered(0, "b", 1),
            delivered(0, "a", 1),
            settled(0, "a", 1, DONE),
            settled(0, "b", 1, DONE),
        ];
        assert_eq!(wrong(&history), [Wrong::Order(a())]);
    }
}
