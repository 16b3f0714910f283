//! The bundled servers, with the configuration in the shop's manifests, on free ports.

#[path = "../../../runtime/tests/servers/standing.rs"]
mod standing;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use async_nats::jetstream;
use cloudc_tests::program;
use cloudc_tests::schemas::documents;
use nkeys::{KeyPair, KeyPairType};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Every user's password at the cache server, and its SHA-256.
const PASSWORD: &str = "secret";
const PASSWORD_HASH: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
/// A user of the tests' own, who may do everything.
const ADMIN: [&str; 6] = ["--user", "admin", "on", ">secret", "~*", "+@all"];

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// The key of a user of the broker, which follows from its name.
fn key(user: &str) -> KeyPair {
    let mut seed = [7; 32];
    for (byte, letter) in seed.iter_mut().zip(user.bytes()) {
        *byte = letter;
    }
    KeyPair::new_from_raw(KeyPairType::User, seed).expect("a key")
}

/// The StatefulSet and the ConfigMap of a file of the shop's manifests.
fn manifest(file: &str) -> Vec<Value> {
    let path = cloudc_tests::app::repository()
        .join("snapshots/shop/knative")
        .join(file);
    documents(&std::fs::read_to_string(path).expect("a manifest"))
}

fn object<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let found = objects.iter().find(|object| object["kind"] == kind);
    found.expect("an object of the kind")
}

