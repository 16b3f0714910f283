//! Runs `cloudc` and other programs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use cloudc_tests::app::Done;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::place::Place;

const CLOUDC: &str = env!("CARGO_BIN_EXE_cloudc-under-test");

/// A program that runs.
pub(crate) struct Running {
    child: Child,
    line: String,
}

/// A program that has ended.
pub(crate) struct Ended {
    line: String,
    done: Done,
}

impl Place {
    /// Starts `cloudc` with these arguments, on the sources.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        self.start_with(arguments, None)
    }

    /// Starts `cloudc` with another kubeconfig.
    pub(crate) fn start_with(&self, arguments: &[&str], kubeconfig: Option<&Path>) -> Running {
        let mut command = Command::new(CLOUDC);
        command.args(arguments);
        if let Some(kubeconfig) = kubeconfig {
            command.env("KUBECONFIG", kubeconfig);
        }
        self.spawn(command, format!("cloudc {}", arguments.join(" ")))
    }

    /// Starts a deploy of the shop, with these arguments more.
    pub(crate) fn start_deploy(&self, more: &[&str]) -> Running {
        let image = self.application.image();
        let mut arguments = vec!["deploy", "examples/shop"];
        arguments.extend(image.iter().map(String::as_str));
        arguments.extend(more);
        self.start(&arguments)
    }

    /// Runs `cloudc` to its end.
    pub(crate) async fn cloudc(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).end().await
    }

    /// Deploys the shop, with these arguments more.
    pub(crate) async fn deploy(&self, more: &[&str]) -> Ended {
        self.start_deploy(more).end().await
    }

    /// Runs another program to its end.
    pub(crate) async fn other<A: AsRef<OsStr>>(&self, program: &Path, arguments: &[A]) -> Ended {
        let mut command = Command::new(program);
        command.args(arguments);
        self.spawn(command, program.display().to_string())
            .end()
            .await
    }

    fn spawn(&self, mut command: Command, line: String) -> Running {
        command
            .current_dir(self.application.path(""))
            // No line is broken because of how long it is.
            .env("COLUMNS", "1000")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{line}: {error}"));
        Running { child, line }
    }
}

impl Running {
    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let id = self
            .child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        let sent = kill_process(id.expect("it runs"), Signal::INT);
        sent.expect("a signal to a child");
    }

    /// Waits for its end.
    pub(crate) async fn end(self) -> Ended {
        let output = self.child.wait_with_output().await.expect("it ends");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ended {
            line: self.line,
            done: Done {
                code: output.status.code(),
                out: text(&output.stdout),
                err: text(&output.stderr),
            },
        }
    }
}

impl Ended {
    /// Sees that it ended with this code.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.done.code, Some(code), "{}", self.text());
        self
    }

    /// Sees that all of these are in what it printed.
    #[track_caller]
    pub(crate) fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            let is_said = self.done.out.contains(part) || self.done.err.contains(part);
            assert!(is_said, "{part:?} is not in\n{}", self.text());
        }
        self
    }

    fn text(&self) -> String {
        format!("{}\n{}{}", self.line, self.done.out, self.done.err)
    }
}

/// A program on the `PATH`, which is known to be there.
pub(crate) fn kubectl() -> PathBuf {
    cloudc_tests::program("KUBECTL", &["kubectl"]).expect("kubectl")
}
