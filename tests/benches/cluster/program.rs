//! Runs `cloudc` and other programs.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use cloudc_tests::app::Done;
use rustix::process::{Pid, Signal, kill_process};

use crate::place::Place;

const CLOUDC: &str = env!("CARGO_BIN_EXE_cloudc-under-test");

/// A program that runs. Dropped, it is ended: nothing is to go on while the namespace is removed.
pub(crate) struct Running {
    child: Child,
    line: String,
    out: File,
    err: File,
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
        let (out, err) = (file(), file());
        let handle = |file: &File| Stdio::from(file.try_clone().expect("a handle"));
        command
            .current_dir(self.application.path(""))
            // No line is broken because of how long it is.
            .env("COLUMNS", "1000")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(handle(&out))
            .stderr(handle(&err));
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{line}: {error}"));
        Running {
            child,
            line,
            out,
            err,
        }
    }
}

/// A file without a name.
fn file() -> File {
    tempfile::tempfile().expect("a file")
}

impl Running {
    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("it runs"), Signal::INT).expect("a signal to a child");
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self) -> Ended {
        let status: ExitStatus = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        Ended {
            line: self.line.clone(),
            done: Done {
                code: status.code(),
                out: text(&mut self.out),
                err: text(&mut self.err),
            },
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended, or does so now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind().expect("a file");
    file.read_to_end(&mut bytes).expect("a file");
    String::from_utf8_lossy(&bytes).into_owned()
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

    /// Sees that this is in nothing that it printed.
    #[track_caller]
    pub(crate) fn says_not(self, part: &str) -> Self {
        let is_said = self.done.out.contains(part) || self.done.err.contains(part);
        assert!(!is_said, "{part:?} is in\n{}", self.text());
        self
    }

    /// The number of the release that it deployed.
    #[track_caller]
    pub(crate) fn release(&self) -> String {
        let text = self.text();
        let (_, rest) = text
            .split_once(" as release ")
            .unwrap_or_else(|| panic!("no release is named in\n{text}"));
        rest.chars().take_while(char::is_ascii_digit).collect()
    }

    /// What was run, and what it printed.
    pub(crate) fn text(&self) -> String {
        format!("{}\n{}{}", self.line, self.done.out, self.done.err)
    }
}

/// A program on the `PATH`, which is known to be there.
pub(crate) fn kubectl() -> PathBuf {
    cloudc_tests::program("KUBECTL", &["kubectl"]).expect("kubectl")
}
