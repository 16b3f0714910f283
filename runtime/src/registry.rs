//! The handlers and resources that are linked into this program. The attributes register them.

use axum::extract::Request;

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
    /// Which of the two.
    pub kind: ResourceKind,
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
    resources.sort_by_key(|resource| (resource.kind, resource.name, resource.path));
    resources
}
