//! A broker of the test's own, with users of several kinds, and a look behind the command's back.

use std::future::Future;
use std::path::Path;
use std::process::Command;

use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{Config, RetentionPolicy};
use async_nats::jetstream::{self, AckKind, Context};
use async_nats::{ConnectOptions, HeaderMap};
use cloudc_tests::schemas::documents;
use futures_util::StreamExt as _;
use tokio::runtime::Runtime;

use cloudc_tests::process::Process;

/// The key of the user without a name.
const SEED: &str = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";

/// Users: one that may do anything; one that may look; one that may send again but not delete; one that may listen below a prefix of its own alone; one of an
/// account without JetStream; one with a key.
fn configuration(store: &str, key: &str) -> String {
    format!(
        r#"
        jetstream {{ store_dir: {store:?} }}
        accounts {{
          app {{
            jetstream: enabled
            users: [
              {{ user: operator, password: "s3cret" }}
              {{ user: reader, password: "s3cret", permissions: {{ publish: {{ allow: [
                "$JS.API.STREAM.INFO.>", "$JS.API.CONSUMER.INFO.>", "$JS.API.STREAM.MSG.GET.>"
              ] }} }} }}
              {{ user: halfway, password: "s3cret", permissions: {{ publish: {{ allow: [
                "$JS.API.STREAM.INFO.>", "$JS.API.STREAM.MSG.GET.>", "app.orders"
              ] }} }} }}
              {{ user: cornered, password: "s3cret", permissions: {{
                publish: {{ allow: [">"] }}, subscribe: {{ allow: ["_INBOX_cornered.>"] }}
              }} }}
              {{ nkey: {key} }}
            ]
          }}
          other {{ users: [ {{ user: outsider, password: "s3cret" }} ] }}
        }}
        "#
    )
}

/// The public key of the user without a name.
fn key() -> String {
    let key = nkeys::KeyPair::from_seed(SEED);
    key.expect("a key").public_key()
}

/// A running broker.
pub(crate) struct Broker {
    pub(crate) url: String,
    /// As the operator.
    context: Context,
    runtime: Runtime,
    _process: Process,
    _store: tempfile::TempDir,
}

impl Broker {
    /// `None` where there is none to start.
    pub(crate) fn start() -> Option<Self> {
        let server = cloudc_tests::program("NATS_SERVER", &["nats-server"])?;
        let store = tempfile::tempdir().expect("a folder");
        let text = configuration(&store.path().join("store").to_string_lossy(), &key());
        Some(Self::run(Command::new(server), store, &text))
    }

    /// One with the configuration in this manifest, where the user without a name is the operator.
    pub(crate) fn bundled(server: &Path, manifest: &Path) -> Self {
        let objects = documents(&std::fs::read_to_string(manifest).expect("a manifest"));
        let of = |kind: &str| objects.iter().find(|object| object["kind"] == kind);
        let text = of("ConfigMap").and_then(|object| object["data"]["nats.conf"].as_str());
        let store = tempfile::tempdir().expect("a folder");
        let volume = format!("{:?}", store.path().join("store"));
        let text = text.expect("a configuration").replace("\"/data\"", &volume);
        // The first account is that of the streams; it gets a user of the tests' own, who may do everything.
        let own = "users: [\n{ user: operator, password: \"s3cret\" }";
        let text = text.replacen("users: [", own, 1);
        let mut command = Command::new(server);
        command.args(["--http_port", "-1"]);
        let set = of("StatefulSet").expect("a server");
        let variables = set["spec"]["template"]["spec"]["containers"][0]["env"].as_array();
        for variable in variables.expect("variables") {
            let Some(user) = variable["valueFrom"]["secretKeyRef"]["key"].as_str() else {
                continue;
            };
            let public = if user == "app-operator" {
                key()
            } else {
                nkeys::KeyPair::new_user().public_key()
            };
            command.env(variable["name"].as_str().expect("a name"), public);
        }
        Self::run(command, store, &text)
    }

    fn run(mut command: Command, store: tempfile::TempDir, configuration: &str) -> Self {
        let config = store.path().join("nats.conf");
        std::fs::write(&config, configuration).expect("written");
        command
            .arg("--config")
            .arg(config)
            .args(["--addr", "127.0.0.1", "--port", "-1"]);
        let (process, lines) = Process::start(&mut command, "Server is ready");
        let address = lines
            .iter()
            .find_map(|line| line.split_once("Listening for client connections on "))
            .expect("an address");
        let url = format!("nats://{}", address.1.trim());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let options =
            ConnectOptions::with_user_and_password("operator".to_owned(), "s3cret".to_owned());
        // Its tasks are the runtime's.
        let context = runtime.block_on(async {
            let client = options.connect(&url).await.expect("connected");
            jetstream::new(client)
        });
        Self {
            url,
            context,
            runtime,
            _process: process,
            _store: store,
        }
    }

