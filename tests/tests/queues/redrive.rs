//! `redrive`.

use crate::{Done, Stage};

/// The payloads that a stream holds.
fn payloads(stage: &Stage, stream: &str) -> Vec<Vec<u8>> {
    let held = stage.broker.held(stream);
    held.iter()
        .map(|message| message.payload.to_vec())
        .collect()
}

#[test]
fn a_dead_letter_is_moved_as_it_was_sent() {
    let Some(stage) = Stage::set() else { return };
    let payload = b"{\"sku\": \"tea\",\n \"count\": 1.50}";
    let headers = [
        ("traceparent", "00-aa"),
        ("x-two", "1"),
        ("x-two", "2"),
        ("Nats-Msg-Id", "dead-17"),
        ("Cloudc-Reason", "no"),
        ("Cloudc-Id", "order-17"),
    ];
    stage.broker.dead_letter(b"1");
    stage.broker.send("app.orders.dead", &headers, payload);
    let id = stage.broker.id_again(2);
    let done = stage.run(&["redrive", "orders", "--number", "2"]);
    assert_eq!(done.note(), "moved 1 dead letter back to orders");
    assert_eq!(payloads(&stage, "app-orders-dead"), [b"1"]);

    let held = stage.broker.held("app-orders");
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].payload, payload.as_slice());
    let value = |name: &str| Some(held[0].headers.get(name)?.as_str().to_owned());
    assert_eq!(value("traceparent").as_deref(), Some("00-aa"));
    assert_eq!(value("Nats-Msg-Id"), Some(id));
    assert_eq!(value("Cloudc-Reason"), None);
    assert_eq!(value("Cloudc-Id"), None);
}

#[test]
fn all_are_moved_in_their_order() {
    let Some(stage) = Stage::set() else { return };
    for number in 1..=5 {
        stage.broker.dead_letter(format!("{number}").as_bytes());
    }
    // One is gone already: its number is passed over.
    let one = stage.run(&["redrive", "ORDERS", "--number", "3"]);
    assert_eq!(one.note(), "moved 1 dead letter back to orders");
    let all = stage.run(&["redrive", "orders", "--all", "--yes"]);
    assert_eq!(all.note(), "moved 4 dead letters back to orders");
    assert_eq!(
        payloads(&stage, "app-orders"),
        [b"3", b"1", b"2", b"4", b"5"]
    );
    assert!(payloads(&stage, "app-orders-dead").is_empty());
    let none = [
        "redrive",
        "orders",
        "--all",
        "--yes",
        "--message-format",
        "json",
    ];
    assert_eq!(
        stage.run(&none).out(),
        "{\"app\":\"app\",\"left\":0,\"moved\":0,\"queue\":\"orders\",\"version\":1}\n"
    );
}

#[test]
fn one_that_was_cut_off_is_not_sent_twice() {
    let Some(stage) = Stage::set() else { return };
    stage.broker.dead_letter(b"1");
    // The queue has it, and the command was killed before the dead letter was removed.
    let id = stage.broker.id_again(1);
    stage
        .broker
        .send("app.orders", &[("Nats-Msg-Id", id.as_str())], b"1");
    let again = stage.run(&["redrive", "orders", "--all", "--yes"]);
    assert_eq!(again.note(), "moved 1 dead letter back to orders");
    assert_eq!(payloads(&stage, "app-orders"), [b"1"]);
    assert!(payloads(&stage, "app-orders-dead").is_empty());
}

/// Somebody deletes the stream, the provisioner makes it anew, and its numbers begin again.
#[test]
fn numbers_that_come_again_are_other_letters() {
    let Some(stage) = Stage::set() else { return };
    for payload in [b"1", b"2"] {
        assert_eq!(stage.broker.dead_letter(payload), 1);
        let done = stage.run(&["redrive", "orders", "--all", "--yes"]);
        assert_eq!(done.note(), "moved 1 dead letter back to orders");
        stage.broker.delete_stream("app-orders-dead");
        stage.broker.keep_dead_letters();
    }
    assert_eq!(payloads(&stage, "app-orders"), [b"1", b"2"]);
}

/// More than are under way at once, long ones among short ones, with gaps between their numbers.
#[test]
fn many_keep_their_order() {
    let Some(stage) = Stage::set() else { return };
    let mut all = stage.broker.many_dead_letters(300);
    let some = stage.run(&["redrive", "orders", "--number", "150,151,20"]);
    assert_eq!(some.note(), "moved 3 dead letters back to orders");
    let rest = stage.run(&["redrive", "orders", "--all", "--yes"]);
    assert_eq!(rest.note(), "moved 297 dead letters back to orders");
    let mut expected = vec![all.remove(19), all.remove(148), all.remove(148)];
    expected.append(&mut all);
    assert_eq!(payloads(&stage, "app-orders"), expected);
    assert!(payloads(&stage, "app-orders-dead").is_empty());
}

