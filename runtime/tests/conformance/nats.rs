//! NATS JetStream as a subject, as the runtime uses it in production.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::{self, consumer, stream};
use cloudc::backend::nats::{Nats, Queue};
use cloudc::backend::{Access, Answer, Broker, Dead, Failure, Lease, Outgoing, Published};

use crate::server::{Server, nats, program};
use crate::subject::{QUEUE, QueueSubject, Queues, Subject, Wish};

/// The current version.
pub(crate) struct Current;

/// The oldest version that works: Debian's.
pub(crate) struct Old;

/// A version of the server.
trait Version {
    fn program() -> Option<PathBuf>;
}

impl Version for Current {
    fn program() -> Option<PathBuf> {
        program("NATS_SERVER", Some("nats-server"))
    }
}

impl Version for Old {
    fn program() -> Option<PathBuf> {
        program("NATS_SERVER_OLD", None)
    }
}

macro_rules! subject {
    ($version:ty) => {
        impl Subject for $version {
            const TICK: Duration = Duration::from_millis(400);
            const SEQUENCES: u32 = 3;
            const DELAY_TAKES_A_DELIVERY: bool = true;

            fn is_there() -> bool {
                <$version as Version>::program().is_some()
            }

            fn run<R>(case: impl Future<Output = R>) -> R {
                run(case)
            }
        }

        impl QueueSubject for $version {
            async fn start(wish: Wish) -> Arc<dyn Queues> {
                let program = <$version as Version>::program();
                Arc::new(Served::start(program.expect("a server"), wish).await)
            }
        }
    };
}

subject!(Current);
subject!(Old);

fn run<R>(case: impl Future<Output = R>) -> R {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("threads")
        .block_on(case)
}

const APP: &str = "suite";
const FUNCTION: &str = "worker";

/// A server of a case's own.
struct Served {
    broker: Nats,
    /// Looks at what no workload may look at.
    jetstream: jetstream::Context,
    _server: Server,
    _store: tempfile::TempDir,
}

impl Served {
    async fn start(program: PathBuf, wish: Wish) -> Self {
        let store = tempfile::tempdir().expect("a folder");
        let (server, url) = nats(&program, store.path(), &[]);
        let queue = Queue {
            name: QUEUE.to_owned(),
            consumer: Some(FUNCTION.to_owned()),
            ack_wait: wish.ack_wait,
            dedupe: wish.dedupe,
            max_age: wish.max_age,
            dead_letter: true,
        };
        let access = Access {
            url: url.clone(),
            credentials: None,
        };
        let queues = [queue];
        let broker = |workload: &'static str| Nats::connect(&access, APP, workload, &queues);
        let provisioner = broker(cloudc::names::PROVISION).await.expect("an address");
        provisioner.provision().await.expect("the streams are made");
        let client = async_nats::connect(&url).await.expect("a connection");
        let served = Self {
            broker: broker(FUNCTION).await.expect("an address"),
            jetstream: jetstream::new(client),
            _server: server,
            _store: store,
        };
        served.bound(wish).await;
        served
    }

    async fn stream(&self) -> stream::Stream {
        let name = cloudc::names::stream(APP, QUEUE);
        self.jetstream.get_stream(name).await.expect("the stream")
    }

    /// Bounds that the provisioner never sets: the runtime counts deliveries itself.
    async fn bound(&self, wish: Wish) {
        let stream = self.stream().await;
        let consumer = stream.get_consumer::<consumer::pull::Config>(FUNCTION);
        let mut config = consumer
            .await
            .expect("the consumer")
            .cached_info()
            .config
            .clone();
        config.max_deliver = wish.max_deliveries.map_or(-1, i64::from);
        config.max_ack_pending = i64::try_from(wish.max_unsettled).expect("a number");
        let config = consumer::pull::Config {
            durable_name: config.durable_name,
            name: config.name,
            description: config.description,
            ack_policy: config.ack_policy,
            ack_wait: config.ack_wait,
            max_deliver: config.max_deliver,
            max_ack_pending: config.max_ack_pending,
            ..Default::default()
        };
        stream.create_consumer(config).await.expect("bounds");
    }
}

impl Queues for Served {
    fn left(&self) -> Answer<'_, usize> {
        Box::pin(async {
            let info = self.stream().await.get_info().await;
            let info = info.map_err(|error| Failure::Unavailable(error.to_string()))?;
            Ok(usize::try_from(info.state.messages).expect("a number"))
        })
    }
}

impl Broker for Served {
    fn publish(&self, queue: &str, messages: Vec<Outgoing>) -> Answer<'_, Vec<Published>> {
        self.broker.publish(queue, messages)
    }

    fn pull(&self, queue: &str, most: usize) -> Answer<'_, Vec<Lease>> {
        self.broker.pull(queue, most)
    }

    fn bury(&self, queue: &str, dead: Dead) -> Answer<'_, ()> {
        self.broker.bury(queue, dead)
    }

    fn stop<'a>(&'a self, queue: &'a str) -> Answer<'a, ()> {
        self.broker.stop(queue)
    }

    fn lag<'a>(&'a self, queue: &'a str) -> Answer<'a, u64> {
        self.broker.lag(queue)
    }
}
