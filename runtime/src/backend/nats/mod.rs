//! NATS JetStream, the broker of production. See `Production` in ARCHITECTURE.md for why it does what it does.

mod arrival;
mod connect;
mod consumer;
mod credentials;
mod dead;
mod events;
mod headers;
mod hold;
mod ledger;
mod link;
mod plan;
mod provision;
mod publish;
mod pull;
mod puller;
mod retire;
mod status;
mod step;
mod unreadable;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Access, Answer, Broker, Connection, Dead, Failure, Hold as _, Lease, Outgoing};
use super::{Published, Settlement};
use crate::app::App;
use crate::names;
use headers::Origin;
use link::{Link, TIMEOUT};
use publish::Target;
use pull::Pulls;
use puller::Puller;
pub use retire::{Leftover, Retired};

/// What the broker has to know of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// `orders`.
    pub name: String,
    /// The function that it triggers: `charge`.
    pub consumer: Option<String>,
    /// How long the broker waits for an acknowledgement before it delivers again.
    pub ack_wait: Duration,
    /// How long the broker remembers message ids.
    pub dedupe: Duration,
    /// How long a message is kept at the most; `None` for as long as it takes.
    pub max_age: Option<Duration>,
    /// Whether failed messages are kept.
    pub dead_letter: bool,
}

impl Queue {
    /// The queues of an application.
    pub fn all(app: &App) -> Vec<Self> {
        let of = |queue: &crate::app::Queue| {
            let consumer = queue.consumer.and_then(|index| app.functions.get(index));
            Self {
                name: queue.name.to_owned(),
                consumer: consumer.map(|function| function.name.to_owned()),
                ack_wait: queue.ack_wait,
                dedupe: queue.dedupe,
                max_age: queue.max_age,
                dead_letter: queue.dead_letter,
            }
        };
        app.queues.iter().map(of).collect()
    }
}

/// A connection to NATS JetStream, for one workload of an application.
pub struct Nats {
    link: Arc<Link>,
    app: String,
    workload: String,
    queues: Vec<Queue>,
    pulls: Mutex<HashMap<String, Arc<Pulls>>>,
    /// One for each queue that was pulled from. They end with this.
    tasks: Mutex<JoinSet<()>>,
}

impl Nats {
    /// Connects. A broker that is not there is waited for, for five seconds here and then in the background, however long it takes;
    /// [`Connection::ready`] tells. It needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// When the address or the credentials make no sense, in a sentence that has no secret in it.
    pub async fn connect(
        access: &Access,
        app: &str,
        workload: &str,
        queues: &[Queue],
    ) -> Result<Self, String> {
        let link = connect::connect(access, app, workload).await?;
        // It goes on without; the events say in the log why.
        let _ = link.connected(TIMEOUT).await;
        Ok(Self {
            link: Arc::new(link),
            app: app.to_owned(),
            workload: workload.to_owned(),
            queues: queues.to_vec(),
            pulls: Mutex::default(),
            tasks: Mutex::default(),
        })
    }

    /// Makes the streams and consumers of the queues, and changes those that are there to what they should be. For the workload
    /// [`names::PROVISION`]; nobody else has the permission. Says what it did, or found as it should be, in a line each, and
    /// logs each line as soon as it is so.
    ///
    /// # Errors
    ///
    /// Each change that would lose messages or that the broker does not make, before anything is changed; or what
    /// the broker refused, what was done before that and what was not. What was done stays: the next run does the rest.
    pub async fn provision(&self) -> Result<Vec<String>, Vec<String>> {
        provision::provision(&self.link, &self.app, &self.queues).await
    }

    /// Deletes the streams of queues that left the graph: those that are empty, and those that are to go with all that is in them.
    /// For the workload [`names::PROVISION`], as above. Says what became of each stream that is there.
    ///
    /// # Errors
    ///
    /// What the broker refused, for each stream by itself.
    pub async fn retire(&self, retired: &[Retired]) -> Vec<Result<Leftover, Failure>> {
        retire::retire(&self.link, &self.app, &self.queues, retired).await
    }

    fn queue(&self, name: &str) -> Result<&Queue, Failure> {
        let queue = self.queues.iter().find(|queue| queue.name == name);
        queue.ok_or_else(|| Failure::Unavailable(format!("{} has no queue `{name}`", self.app)))
    }