/// The variables of the container, with the keys of the Secret that they come from.
fn variables(stateful_set: &Value) -> Vec<(String, String)> {
    let env = &stateful_set["spec"]["template"]["spec"]["containers"][0]["env"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let variables = env.as_array().expect("variables").iter();
    variables
        .filter_map(|variable| {
            let key = text(&variable["valueFrom"]["secretKeyRef"]["key"])?;
            Some((text(&variable["name"])?, key))
        })
        .collect()
}

/// A server that can be stopped, started again and held up.
pub(crate) struct Server {
    port: u16,
    program: PathBuf,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    child: Option<Child>,
    folder: tempfile::TempDir,
}

impl Server {
    /// The broker, where there is a current one.
    pub(crate) fn broker() -> Option<Self> {
        let program = program("NATS_SERVER", &["nats-server"])?;
        let folder = tempfile::tempdir().expect("a folder");
        let objects = manifest("nats.yaml");
        let config = object(&objects, "ConfigMap")["data"]["nats.conf"].as_str();
        let config = config.expect("a configuration");
        let config = config.replace("\"/data\"", &format!("{:?}", folder.path()));
        // The first account is that of the streams; it gets a user of the tests' own, who may do everything.
        let config = config.replacen("users: [", "users: [\n{user: admin, password: secret}", 1);
        let path = folder.path().join("nats.conf");
        std::fs::write(&path, config).expect("written");
        let variables = variables(object(&objects, "StatefulSet")).into_iter();
        let port = free_port();
        let arguments = [
            "--config",
            &path.to_string_lossy(),
            "--addr",
            "127.0.0.1",
            "--port",
        ]
        .map(str::to_owned)
        .into_iter()
        .chain([port.to_string(), "--http_port".to_owned(), "-1".to_owned()]);
        let mut server = Self {
            port,
            program,
            arguments: arguments.collect(),
            variables: variables
                .map(|(variable, user)| (variable, key(&user).public_key()))
                .collect(),
            child: None,
            folder,
        };
        server.start();
        Some(server)
    }

    /// A broker that lets everybody into one account, whose JetStream is set to this.
    pub(crate) fn plain_broker(jetstream: &str) -> Option<Self> {
        let program = program("NATS_SERVER", &["nats-server"])?;
        let folder = tempfile::tempdir().expect("a folder");
        let config = format!(
            "jetstream: {{ store_dir: {:?} }}\n\
             no_auth_user: admin\n\
             accounts: {{ all: {{ jetstream: {jetstream}, users: [{{user: admin, password: secret}}] }} }}",
            folder.path()
        );
        let path = folder.path().join("nats.conf");
        std::fs::write(&path, config).expect("written");
        let port = free_port();
        let arguments = [
            "--config",
            &path.to_string_lossy(),
            "--addr",
            "127.0.0.1",
            "--port",
        ];
        let mut server = Self {
            port,
            program,
            arguments: arguments
                .map(str::to_owned)
                .into_iter()
                .chain([port.to_string()])
                .collect(),
            variables: Vec::new(),
            child: None,
            folder,
        };
        server.start();
        Some(server)
    }

    /// A look at a broker past every pod.
    pub(crate) async fn jetstream(&self) -> jetstream::Context {
        jetstream::new(self.client().await)
    }

    /// All that is said on a subject from now on.
    pub(crate) async fn listen(&self, subject: &'static str) -> async_nats::Subscriber {
        let client = self.client().await;
        let subscriber = client.subscribe(subject).await.expect("a subscription");
        // The broker knows of it.
        client.flush().await.expect("flushed");
        subscriber
    }

    async fn client(&self) -> async_nats::Client {
        let options =
            async_nats::ConnectOptions::with_user_and_password("admin".into(), "secret".into());
        let address = format!("127.0.0.1:{}", self.port);
        options.connect(address).await.expect("a connection")
    }

    /// A stream of it.
    pub(crate) async fn stream(&self, name: &str) -> jetstream::stream::Stream {
        self.jetstream()
            .await
            .get_stream(name)
            .await
            .expect("the stream")
    }

    /// The cache server.
    pub(crate) fn caches() -> Option<Self> {
        let program = program("VALKEY_SERVER", &["valkey-server", "redis-server"])?;
        let objects = manifest("valkey.yaml");
        let stateful_set = object(&objects, "StatefulSet");
        let container = &stateful_set["spec"]["template"]["spec"]["containers"][0];
        let written = container["args"].as_array().expect("arguments").iter();
        let mut arguments: Vec<String> = written
            .map(|argument| {
                let mut argument = argument.as_str().expect("text").to_owned();
                for (variable, _) in variables(stateful_set) {
                    argument = argument.replace(&format!("$({variable})"), PASSWORD_HASH);
                }
                argument
            })
            .collect();
        arguments.extend(ADMIN.map(str::to_owned));
        let port = free_port();
        arguments.extend([
            "--port".to_owned(),
            port.to_string(),
            "--bind".to_owned(),
            "127.0.0.1".to_owned(),
        ]);
        let mut server = Self {
            port,
            program,
            arguments,
            variables: Vec::new(),
            child: None,
            folder: tempfile::tempdir().expect("a folder"),
        };
        server.start();
        Some(server)
    }

    /// Starts it, again on the same port with what it has kept.
    pub(crate) fn start(&mut self) {
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .envs(self.variables.iter().cloned())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.expect("the server starts"));
        // Until it listens; a server that cannot start is seen by whoever connects.
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let left = self.child.as_mut().expect("started").try_wait();
            assert!(matches!(left, Ok(None)), "the server left: {left:?}");
            std::thread::yield_now();
        }
    }

    /// Kills it.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("killed");
            child.wait().expect("gone");
        }
    }

    /// Holds it up, or lets it go on.
    pub(crate) fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("it runs");
        kill_process(Pid::from_child(child), signal).expect("signalled");
        if signal == Signal::STOP {
            standing::stands_still(child.id());
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A folder that lives as long as the server's data.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Writes a user's credentials for the broker, and returns the folder: what the kubelet mounts.
pub(crate) fn broker_credentials(below: &Path, user: &str) -> PathBuf {
    let seed = key(user).seed().expect("a seed");
    secret(&below.join(format!("{user}-nats")), &[("seed", &seed)])
}

/// The same for the cache server.
pub(crate) fn cache_credentials(below: &Path, user: &str) -> PathBuf {
    let files = [("username", user), ("password", PASSWORD)];
    secret(&below.join(format!("{user}-valkey")), &files)
}

fn secret(folder: &Path, files: &[(&str, &str)]) -> PathBuf {
    std::fs::create_dir_all(folder).expect("a folder");
    for (name, text) in files {
        // Another pod of the user may read it just now.
        if !folder.join(name).exists() {
            std::fs::write(folder.join(name), text).expect("written");
        }
    }
    folder.to_owned()
}
