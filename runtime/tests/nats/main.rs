//! The broker of production, on servers that restart, stand still, refuse and run full.
#![cfg(feature = "shim")]

mod broker;
mod coming;
mod limits;
mod provision;
mod pulling;
mod stopping;

#[path = "../conformance/server.rs"]
mod server;

/// Each case on each version of the server.
macro_rules! on_each_version {
    ($($file:ident { $($case:ident)* })*) => {
        mod current {
            $(mod $file {
                $(#[test]
                fn $case() {
                    crate::broker::run("NATS_SERVER", Some("nats-server"), crate::$file::$case);
                })*
            })*
        }

        mod old {
            $(mod $file {
                $(#[test]
                fn $case() {
                    crate::broker::run("NATS_SERVER_OLD", None, crate::$file::$case);
                })*
            })*
        }
    };
}

on_each_version! {
    coming {
        a_broker_that_comes_late_is_waited_for
        a_broker_that_restarts_is_waited_for
        a_broker_that_stands_still_does_not_answer
        a_stranger_is_told_so
        credentials_that_come_right_let_it_in
        a_certificate_is_checked_by_the_authority_beside_the_credentials
    }
    limits {
        what_is_not_allowed_is_told_at_once
        an_inbox_that_is_not_allowed_is_told_at_once
        without_a_stream_it_says_who_makes_it
        a_full_stream_is_full
        a_dead_letter_has_its_reason
        a_queue_that_is_made_anew_keeps_its_own_dead_letters
    }
    provision {
        twice_is_once
        a_change_is_made_and_told
        one_that_breaks_off_says_how_far_it_came
        another_function_takes_the_place
        a_strangers_consumer_is_refused
        what_would_lose_messages_is_not_done
    }
    pulling {
        many_messages_come_in_their_order
        a_message_that_waits_here_keeps_its_lease
        a_handled_message_does_not_come_from_here_again
        a_message_with_a_delay_counts_from_one
        a_consumer_that_is_gone_is_told_and_may_come_back
        the_lag_is_what_is_not_settled
        a_queue_that_is_made_anew_begins_anew
    }
    stopping {
        what_was_sent_still_comes_and_nothing_twice
        a_stop_in_a_full_pipe_loses_nothing
        an_idle_queue_stops_at_once
        what_nobody_took_goes_back_when_it_closes
    }
}
