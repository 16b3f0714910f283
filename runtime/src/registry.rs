//! The handlers and resources that are linked into this program. The attributes register them.

use std::time::Duration;

use axum::extract::Request;

use crate::cron::Cron;
use crate::handler::{Delivery, Done, Reply};

/// A handler.
#[derive(Debug)]
pub struct FunctionRegistration {
    /// `place-order`.
    pub name: &'static str,
    /// The path in Rust, with the crate's name in front: `shop::orders::place_order`.
    pub path: &'static str,
    /// What starts it, and how to call it.
    pub trigger: Trigger,
    /// The service it is moved to; HTTP functions only. Like the rest, as written: `None` where the
    /// attribute says nothing.
    pub service: Option<&'static str>,
    /// Calls at the same time in one pod.
    pub concurrency: Option<u32>,
    /// How long one call may take.
    pub timeout: Option<Duration>,
    /// Pods at the least and at the most; the most is `None` for no limit.
    pub scale: Option<(u32, Option<u32>)>,
}

/// What starts a handler, and how to call it.
#[derive(Debug)]
pub enum Trigger {
    /// A request.
    Http {
        /// Upper case: `POST`.
        method: &'static str,
        /// As axum writes it: `/orders/{id}`.
        path: &'static str,
        /// Answers a request.
        handle: fn(Request) -> Reply,
    },
    /// A message.
    Queue {
        /// The queue's name. A function, because the name is in the queue's static.
        queue: fn() -> &'static str,
        /// Handles one message.
        handle: fn(Delivery) -> Done,
    },
    /// Several messages at a time.
    Batch {
        /// As for one message.
        queue: fn() -> &'static str,
        /// The most messages that one call takes.
        most: u32,
        /// Handles from one to `most` messages.
        handle: fn(Vec<Delivery>) -> Done,
    },
    /// A point in time.
    Schedule {
        /// When it runs.
        cron: Cron,
        /// The time zone in which it runs, as written; `None` for UTC.
        timezone: Option<&'static str>,
        /// Runs once.
        handle: fn() -> Done,
    },
}

/// A queue or a cache.
#[derive(Debug)]
pub struct ResourceRegistration {
    /// `orders`.
    pub name: &'static str,
    /// The path in Rust: `shop::queues::ORDERS`.
    pub path: &'static str,
    /// Which of the two, and what its attribute says.
    pub settings: Settings,
}

/// What the attribute of a resource says: `None` where it says nothing.
#[derive(Clone, Copy, Debug)]
pub enum Settings {
    /// A queue.
    Queue {
        /// Deliveries before a message counts as failed.
        max_deliveries: Option<u32>,
        /// How long one delivery may take before the next one.
        ack_wait: Option<Duration>,
        /// Whether failed messages are kept.
        dead_letter: Option<bool>,
        /// How long message ids are remembered.
        dedupe: Option<Duration>,
        /// How long a message is kept at the most.
        max_age: Option<Duration>,
    },
    /// A cache.
    Cache {
        /// How long an entry lives.
        ttl: Option<Duration>,
    },
}

impl ResourceRegistration {
    /// Which of the two.
    pub fn kind(&self) -> ResourceKind {
        match self.settings {
            Settings::Queue { .. } => ResourceKind::Queue,
            Settings::Cache { .. } => ResourceKind::Cache,
        }
    }
}

/// Kinds of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceKind {
    /// A queue.
    Queue,
    /// A cache.
    Cache,
}

inventory::collect!(FunctionRegistration);
inventory::collect!(ResourceRegistration);

/// The linked handlers, sorted by name and path: the linker's order says nothing.
pub fn functions() -> Vec<&'static FunctionRegistration> {
    let mut functions: Vec<_> = inventory::iter::<FunctionRegistration>
        .into_iter()
        .collect();
    functions.sort_by_key(|function| (function.name, function.path));
    functions
}

/// The linked resources, sorted by kind, name and path.
pub fn resources() -> Vec<&'static ResourceRegistration> {
    let mut resources: Vec<_> = inventory::iter::<ResourceRegistration>
        .into_iter()
        .collect();
    resources.sort_by_key(|resource| (resource.kind(), resource.name, resource.path));
    resources
}