    /// `<stream>.<consumer>`, as subjects of JetStream's API end.
    fn consumer(&self, queue: &Queue) -> Result<String, Failure> {
        let function = queue.consumer.as_deref().ok_or_else(|| {
            Failure::Unavailable(format!("nobody consumes the queue `{}`", queue.name))
        })?;
        let stream = names::stream(&self.app, &queue.name);
        Ok(format!("{stream}.{}", names::consumer(function)))
    }

    /// Where messages of a queue come in. The first who asks has it started.
    fn pulls(&self, name: &str) -> Result<Arc<Pulls>, Failure> {
        let mut pulls = self.pulls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = pulls.get(name) {
            return Ok(Arc::clone(known));
        }
        let queue = self.queue(name)?;
        let consumer = self.consumer(queue)?;
        let puller = Puller {
            link: Arc::clone(&self.link),
            pulls: Pulls::new(queue.ack_wait),
            queue: name.to_owned(),
            subject: format!("$JS.API.CONSUMER.MSG.NEXT.{consumer}"),
            consumer,
            ack_wait: queue.ack_wait,
        };
        let new = Arc::clone(&puller.pulls);
        pulls.insert(name.to_owned(), Arc::clone(&new));
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.spawn(puller.run());
        Ok(new)
    }

    async fn hang_up(&self) -> Result<(), Failure> {
        let pulls: Vec<Arc<Pulls>> = {
            let pulls = self.pulls.lock().unwrap_or_else(PoisonError::into_inner);
            pulls.values().map(Arc::clone).collect()
        };
        join_all(pulls.iter().map(|pulls| pulls.stop())).await;
        for rest in pulls.iter().flat_map(|pulls| pulls.rest()) {
            // Lost, it comes again after its ack wait.
            let _ = rest.held.settle(Settlement::Returned).await;
        }
        self.link.close().await
    }
}

impl Broker for Nats {
    fn publish(&self, queue: &str, messages: Vec<Outgoing>) -> Answer<'_, Vec<Published>> {
        let queue = queue.to_owned();
        Box::pin(async move {
            let target = Target {
                origin: Origin {
                    app: &self.app,
                    workload: &self.workload,
                },
                queue: &queue,
                subject: names::subject(&self.app, &queue),
            };
            publish::publish(&self.link, &target, messages).await
        })
    }

    fn pull(&self, queue: &str, most: usize) -> Answer<'_, Vec<Lease>> {
        let pulls = self.pulls(queue);
        Box::pin(async move {
            match pulls {
                Ok(pulls) => pulls.pull(most).await,
                Err(failure) => {
                    // It stays so, and whoever asks does so again.
                    sleep(TIMEOUT).await;
                    Err(failure)
                }
            }
        })
    }

    fn bury(&self, queue: &str, dead: Dead) -> Answer<'_, ()> {
        let queue = queue.to_owned();
        Box::pin(async move {
            self.link.connected(TIMEOUT).await?;
            let headers = dead::headers(&queue, &dead, self.link.client.max_payload());
            let subject = names::dead_subject(&self.app, &queue);
            let stored = publish::store(&self.link, &subject, headers, dead.delivery.payload);
            stored.await.map(drop)
        })
    }

    fn stop<'a>(&'a self, queue: &'a str) -> Answer<'a, ()> {
        let pulls = self.pulls(queue);
        Box::pin(async move {
            pulls?.stop().await;
            Ok(())
        })
    }

    fn lag<'a>(&'a self, queue: &'a str) -> Answer<'a, u64> {
        Box::pin(async move {
            let consumer = self.consumer(self.queue(queue)?)?;
            consumer::lag(&self.link, &consumer).await
        })
    }
}

impl Connection for Nats {
    fn ready(&self) -> Result<(), String> {
        self.link.trouble().map_or(Ok(()), Err)
    }

    fn close(&self) -> Answer<'_, ()> {
        Box::pin(async {
            let closed = timeout(TIMEOUT, self.hang_up()).await;
            closed.unwrap_or_else(|_| {
                Err(Failure::NoAnswer(
                    "the connection was not closed within five seconds".to_owned(),
                ))
            })
        })
    }
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = format!("{}/{}", self.app, self.workload);
        f.debug_tuple("Nats").field(&name).finish()
    }
}
