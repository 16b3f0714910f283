//! What the user for people may do at the bundled broker, by the permissions in its manifest.

use crate::Stage;

fn held(stage: &Stage) -> (usize, usize) {
    let count = |stream| stage.broker.held(stream).len();
    (count("app-orders"), count("app-orders-dead"))
}

#[test]
fn the_operator_of_the_bundled_broker_may_run_every_command() {
    let Some(stage) = Stage::bundled() else {
        return;
    };
    for payload in ["1", "2", "3", "4"] {
        stage.broker.dead_letter(payload.as_bytes());
    }
    stage.broker.send("app.receipts", &[], b"1");
    let table = "\
queue     waiting  in flight  redelivered  dead letters
orders          0          0            0             4
receipts        1          0            0             -
";
    assert_eq!(stage.run(&["ls"]).out(), table);
    let peek = stage.run(&["peek", "orders"]);
    assert_eq!(peek.note(), "orders has 4 dead letters");
    // The application's name is enough.
    let named = stage.run(&["peek", "--app", "app", "orders"]);
    assert_eq!(named.note(), "orders has 4 dead letters");

    let one = stage.run(&["redrive", "orders", "--number", "2"]);
    assert_eq!(one.note(), "moved 1 dead letter back to orders");
    assert_eq!(held(&stage), (1, 3));
    let all = stage.run(&["redrive", "orders", "--all", "--yes"]);
    assert_eq!(all.note(), "moved 3 dead letters back to orders");
    assert_eq!(held(&stage), (4, 0));

    stage.broker.dead_letter(b"5");
    let dead = stage.run(&["purge", "orders", "--dead", "--yes"]);
    assert_eq!(dead.note(), "1 dead letter of orders is gone");
    let messages = stage.run(&["purge", "orders", "--messages", "--yes"]);
    assert_eq!(messages.note(), "4 messages of orders are gone");
    let others = stage.run(&["purge", "receipts", "--messages", "--yes"]);
    assert_eq!(others.note(), "1 message of receipts is gone");
    assert_eq!(held(&stage), (0, 0));
}

#[test]
fn what_the_operator_may_not_is_said() {
    let Some(stage) = Stage::bundled() else {
        return;
    };
    let elsewhere = stage.run(&["ls", "--inbox", "_INBOX"]);
    let denied = "the user may not listen for answers on `_INBOX.";
    assert!(elsewhere.refusal().contains(denied), "{elsewhere:?}");
    // Without the source nobody knows which consumer to ask about.
    let list = stage.run(&["ls", "--app", "app", "--queue", "orders"]);
    let denied = "the user may not publish on `$JS.API.CONSUMER.LIST.app-orders`";
    assert!(list.refusal().contains(denied), "{list:?}");
}
