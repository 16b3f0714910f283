//! What every backend has to do, whichever it is. Each case says what real servers may answer, which
//! is often more than one thing: the emulator must stay within it, and so must the servers.

mod caches;
mod emulator;
mod history;
#[cfg(feature = "shim")]
mod nats;
mod queues;
#[cfg(feature = "shim")]
mod redis;
#[cfg(feature = "shim")]
#[path = "../valkey/server.rs"]
#[expect(dead_code, reason = "these cases need no more of it")]
mod redis_server;
mod sequences;
#[cfg(feature = "shim")]
mod server;
mod subject;

/// Each case as a test of its own name, on one subject.
macro_rules! conform {
    ($subject:ty: $($file:ident { $($case:ident)* })*) => {
        $(mod $file {
            $(#[test]
            fn $case() {
                if <$subject as crate::subject::Subject>::is_there() {
                    crate::$file::$case::<$subject>();
                }
            })*
        })*
    };
}

/// The cases of queues.
macro_rules! queues_conform {
    ($subject:ty) => {
        conform! {
            $subject:
            queues {
                a_delivery_is_what_was_sent
                new_messages_come_in_their_order
                expired_leases_come_first_and_by_sequence
                a_bare_nak_goes_to_the_tail
                a_nak_with_a_delay_waits
                a_delayed_message_waits
                after_the_last_delivery_a_message_stays
                a_late_ack_counts
                what_was_sent_back_late_comes_once
                a_dropped_message_never_comes_again
                progress_starts_a_whole_ack_wait
                to_settle_twice_is_no_error
                an_id_is_taken_once_within_the_window
                an_id_is_known_after_its_message_was_consumed
                an_id_is_taken_again_after_the_window
                the_window_is_no_longer_than_the_age
                each_message_goes_to_one_of_many
                a_dropped_pull_has_taken_nothing
                too_many_unsettled_messages_hold_back_new_ones
                an_old_message_is_removed
                a_large_message_is_refused
                to_bury_twice_is_no_error
            }
            sequences {
                no_sequence_of_operations_loses_a_message
            }
        }
    };
}

/// The cases of caches.
macro_rules! caches_conform {
    ($subject:ty) => {
        conform! {
            $subject:
            caches {
                what_was_set_is_there
                a_removed_entry_is_gone
                an_entry_lives_for_its_time
                to_set_forgets_the_time
                no_time_at_all_is_refused
                full_memory_evicts
                full_memory_refuses
            }
            sequences {
                no_sequence_of_operations_confuses_a_cache
            }
        }
    };
}

/// On the emulator.
mod on_the_emulator {
    mod as_a_broker {
        queues_conform!(crate::emulator::Emulated);
    }

    mod as_a_store {
        caches_conform!(crate::emulator::Emulated);
    }
}

/// On NATS JetStream.
#[cfg(feature = "shim")]
mod on_nats {
    mod current {
        queues_conform!(crate::nats::Current);
    }

    /// Debian's, from the time before many things.
    mod old {
        queues_conform!(crate::nats::Old);
    }
}

/// On a real server.
#[cfg(feature = "shim")]
mod on_redis {
    caches_conform!(crate::redis::Redis);
}
