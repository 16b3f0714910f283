//! `ls` and `peek`.

use serde_json::{Value, json};

use crate::Stage;

#[test]
fn the_queues_are_listed() {
    let Some(stage) = Stage::set() else { return };
    for order in ["1", "2", "3", "4"] {
        stage.broker.send("app.orders", &[], order.as_bytes());
    }
    stage.broker.deliver("app-orders", "charge", 2);
    stage.broker.dead_letter(b"{}");
    let table = "\
queue     waiting  in flight  redelivered  dead letters
orders          2          2            1             1
receipts        0          0            0             -
";
    assert_eq!(stage.run(&["ls"]).out(), table);

    let json: Value =
        serde_json::from_str(stage.run(&["ls", "--message-format", "json"]).out()).expect("JSON");
    let orders = json!({"queue": "orders", "waiting": 2, "in_flight": 2, "redelivered": 1, "dead_letters": 1});
    let receipts = json!({"queue": "receipts", "waiting": 0, "in_flight": 0, "redelivered": 0, "dead_letters": null});
    assert_eq!(
        json,
        json!({"version": 1, "app": "app", "queues": [orders, receipts]})
    );

    // The same without the source.
    let named = stage.run(&[
        "ls", "--app", "app", "--queue", "orders", "--queue", "receipts",
    ]);
    assert_eq!(named.out(), table);
    let one = stage.run(&["ls", "--queue", "ORDERS"]);
    assert_eq!(one.out().lines().count(), 2, "{one:?}");
}

#[test]
fn dead_letters_are_shown_and_stay() {
    let Some(stage) = Stage::set() else { return };
    stage
        .broker
        .dead_letter(br#"{"sku":"tea","count":2,"total":12345678901234567890123}"#);
    stage.broker.dead_letter(b"tea");
    stage.broker.dead_letter(b"\xff\x00");
    let peek = stage.run(&["peek", "orders"]);
    let shown: Vec<&str> = peek.out().lines().collect();
    assert!(
        shown[0].starts_with("number 1, 20") && shown[0].ends_with(" UTC, attempt 5"),
        "{peek:?}"
    );
    assert_eq!(
        shown[1..9],
        [
            "reason: the card was refused",
            "id: order-17",
            "ce-type: order",
            "  {",
            "    \"sku\": \"tea\",",
            "    \"count\": 2,",
            "    \"total\": 12345678901234567890123",
            "  }",
        ]
    );
    assert!(peek.out.contains("\n  (no JSON)\n  tea\n"), "{peek:?}");
    assert!(
        peek.out.contains("\n  (no text)\n  \\xff\\x00\n"),
        "{peek:?}"
    );
    assert_eq!(peek.note(), "orders has 3 dead letters");
    assert_eq!(stage.broker.held("app-orders-dead").len(), 3);
}

#[test]
fn dead_letters_are_shown_in_parts() {
    let Some(stage) = Stage::set() else { return };
    assert_eq!(
        stage.run(&["peek", "orders"]).note(),
        "orders has no dead letters"
    );
    for number in 1..=4 {
        stage.broker.dead_letter(format!("{number}").as_bytes());
    }
    let part = stage.run(&["peek", "orders", "--limit", "2"]);
    assert_eq!(
        part.note(),
        "showed 2 of 4 dead letters of orders; go on with --from 3"
    );
    let rest = stage.run(&["peek", "orders", "--from", "3"]);
    assert!(rest.out().starts_with("number 3, "), "{rest:?}");
    assert_eq!(rest.out().matches("number ").count(), 2, "{rest:?}");
    let none = stage.run(&["peek", "orders", "--from", "5"]);
    assert_eq!(
        none.note(),
        "orders has 4 dead letters, none from number 5 on"
    );
}

#[test]
fn a_long_payload_is_cut_unless_all_of_it_is_wanted() {
    let Some(stage) = Stage::set() else { return };
    let long = "x".repeat(5_000);
    stage.broker.dead_letter(long.as_bytes());
    let cut = stage.run(&["peek", "orders"]);
    assert!(!cut.out().contains(&long), "{cut:?}");
    assert!(
        cut.out
            .contains("(cut: 2000 of 5000 characters; --full shows all)"),
        "{cut:?}"
    );
    assert!(
        stage
            .run(&["peek", "orders", "--full"])
            .out()
            .contains(&long)
    );
}

#[test]
fn a_program_reads_a_line_for_each_dead_letter() {
    let Some(stage) = Stage::set() else { return };
    stage.broker.dead_letter(b"{\"a\": 1.50,\n \"b\": []}");
    stage.broker.dead_letter(b"tea");
    stage.broker.dead_letter(b"\xff");
    let done = stage.run(&["peek", "orders", "--message-format", "json"]);
    let lines: Vec<&str> = done.out().lines().collect();
    assert_eq!(lines.len(), 3, "{done:?}");
    assert!(lines[0].ends_with(r#""encoding":"json","payload":{"a":1.50,"b":[]}}"#));
    let first: Value = serde_json::from_str(lines[0]).expect("JSON");
    assert_eq!(first["version"], 1);
    assert_eq!(first["number"], 1);
    assert_eq!(first["attempt"], 5);
    assert_eq!(first["reason"], "the card was refused");
    assert_eq!(first["id"], "order-17");
    assert_eq!(first["sequence"], 17);
    assert_eq!(first["headers"], json!([["ce-type", "order"]]));
    assert!(lines[1].ends_with(r#""encoding":"text","payload":"tea"}"#));
    assert!(lines[2].ends_with(r#""encoding":"base64","payload":"/w=="}"#));
}
