//! What goes wrong, and what is said about it.

use crate::Stage;
use crate::broker::Broker;

impl Stage {
    /// A folder with a user of the broker.
    fn user(&self, name: &str) -> &Self {
        self.app.write(&format!("{name}/user"), name);
        self.app.write(&format!("{name}/password"), "s3cret");
        self
    }
}

/// Runs a command, and finds all of this in its complaint.
fn refused(stage: &Stage, arguments: &[&str], parts: &[&str]) {
    let done = stage.run(arguments);
    for part in parts {
        assert!(done.refusal().contains(part), "no `{part}` in {done:?}");
    }
}

#[test]
fn unknown_queues_and_queues_without_dead_letters() {
    let Some(stage) = Stage::set() else { return };
    refused(
        &stage,
        &["peek", "odrers"],
        &["app has no queue `odrers`", "did you mean `orders`?"],
    );
    refused(
        &stage,
        &["ls", "--queue", "odrers", "--queue", "invoices"],
        &["`odrers`", "app has no queue `invoices`", "2 errors"],
    );
    let without = "the queue `receipts` keeps no dead letters";
    refused(&stage, &["peek", "receipts"], &[without]);
    refused(
        &stage,
        &["redrive", "receipts", "--number", "1"],
        &[without],
    );
    refused(
        &stage,
        &["purge", "receipts", "--dead", "--yes"],
        &[without],
    );
}

#[test]
fn what_is_not_made_yet() {
    let Some(stage) = Stage::set() else { return };
    stage.broker.dead_letter(b"1");
    stage.broker.delete_consumer("app-receipts", "mail");
    stage.broker.delete_stream("app-orders");
    let job = "run the application's provision Job";
    let done = stage.run(&["ls"]);
    assert!(
        done.refusal().contains("no stream `app-orders`"),
        "{done:?}"
    );
    assert!(done.err.contains("no consumer `mail`"), "{done:?}");
    assert!(done.err.contains(job), "{done:?}");
    assert!(done.out.contains("\nreceipts "), "{done:?}");
    refused(
        &stage,
        &["redrive", "orders", "--all", "--yes"],
        &["nothing was moved", "no stream `app-orders`", job],
    );
    assert_eq!(stage.broker.held("app-orders-dead").len(), 1);
    stage.broker.delete_stream("app-orders-dead");
    for arguments in [
        &["peek", "orders"][..],
        &["redrive", "orders", "--all", "--yes"],
        &["purge", "orders", "--dead", "--yes"],
    ] {
        refused(&stage, arguments, &["no stream `app-orders-dead`", job]);
    }
}

#[test]
fn a_broker_that_is_not_there() {
    let Some(stage) = Stage::set() else { return };
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port")
        .port();
    let server = format!("nats://127.0.0.1:{port}");
    refused(
        &stage,
        &["ls", "--server", &server],
        &[&format!("cannot reach the broker at 127.0.0.1:{port}: ")],
    );
    let server = format!("nats://operator:s3cret@127.0.0.1:{port}");
    refused(
        &stage,
        &["ls", "--server", &server],
        &["has a user in it", "--credentials FOLDER"],
    );
    refused(
        &stage,
        &["ls", "--server", "http://operator:s3cret@127.0.0.1"],
        &["is no address of a broker"],
    );
}

#[test]
fn users_that_the_broker_does_not_know() {
    let Some(stage) = Stage::set() else { return };
    let unknown = "does not accept the user";
    stage.app.write("wrong/user", "operator");
    stage.app.write("wrong/password", "not-it");
    refused(&stage, &["ls", "--credentials", "wrong"], &[unknown]);
    refused(&stage, &["ls", "--credentials", ""], &[unknown]);
    stage.app.write("broken/seed", "s3cret");
    refused(&stage, &["ls", "--credentials", "broken"], &["are no key"]);
    refused(
        &stage,
        &["ls", "--credentials", "missing"],
        &["missing is no folder"],
    );
    stage
        .app
        .write("keyed/seed", format!("{}\n", Broker::seed()));
    let keyed = stage.run(&["ls", "--credentials", "keyed"]);
    assert_eq!(keyed.code, Some(0), "{keyed:?}");
}

#[test]
fn users_that_may_not() {
    let Some(stage) = Stage::set() else { return };
    stage.user("reader").user("cornered").user("outsider");
    stage.broker.dead_letter(b"1");
    let reader = ["--credentials", "reader"];
    let peek = stage.run(&[&["peek", "orders"][..], &reader].concat());
    assert_eq!(peek.note(), "orders has 1 dead letter");
    refused(
        &stage,
        &[&["redrive", "orders", "--all", "--yes"][..], &reader].concat(),
        &[
            "nothing was moved",
            "the user may not publish on `app.orders`",
        ],
    );
    refused(
        &stage,
        &[&["purge", "orders", "--dead", "--yes"][..], &reader].concat(),
        &["the user may not publish on `$JS.API.STREAM.PURGE.app-orders-dead`"],
    );
    assert_eq!(stage.broker.held("app-orders-dead").len(), 1);

    let cornered = ["ls", "--credentials", "cornered"];
    refused(
        &stage,
        &cornered,
        &[
            "the user may not listen for answers on `_INBOX_app-operator.",
            "--inbox PREFIX",
            "\n1 error",
        ],
    );
    let own = stage.run(&[&cornered[..], &["--inbox", "_INBOX_cornered"]].concat());
    assert_eq!(own.code, Some(0), "{own:?}");

    refused(&stage, &["ls", "--credentials", "outsider"], &["JetStream"]);
}

/// Those that are under way are all denied: that is said once, and nobody waits for their answers.
#[test]
fn many_that_are_denied_at_once() {
    let Some(stage) = Stage::set() else { return };
    stage.user("reader").user("halfway");
    let all = stage.broker.many_dead_letters(200);
    let start = std::time::Instant::now();
    let redrive = ["redrive", "orders", "--all", "--yes", "--credentials"];
    refused(
        &stage,
        &[&redrive[..], &["reader"]].concat(),
        &[
            "nothing was moved",
            "the user may not publish on `app.orders`",
            "\n1 error",
        ],
    );
    assert_eq!(stage.broker.held("app-orders").len(), 0);

    // Its letters are in both places, and sent again they are known.
    refused(
        &stage,
        &[&redrive[..], &["halfway"]].concat(),
        &[
            "nothing was moved",
            "`$JS.API.STREAM.MSG.DELETE.app-orders-dead`",
            "\n1 error",
        ],
    );
    assert!(start.elapsed() < std::time::Duration::from_secs(4));
    assert!(!stage.broker.held("app-orders").is_empty());
    assert_eq!(stage.broker.held("app-orders-dead").len(), 200);
    let rest = stage.run(&["redrive", "orders", "--all", "--yes"]);
    assert_eq!(rest.note(), "moved 200 dead letters back to orders");
    let held = stage.broker.held("app-orders");
    let payloads: Vec<Vec<u8>> = held.iter().map(|held| held.payload.to_vec()).collect();
    assert_eq!(payloads, all);
}
