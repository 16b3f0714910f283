//! A server that lives as long as its test.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

/// A server's process, which is killed at the end.
pub struct Process(Child);

impl Process {
    /// Starts a server, and returns once it has written a line with this text. All lines until then come along.
    ///
    /// # Panics
    ///
    /// Where it does not start, or leaves before it is ready.
    pub fn start(command: &mut Command, ready: &str) -> (Self, Vec<String>) {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        // Servers log to one of the two; the other closes with the process.
        let stdout: Box<dyn Read + Send> = Box::new(child.stdout.take().expect("a pipe"));
        let stderr: Box<dyn Read + Send> = Box::new(child.stderr.take().expect("a pipe"));
        let process = Self(child);
        let (send, lines) = std::sync::mpsc::channel();
        for pipe in [stdout, stderr] {
            let send = send.clone();
            // It reads to the end, so that the server never waits for a full pipe.
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    let _ = send.send(line);
                }
            });
        }
        drop(send);
        let mut seen = Vec::new();
        for line in lines {
            let done = line.contains(ready);
            seen.push(line);
            if done {
                return (process, seen);
            }
        }
        panic!("the server left:\n{}", seen.join("\n"));
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Whether it has ended by itself.
    ///
    /// # Panics
    ///
    /// Where nobody can say.
    pub fn has_left(&mut self) -> bool {
        self.0.try_wait().expect("a process").is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
