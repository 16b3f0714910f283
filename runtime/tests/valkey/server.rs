//! A cache server that lives as long as its test.

#[path = "../servers/standing.rs"]
mod standing;

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A server of its own, without a disk.
pub(crate) struct Server {
    process: Child,
    port: u16,
}

/// The server's program: the one of `VALKEY_SERVER`, or the first on the `PATH`. Where there is none, a test has nothing to
/// do: a note says so, and in CI it is a failure.
pub(crate) fn program() -> Option<PathBuf> {
    let named = std::env::var_os("VALKEY_SERVER").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = named.or_else(|| {
        std::env::split_paths(&path)
            .flat_map(|folder| ["valkey-server", "redis-server"].map(|name| folder.join(name)))
            .find(|place| place.is_file())
    });
    if found.is_none() {
        let missing = "no valkey-server or redis-server on the PATH, and no $VALKEY_SERVER";
        let in_ci = std::env::var("CI").is_ok_and(|value| value == "true" || value == "1");
        assert!(!in_ci, "{missing}");
        eprintln!("left out: {missing}");
    }
    found
}

impl Server {
    /// Starts one on a port that was free a moment ago. Another program may be faster, so it is tried again.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::somewhere(|port| Self::start_on(port, arguments))
    }

    /// The same, where everybody has to speak TLS.
    pub(crate) fn start_tls(arguments: &[&str]) -> Self {
        Self::somewhere(|port| {
            let tls = ["--port", "0", "--tls-port", &port.to_string()];
            Self::launch(port, &[&tls, arguments].concat())
        })
    }

    /// Starts one on this port; `None` if it leaves at once.
    pub(crate) fn start_on(port: u16, arguments: &[&str]) -> Option<Self> {
        Self::launch(port, &[&["--port", &port.to_string()], arguments].concat())
    }

    fn somewhere(start: impl Fn(u16) -> Option<Self>) -> Self {
        for _ in 0..10 {
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
            let port = free.local_addr().expect("an address").port();
            drop(free);
            if let Some(server) = start(port) {
                return server;
            }
        }
        panic!("the server does not start");
    }

    fn launch(port: u16, arguments: &[&str]) -> Option<Self> {
        let program = program().expect("the caller has asked");
        let mut process = Command::new(program)
            .args(["--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let server = Self { process, port };
        lines
            .by_ref()
            .map_while(Result::ok)
            .find(|line| line.contains("eady to accept connections"))?;
        // Somebody has to read on, or it waits for the pipe one day.
        std::thread::spawn(move || lines.for_each(drop));
        Some(server)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The first line of the answer to a command, as whoever needs no password; for a text its content.
    pub(crate) fn ask(&self, command: &str) -> String {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("a connection");
        let mut stream = BufReader::new(stream);
        stream
            .get_mut()
            .write_all(format!("{command}\r\n").as_bytes())
            .expect("sent");
        let mut lines = stream.lines().map(|line| line.expect("an answer"));
        let first = lines.next().expect("an answer");
        if first.starts_with('$') && first != "$-1" {
            return lines.next().expect("its content");
        }
        first
    }

    /// Sends it a signal, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        let kill = Command::new("kill")
            .args([&format!("-{name}"), &self.process.id().to_string()])
            .status();
        assert!(kill.expect("kill starts").success());
        if name == "STOP" {
            standing::stands_still(self.process.id());
        }
    }

    /// What the server says of itself, such as `used_memory`.
    pub(crate) fn info(&self, section: &str, key: &str) -> usize {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("a connection");
        let mut stream = BufReader::new(stream);
        stream
            .get_mut()
            .write_all(format!("INFO {section}\r\n").as_bytes())
            .expect("sent");
        let value = stream
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(':').map(str::to_owned));
        value.expect("it is there").parse().expect("a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
