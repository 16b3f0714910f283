//! `cloudc queue` against a real broker, through the command alone.

mod broker;
mod look;
mod operator;
mod purge;
mod redrive;
mod refusals;

#[path = "../servers/current.rs"]
mod current;

use std::process::{Command, Output, Stdio};

use broker::Broker;
use cloudc_tests::app::App;

/// One queue with dead letters, one without.
const SOURCE: &str = r#"
use cloudc::{Error, Queue, function, queue};

#[queue(dead_letter = true)]
pub static ORDERS: Queue<u64>;

#[queue]
pub static RECEIPTS: Queue<u64>;

#[function(http = "POST /orders")]
async fn place() -> Result<(), Error> {
    ORDERS.send(&1).await
}

#[function(queue = ORDERS)]
async fn charge(order: u64) -> Result<(), Error> {
    RECEIPTS.send(&order).await
}

#[function(queue = RECEIPTS)]
async fn mail(receipt: u64) -> Result<(), Error> {
    let _ = receipt;
    Ok(())
}
"#;

/// A broker with the application's streams, and the application's source.
struct Stage {
    broker: Broker,
    app: App,
}

impl Stage {
    /// `None` where there is no broker to start.
    fn set() -> Option<Self> {
        let broker = Broker::start()?;
        broker.provision();
        let app = App::new(SOURCE);
        app.write("operator/user", "operator");
        app.write("operator/password", "s3cret\n");
        Some(Self { broker, app })
    }

    /// The same with the broker that the application's manifests have, and the user that it has for people. `None` where
    /// there is no current broker to start.
    fn bundled() -> Option<Self> {
        let server = current::server()?;
        let app = App::new(SOURCE);
        let built = app.run(env!("CARGO_BIN_EXE_cloudc-under-test"), "cloudc build");
        assert_eq!(built.code, Some(0), "{built:?}");
        let manifest = app.path("target/cloudc/default/manifests/nats.yaml");
        let broker = Broker::bundled(&server, &manifest);
        broker.provision();
        app.write("operator/seed", Broker::seed());
        Some(Self { broker, app })
    }

    /// `cloudc queue …`, ready to run in the application's folder as the operator.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloudc-under-test"));
        command
            .arg("queue")
            .args(arguments)
            .current_dir(self.app.path(""))
            .env("CLOUDC_NATS_URL", &self.broker.url)
            .env("CLOUDC_NATS_CREDENTIALS", "operator")
            .env("COLUMNS", "1000")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command on a terminal, and types a line.
    #[cfg(target_os = "linux")]
    fn type_into(&self, line: &str, arguments: &[&str]) -> Option<Output> {
        use std::io::Write as _;

        let script = cloudc_tests::program("SCRIPT", &["script"])?;
        let program = env!("CARGO_BIN_EXE_cloudc-under-test");
        let command = format!("{program:?} queue {}", arguments.join(" "));
        let mut terminal = Command::new(script);
        terminal
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .current_dir(self.app.path(""))
            .env("CLOUDC_NATS_URL", &self.broker.url)
            .env("CLOUDC_NATS_CREDENTIALS", "operator")
            // Without a name a terminal shows no bars.
            .env("TERM", "xterm")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = terminal.spawn().expect("a terminal");
        let mut keyboard = child.stdin.take().expect("a pipe");
        writeln!(keyboard, "{line}").expect("typed");
        Some(child.wait_with_output().expect("cloudc"))
    }

    fn run(&self, arguments: &[&str]) -> Done {
        Done::of(&self.command(arguments).output().expect("cloudc"))
    }
}

/// What a command did.
#[derive(Debug)]
struct Done {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Done {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        let done = Self {
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        };
        for all in [&done.out, &done.err] {
            assert!(!all.contains("s3cret"), "a password is shown: {all}");
        }
        done
    }

    /// The standard output of a command that did what it should.
    fn out(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        &self.out
    }

    /// The line that says what was done.
    fn note(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.err.trim_end()
    }

    /// The complaints of a command that was refused.
    fn refusal(&self) -> &str {
        assert_eq!(self.code, Some(1), "{self:?}");
        &self.err
    }
}
