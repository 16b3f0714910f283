//! A broker of the test's own, with users of several kinds, and a look behind the command's back.

use std::future::Future;
use std::process::Command;

use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{Config, RetentionPolicy};
use async_nats::jetstream::{self, AckKind, Context};
use async_nats::{ConnectOptions, HeaderMap};
use futures_util::StreamExt as _;
use tokio::runtime::Runtime;

use crate::process::Process;

/// The key of the user without a name.
const SEED: &str = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";

/// Users: one that may do anything; one that may look; one that may listen below a prefix of its own alone; one of an
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
        let key = nkeys::KeyPair::from_seed(SEED).expect("a key").public_key();
        let config = store.path().join("nats.conf");
        let text = configuration(&store.path().join("store").to_string_lossy(), &key);
        std::fs::write(&config, text).expect("written");
        let mut command = Command::new(server);
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
        Some(Self {
            url,
            context,
            runtime,
            _process: process,
            _store: store,
        })
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
            first.ack_with(AckKind::Nak(None)).await.expect("let go");
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
