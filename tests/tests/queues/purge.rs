//! `purge`.

use crate::Stage;

#[test]
fn dead_letters_are_destroyed_and_messages_stay() {
    let Some(stage) = Stage::set() else { return };
    stage.broker.send("app.orders", &[], b"1");
    stage.broker.dead_letter(b"2");
    stage.broker.dead_letter(b"3");
    let purged = stage.run(&["purge", "orders", "--dead", "--yes"]);
    assert_eq!(purged.note(), "2 dead letters of orders are gone");
    assert_eq!(stage.broker.held("app-orders-dead").len(), 0);
    assert_eq!(stage.broker.held("app-orders").len(), 1);
}

#[test]
fn messages_are_destroyed_and_dead_letters_stay() {
    let Some(stage) = Stage::set() else { return };
    stage.broker.send("app.orders", &[], b"1");
    stage.broker.dead_letter(b"2");
    let json = ["--message-format", "json"];
    let purged = stage.run(&[&["purge", "orders", "--messages", "--yes"][..], &json].concat());
    assert_eq!(
        purged.out(),
        "{\"app\":\"app\",\"purged\":1,\"queue\":\"orders\",\"version\":1}\n"
    );
    assert_eq!(stage.broker.held("app-orders").len(), 0);
    assert_eq!(stage.broker.held("app-orders-dead").len(), 1);
}

#[test]
fn nothing_is_destroyed_without_a_yes() {
    let Some(stage) = Stage::set() else { return };
    stage.broker.dead_letter(b"2");
    let refused = stage.run(&["purge", "orders", "--dead"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("add --yes"), "{refused:?}");
    assert_eq!(stage.broker.held("app-orders-dead").len(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_the_name_of_the_queue_is_a_yes() {
    let Some(stage) = Stage::set() else { return };
    stage.broker.dead_letter(b"2");
    let purge = ["purge", "orders", "--dead"];
    let Some(declined) = stage.type_into("yes", &purge) else {
        return;
    };
    let said = String::from_utf8_lossy(&declined.stdout);
    assert!(
        said.contains("This destroys 1 dead letter of orders for ever."),
        "{said}"
    );
    assert!(said.contains("nothing was destroyed"), "{said}");
    assert_eq!(declined.status.code(), Some(1), "{said}");
    assert_eq!(stage.broker.held("app-orders-dead").len(), 1);

    let done = stage.type_into("orders", &purge).expect("a terminal");
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert_eq!(stage.broker.held("app-orders-dead").len(), 0);
}
