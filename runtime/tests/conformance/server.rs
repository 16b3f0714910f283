//! Servers that are no part of the repository, started for a test.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The program that an environment variable names, or the first of this name on the `PATH`. Without it there is nothing to
/// test: a note says so, and in CI it is a failure.
pub(crate) fn program(variable: &str, name: Option<&str>) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::var_os(variable).map(PathBuf::from);
    let found = named.or_else(|| {
        let name = name?;
        let mut places = std::env::split_paths(&path).map(|folder| folder.join(name));
        places.find(|place| place.is_file())
    });
    if found.is_none() {
        let missing = match name {
            Some(name) => format!("no {name} on the PATH, and no ${variable}"),
            None => format!("no ${variable}"),
        };
        let in_ci = std::env::var("CI").is_ok_and(|value| value == "true" || value == "1");
        assert!(!in_ci, "{missing}");
        eprintln!("left out: {missing}");
    }
    found
}

/// A server that lives as long as its test.
pub(crate) struct Server {
    pub(crate) child: Child,
    /// What it wrote until it was ready.
    pub(crate) lines: Vec<String>,
}

impl Server {
    /// Starts it, and returns once it has written a line with this text.
    pub(crate) fn start(command: &mut Command, ready: &str) -> Self {
        let spawned = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut server = Self {
            child: spawned.expect("the server starts"),
            lines: Vec::new(),
        };
        let mut log = BufReader::new(server.child.stderr.take().expect("a pipe")).lines();
        for line in log.by_ref().map_while(Result::ok) {
            let is_ready = line.contains(ready);
            server.lines.push(line);
            if is_ready {
                // It reads to the end, so that the server never waits for a full pipe.
                std::thread::spawn(move || log.map_while(Result::ok).for_each(drop));
                return server;
            }
        }
        panic!("the server left:\n{}", server.lines.join("\n"));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A nats-server with JetStream, whose files are in this folder. Says where its clients find it.
pub(crate) fn nats(program: &Path, store: &Path, more: &[&str]) -> (Server, String) {
    let mut command = Command::new(program);
    command
        .args([
            "--jetstream",
            "--addr",
            "127.0.0.1",
            "--port",
            "-1",
            "--store_dir",
        ])
        .arg(store)
        .args(more);
    let server = Server::start(&mut command, "Server is ready");
    let mut ports = server
        .lines
        .iter()
        .filter_map(|line| line.split_once("Listening for client connections on "));
    let (_, address) = ports.next().expect("an address");
    let url = format!("nats://{}", address.trim());
    (server, url)
}