/// Those behind the first that is refused are under way already.
#[test]
fn a_queue_that_takes_no_more_of_many_leaves_each_in_one_place() {
    let Some(stage) = Stage::set() else { return };
    let all = stage.broker.many_dead_letters(200);
    stage.broker.limit("app-orders", 70);
    let done = stage.run(&["redrive", "orders", "--all", "--yes"]);
    assert!(
        done.refusal()
            .starts_with("moved 70 dead letters back to orders; 130 left: "),
        "{done:?}"
    );
    assert!(done.err.contains("\n1 error"), "{done:?}");
    assert_eq!(payloads(&stage, "app-orders"), all[..70]);
    assert_eq!(payloads(&stage, "app-orders-dead"), all[70..]);
}

#[test]
fn a_queue_that_takes_no_more_leaves_the_rest_dead() {
    let Some(stage) = Stage::set() else { return };
    for number in 1..=3 {
        stage.broker.dead_letter(format!("{number}").as_bytes());
    }
    stage.broker.limit("app-orders", 2);
    let done = stage.run(&["redrive", "orders", "--all", "--yes"]);
    assert!(
        done.refusal().starts_with(
            "moved 2 dead letters back to orders; 1 left: run the command again to go on\n"
        ),
        "{done:?}"
    );
    assert!(
        done.err
            .contains("the broker says no: maximum messages exceeded"),
        "{done:?}"
    );
    assert_eq!(payloads(&stage, "app-orders"), [b"1", b"2"]);
    assert_eq!(payloads(&stage, "app-orders-dead"), [b"3"]);
}

#[test]
fn numbers_that_are_not_there_are_named_and_nothing_is_moved() {
    let Some(stage) = Stage::set() else { return };
    stage.broker.dead_letter(b"1");
    let done = stage.run(&["redrive", "orders", "--number", "1,7", "--number", "9"]);
    for number in [7, 9] {
        let line = format!("the queue `orders` has no dead letter {number}");
        assert!(done.refusal().contains(&line), "{done:?}");
    }
    assert!(done.err.contains("2 errors"), "{done:?}");
    assert!(done.err.starts_with("nothing was moved\n"), "{done:?}");
    assert_eq!(payloads(&stage, "app-orders-dead"), [b"1"]);
}

#[test]
fn nobody_is_asked_where_nobody_is() {
    let Some(stage) = Stage::set() else { return };
    stage.broker.dead_letter(b"1");
    let refused = stage.run(&["redrive", "orders", "--all"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("add --yes"), "{refused:?}");
    assert_eq!(payloads(&stage, "app-orders-dead"), [b"1"]);
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_all_are_asked_about_and_a_bar_is_drawn() {
    let Some(stage) = Stage::set() else { return };
    stage.broker.dead_letter(b"1");
    stage.broker.dead_letter(b"2");
    let all = ["redrive", "orders", "--all"];
    let Some(declined) = stage.type_into("no", &all) else {
        return;
    };
    let said = String::from_utf8_lossy(&declined.stdout);
    assert!(
        said.contains("This sends 2 dead letters to orders again."),
        "{said}"
    );
    assert!(said.contains("nothing was moved"), "{said}");
    assert_eq!(payloads(&stage, "app-orders-dead").len(), 2);

    let done = stage.type_into("orders", &all).expect("a terminal");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(said.contains("2 of 2"), "no bar in {said}");
    assert!(
        said.contains("moved 2 dead letters back to orders"),
        "{said}"
    );
    assert_eq!(payloads(&stage, "app-orders"), [b"1", b"2"]);
}

/// Ctrl-C comes as soon as the first message passes by: those under way are moved, and what is left is moved by the next
/// run, each once.
#[cfg(unix)]
#[test]
fn interrupted_nothing_is_lost_and_nothing_is_doubled() {
    use rustix::process::{Pid, Signal, kill_process};
    use std::os::unix::process::ExitStatusExt as _;

    /// So many that it is not done by then.
    const MANY: usize = 2_000;
    let Some(stage) = Stage::set() else { return };
    let all = stage.broker.many_dead_letters(MANY);
    let mut command = stage.command(&["redrive", "orders", "--all", "--yes"]);
    let child = std::cell::Cell::new(None);
    stage.broker.at_first(
        "app.orders",
        || child.set(Some(command.spawn().expect("cloudc"))),
        || {},
    );
    let child = child.take().expect("it was started");
    kill_process(Pid::from_child(&child), Signal::INT).expect("interrupted");
    let output = child.wait_with_output().expect("cloudc");
    assert_eq!(output.status.signal(), Some(2), "{output:?}");
    let said = Done::of(&output).err;
    let moved = payloads(&stage, "app-orders").len();
    let left = payloads(&stage, "app-orders-dead").len();
    assert!(moved > 0 && left > 0, "{moved} moved, {left} left");
    assert_eq!(moved + left, MANY, "{said}");
    let count = format!("moved {moved} dead letter");
    assert!(said.starts_with(&count), "{said}");
    assert!(said.contains(&format!("{left} left")), "{said}");

    let rest = stage.run(&["redrive", "orders", "--all", "--yes"]);
    assert_eq!(rest.code, Some(0), "{rest:?}");
    assert_eq!(payloads(&stage, "app-orders"), all);
}
