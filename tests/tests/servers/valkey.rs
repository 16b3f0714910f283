//! The cache server.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::process::Command;

use cloudc_tests::program;
use serde_json::Value;

use crate::{object, objects, variables};
use cloudc_tests::process::Process;

/// `SHA256("secret")`.
const HASH: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

pub(crate) struct Server {
    _process: Process,
    folder: tempfile::TempDir,
}

impl Server {
    /// Starts with the shop's manifests.
    fn start() -> Option<Self> {
        Self::of(&objects("valkey.yaml"))
    }

    /// Starts with the manifest's own command line, its variables put in as the kubelet does, and a socket of the test's own.
    pub(crate) fn of(objects: &[Value]) -> Option<Self> {
        let server = program("VALKEY_SERVER", &["valkey-server", "redis-server"])?;
        let folder = tempfile::tempdir().expect("a folder");
        let stateful_set = object(objects, "StatefulSet");
        let container = &stateful_set["spec"]["template"]["spec"]["containers"][0];
        let mut command = Command::new(server);
        for argument in container["args"].as_array().expect("arguments") {
            let mut argument = argument.as_str().expect("text").to_owned();
            for (variable, _) in variables(stateful_set) {
                argument = argument.replace(&format!("$({variable})"), HASH);
            }
            command.arg(argument);
        }
        command
            .args(["--port", "0", "--unixsocket"])
            .arg(folder.path().join("socket"));
        let (process, _) = Process::start(&mut command, "eady to accept connections");
        Some(Self {
            _process: process,
            folder,
        })
    }

    fn connect(&self) -> Client {
        let stream = UnixStream::connect(self.folder.path().join("socket")).expect("a connection");
        Client(BufReader::new(stream))
    }

    pub(crate) fn user(&self, user: &str) -> Client {
        let mut client = self.connect();
        assert_eq!(client.ask(&format!("AUTH {user} secret")), "+OK", "{user}");
        client
    }
}

pub(crate) struct Client(BufReader<UnixStream>);

impl Client {
    /// The first line of the answer.
    fn ask(&mut self, command: &str) -> String {
        self.0
            .get_mut()
            .write_all(format!("{command}\r\n").as_bytes())
            .expect("sent");
        let mut line = String::new();
        self.0.read_line(&mut line).expect("an answer");
        line.trim_end().to_owned()
    }

    pub(crate) fn may(&mut self, command: &str) -> bool {
        !self.ask(command).starts_with("-NOPERM")
    }
}

#[test]
fn everybody_can_do_what_its_edges_need_and_no_more() {
    let Some(server) = Server::start() else {
        return;
    };
    let commands = [
        "PING",
        "GET shop:prices:tea",
        "SET shop:prices:tea 3",
        "PTTL shop:prices:tea",
        "DEL shop:prices:tea",
        "SET shop:prices:tea 3 PX 1000",
        "SET shop:prices:tea 3 NX",
        "SET shop:prices:tea 3 GET",
        "PEXPIRE shop:prices:tea 1000",
        "MGET shop:prices:tea shop:prices:coffee",
        "EXISTS shop:stock:tea",
        "MGET shop:stock:tea shop:carts:1",
        "SET shop:stock:tea 3 PX 1000",
        "SET shop:stock:tea 3 GET",
        "GET shop:carts:1",
        "SET shop:carts:1 3 GET",
        "UNLINK shop:carts:1",
        // Nobody's.
        "GET shop:other:1",
        "GET shop:prices",
        "GET other:prices:tea",
        "KEYS shop:*",
        "SCAN 0",
        "FLUSHALL",
        "CONFIG GET maxmemory",
        "CLIENT LIST",
        "ACL LIST",
        "EVAL return 0",
        "SUBSCRIBE x",
        "PUBLISH x y",
        "RENAME shop:stock:tea shop:carts:1",
    ];
    let mut allowed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for user in ["charge", "prices", "refresh-prices", "shop", "sweep-carts"] {
        let may = commands.into_iter().filter(|command| {
            // A connection each: an answer of several lines would be read as the next one's.
            server.user(user).may(command)
        });
        allowed.insert(user, may.collect());
    }
    let with = |commands: &[&'static str]| [&["PING"], commands].concat();
    let expected: BTreeMap<&str, Vec<&str>> = [
        (
            "charge",
            with(&[
                "EXISTS shop:stock:tea",
                "SET shop:stock:tea 3 PX 1000",
                "SET shop:stock:tea 3 GET",
            ]),
        ),
        (
            "prices",
            with(&[
                "GET shop:prices:tea",
                "PTTL shop:prices:tea",
                "MGET shop:prices:tea shop:prices:coffee",
            ]),
        ),
        (
            "refresh-prices",
            with(&[
                "SET shop:prices:tea 3",
                "DEL shop:prices:tea",
                "SET shop:prices:tea 3 PX 1000",
                "SET shop:prices:tea 3 NX",
                "PEXPIRE shop:prices:tea 1000",
            ]),
        ),
        (
            "shop",
            with(&[
                "GET shop:prices:tea",
                "PTTL shop:prices:tea",
                "MGET shop:prices:tea shop:prices:coffee",
                "GET shop:carts:1",
            ]),
        ),
        ("sweep-carts", with(&["UNLINK shop:carts:1"])),
    ]
    .into();
    assert_eq!(allowed, expected);
}

#[test]
fn a_stranger_is_not_let_in() {
    let Some(server) = Server::start() else {
        return;
    };
    assert!(server.connect().ask("PING").starts_with("-NOAUTH"));
    assert!(
        server
            .connect()
            .ask("AUTH default secret")
            .starts_with("-WRONGPASS")
    );
    assert!(
        server
            .connect()
            .ask("AUTH charge wrong")
            .starts_with("-WRONGPASS")
    );
}
