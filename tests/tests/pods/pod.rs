//! A pod: the program as a process.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Longer than anything takes that happens.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a pod has written, line by line, and whether it is over.
#[derive(Default)]
struct Log {
    lines: Mutex<(Vec<String>, usize)>,
    changed: Condvar,
}

/// A process.
pub(crate) struct Pod {
    pub(crate) child: Child,
    log: Arc<Log>,
}

impl Pod {
    /// Starts a program.
    pub(crate) fn start(command: &mut Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let stdout: Box<dyn std::io::Read + Send> = Box::new(child.stdout.take().expect("a pipe"));
        let stderr: Box<dyn std::io::Read + Send> = Box::new(child.stderr.take().expect("a pipe"));
        let log = Arc::new(Log::default());
        for pipe in [stdout, stderr] {
            log.lines.lock().expect("no panic").1 += 1;
            let log = Arc::clone(&log);
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    log.lines.lock().expect("no panic").0.push(line);
                    log.changed.notify_all();
                }
                log.lines.lock().expect("no panic").1 -= 1;
                log.changed.notify_all();
            });
        }
        Self { child, log }
    }

    /// Waits until it has written a line of which this makes something.
    pub(crate) fn wait_for<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        let mut lines = self.log.lines.lock().expect("no panic");
        loop {
            if let Some(found) = lines.0.iter().find_map(|line| find(line)) {
                return found;
            }
            let left = end.saturating_duration_since(Instant::now());
            if lines.1 == 0 || left.is_zero() {
                let written = lines.0.join("\n");
                drop(lines);
                panic!("{what} did not come:\n{written}");
            }
            (lines, _) = self
                .log
                .changed
                .wait_timeout(lines, left)
                .expect("no panic");
        }
    }

    /// The port that it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.wait_for("the port", |line| {
            if !line.contains("listening") {
                return None;
            }
            let digits = line.split("port").nth(1)?;
            let digits = digits.trim_start_matches(|letter: char| !letter.is_ascii_digit());
            let end = digits
                .find(|letter: char| !letter.is_ascii_digit())
                .unwrap_or(digits.len());
            digits[..end].parse().ok()
        })
    }

    /// Waits until it has connected to all its servers.
    pub(crate) fn connected(&self) {
        self.wait_for("the connections", |line| {
            line.contains("\"connected\"").then_some(())
        });
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("signalled");
    }

    /// Kills it, and returns all that it has written.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().expect("killed");
        self.exit().1
    }

    /// Waits until it has left, and returns all that it has written.
    pub(crate) fn exit(&mut self) -> (ExitStatus, Vec<String>) {
        let end = Instant::now() + PATIENCE;
        let mut lines = self.log.lines.lock().expect("no panic");
        while lines.1 > 0 {
            let left = end.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "it does not leave:\n{}",
                lines.0.join("\n")
            );
            (lines, _) = self
                .log
                .changed
                .wait_timeout(lines, left)
                .expect("no panic");
        }
        (self.child.wait().expect("gone"), lines.0.clone())
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