    /// The seed of the user without a name.
    pub(crate) fn seed() -> &'static str {
        SEED
    }

    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Makes what the provision Job makes.
    pub(crate) fn provision(&self) {
        for (queue, consumer) in [("orders", "charge"), ("receipts", "mail")] {
            let stream = self.stream(Config {
                name: format!("app-{queue}"),
                subjects: vec![format!("app.{queue}")],
                retention: RetentionPolicy::WorkQueue,
                ..Config::default()
            });
            let config = pull::Config {
                durable_name: Some(consumer.to_owned()),
                ack_policy: AckPolicy::Explicit,
                ..pull::Config::default()
            };
            self.wait(stream.create_consumer(config)).expect("made");
        }
        self.keep_dead_letters();
    }

    pub(crate) fn keep_dead_letters(&self) {
        self.stream(Config {
            name: "app-orders-dead".to_owned(),
            subjects: vec!["app.orders.dead".to_owned()],
            ..Config::default()
        });
    }

    fn stream(&self, config: Config) -> jetstream::stream::Stream {
        self.wait(self.context.create_stream(config)).expect("made")
    }

    pub(crate) fn delete_stream(&self, stream: &str) {
        self.wait(self.context.delete_stream(stream))
            .expect("deleted");
    }

    pub(crate) fn delete_consumer(&self, stream: &str, consumer: &str) {
        self.wait(async {
            let stream = self.context.get_stream(stream).await.expect("a stream");
            stream.delete_consumer(consumer).await.expect("deleted");
        });
    }

    /// From now on a stream takes no more than this.
    pub(crate) fn limit(&self, stream: &str, messages: i64) {
        self.wait(async {
            let found = self.context.get_stream(stream).await.expect("a stream");
            let mut config = found.cached_info().config.clone();
            config.max_messages = messages;
            config.discard = jetstream::stream::DiscardPolicy::New;
            self.context.update_stream(config).await.expect("changed");
        });
    }

    /// Stores a message; its number.
    pub(crate) fn send(&self, subject: &str, headers: &[(&str, &str)], payload: &[u8]) -> u64 {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, *value);
        }
        let (subject, payload) = (subject.to_owned(), payload.to_vec());
        let published = async {
            let sent = self
                .context
                .publish_with_headers(subject, map, payload.into());
            sent.await.expect("sent").await.expect("stored")
        };
        self.wait(published).sequence
    }

    /// Stores a dead letter, as the runtime does; its number.
    pub(crate) fn dead_letter(&self, payload: &[u8]) -> u64 {
        let headers = [
            ("ce-type", "order"),
            ("Cloudc-Reason", "the card was refused"),
            ("Cloudc-Attempt", "5"),
            ("Cloudc-Sequence", "17"),
            ("Cloudc-Id", "order-17"),
        ];
        self.send("app.orders.dead", &headers, payload)
    }

    /// Stores many dead letters, and returns their payloads: numbers, and some of them long.
    pub(crate) fn many_dead_letters(&self, count: usize) -> Vec<Vec<u8>> {
        let payloads: Vec<Vec<u8>> = (0..count)
            .map(|number| {
                let zeros = if number % 7 == 0 { 3_000 } else { 1 };
                format!("1.{}{number}", "0".repeat(zeros)).into_bytes()
            })
            .collect();
        self.wait(async {
            // The server stores them in their order; each acknowledgement is waited for later.
            for some in payloads.chunks(200) {
                let mut sent = Vec::new();
                for payload in some {
                    let publish = self
                        .context
                        .publish("app.orders.dead", payload.clone().into());
                    sent.push(publish.await.expect("sent"));
                }
                for acknowledgement in sent {
                    acknowledgement.await.expect("stored");
                }
            }
        });
        payloads
    }

    /// The id with which a dead letter is sent again.
    pub(crate) fn id_again(&self, number: u64) -> String {
        let message = self.wait(async {
            let stream = self.context.get_stream("app-orders-dead").await;
            let stream = stream.expect("a stream");
            stream.get_raw_message(number).await.expect("a message")
        });
        let time = message.time.unix_timestamp_nanos();
        format!("redrive-orders-{number}-{time}")
    }

    /// Takes messages as a function does, and lets go of the first of them at once, so that it comes again.
    pub(crate) fn deliver(&self, stream: &str, consumer: &str, count: usize) {
        self.wait(async {
            let stream = self.context.get_stream(stream).await.expect("a stream");
            let consumer: jetstream::consumer::PullConsumer =
                stream.get_consumer(consumer).await.expect("a consumer");
            let pull = || async {
                let one = consumer.fetch().max_messages(1).messages();
                let mut messages = one.await.expect("messages");
                messages
                    .next()
                    .await
                    .expect("a message")
                    .expect("a message")
            };
            let first = pull().await;
            // Confirmed, or the next pull may come before it.
            let said = first.double_ack_with(AckKind::Nak(None)).await;
            said.expect("let go");
            for _ in 0..count {
                // Kept until the ack wait is over.
                drop(pull().await);
            }
        });
    }

    /// All that a stream holds, in its order.
    pub(crate) fn held(&self, stream: &str) -> Vec<StreamMessage> {
        self.wait(async {
            let stream = self.context.get_stream(stream).await.expect("a stream");
            let state = &stream.cached_info().state;
            let mut held = Vec::new();
            for number in state.first_sequence..=state.last_sequence {
                // A number without a message is none.
                held.extend(stream.get_raw_message(number).await);
            }
            held
        })
    }

    /// Runs something once the first message with this subject passes by.
    pub(crate) fn at_first(&self, subject: &str, before: impl FnOnce(), then: impl FnOnce()) {
        self.wait(async {
            let client = self.context.client();
            let subscription = client.subscribe(subject.to_owned());
            let mut subscription = subscription.await.expect("subscribed");
            client.flush().await.expect("the broker knows");
            before();
            subscription.next().await.expect("a message");
        });
        then();
    }
}
