//! A broker of a case's own.

#[path = "../servers/standing.rs"]
mod standing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_nats::jetstream::{self, consumer, stream};
use cloudc::backend::nats::{Nats, Queue};
use cloudc::backend::{Access, Broker as _, Lease, Outgoing};
use cloudc::names::{self, PROVISION};
use tokio::time::timeout;

use crate::server::{self, Server};

pub(crate) const APP: &str = "shop";
pub(crate) const QUEUE: &str = "orders";
pub(crate) const FUNCTION: &str = "charge";

/// Runs a case on the server that the variable names, if it is there.
pub(crate) fn run<F: Future<Output = ()>>(
    variable: &str,
    name: Option<&str>,
    case: fn(PathBuf) -> F,
) {
    let Some(program) = server::program(variable, name) else {
        return;
    };
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let ended = threads
        .expect("threads")
        .block_on(async { timeout(Duration::from_secs(60), case(program)).await });
    ended.expect("it ends");
}

/// A server that can go and come back.
pub(crate) struct Broker {
    program: PathBuf,
    pub(crate) store: tempfile::TempDir,
    server: Option<Server>,
    pub(crate) url: String,
    pub(crate) queue: Queue,
}

impl Broker {
    /// One that has nothing yet.
    pub(crate) fn empty(program: PathBuf, config: &str) -> Self {
        let store = tempfile::tempdir().expect("a folder");
        let file = store.path().join("nats.conf");
        std::fs::write(&file, config).expect("written");
        let (server, url) = server::nats(&program, store.path(), &config_of(&file));
        Self {
            program,
            store,
            server: Some(server),
            url,
            queue: Queue {
                name: QUEUE.to_owned(),
                consumer: Some(FUNCTION.to_owned()),
                ack_wait: Duration::from_secs(30),
                dedupe: Duration::from_secs(120),
                max_age: None,
                dead_letter: true,
            },
        }
    }

    /// One with the streams and the consumer.
    pub(crate) async fn start(program: PathBuf) -> Self {
        Self::start_with(program, Duration::from_secs(30)).await
    }

    /// One whose consumer waits so long.
    pub(crate) async fn start_with(program: PathBuf, ack_wait: Duration) -> Self {
        let mut broker = Self::empty(program, "");
        broker.queue.ack_wait = ack_wait;
        broker.provision().await.expect("it is made");
        broker
    }

    pub(crate) async fn provision(&self) -> Result<Vec<String>, Vec<String>> {
        self.client(PROVISION).await.provision().await
    }

    pub(crate) async fn client(&self, workload: &str) -> Nats {
        self.client_with(workload, None).await
    }

    pub(crate) async fn client_with(&self, workload: &str, credentials: Option<&Path>) -> Nats {
        let access = Access {
            url: self.url.clone(),
            credentials: credentials.map(Path::to_path_buf),
        };
        let queues = [self.queue.clone()];
        let client = Nats::connect(&access, APP, workload, &queues).await;
        client.expect("an address")
    }

    /// The queue function's.
    pub(crate) async fn consumer(&self) -> Nats {
        self.client(FUNCTION).await
    }

    pub(crate) fn go(&mut self) {
        self.server = None;
    }

    /// At the same address, with the same files.
    pub(crate) fn come_back(&mut self) {
        let port = self.url.rsplit(':').next().expect("a port");
        let file = self.store.path().join("nats.conf");
        let mut more = config_of(&file);
        more.extend(["--port", port]);
        let (server, _) = server::nats(&self.program, self.store.path(), &more);
        self.server = Some(server);
    }

    /// Sends the server a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let process = self.server.as_ref().expect("a server").child.id();
        let mut kill = std::process::Command::new("kill");
        let sent = kill.args([signal, &process.to_string()]).status();
        assert!(sent.expect("kill").success());
        if signal == "-STOP" {
            standing::stands_still(process);
        }
    }

    /// Looks at what no workload may look at.
    pub(crate) async fn jetstream(&self) -> jetstream::Context {
        let client = async_nats::connect(&self.url).await;
        jetstream::new(client.expect("a connection"))
    }

    pub(crate) async fn stream(&self) -> stream::Stream {
        let name = names::stream(APP, QUEUE);
        let stream = self.jetstream().await.get_stream(name).await;
        stream.expect("the stream")
    }

    /// Waits until so many messages are delivered and not settled.
    pub(crate) async fn unsettled(&self, count: usize) {
        let stream = self.stream().await;
        let consumer = stream
            .get_consumer::<consumer::pull::Config>(FUNCTION)
            .await;
        let consumer = consumer.expect("the consumer");
        while consumer.get_info().await.expect("info").num_ack_pending != count {
            tokio::task::yield_now().await;
        }
    }
}

fn config_of(file: &Path) -> Vec<&str> {
    vec!["--config", file.to_str().expect("text")]
}

/// A message whose payload is its id.
pub(crate) fn message(id: &str) -> Outgoing {
    Outgoing {
        id: id.to_owned(),
        keyed: true,
        payload: format!("\"{id}\"").into_bytes(),
        headers: BTreeMap::new(),
        delay: Duration::ZERO,
    }
}

pub(crate) async fn send(client: &Nats, id: &str) {
    let sent = client.publish(QUEUE, vec![message(id)]).await;
    sent.expect("it is stored");
}

/// Waits for one delivery.
pub(crate) async fn take(client: &Nats) -> Lease {
    let mut leases = client.pull(QUEUE, 1).await.expect("the queue is there");
    assert_eq!(leases.len(), 1);
    leases.remove(0)
}

/// Leaves a request with the server, of one who waits no longer.
pub(crate) async fn ask_and_leave(client: &Nats, most: usize) {
    let pull = client.pull(QUEUE, most);
    let none = timeout(Duration::from_millis(300), pull).await;
    assert!(none.is_err(), "nothing is there: {none:?}");
}
