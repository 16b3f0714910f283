//! Messages as a handler sees them.

use std::collections::BTreeMap;

/// A delivered message: the payload, and what the queue knows of it. Take it instead of the payload
/// where a handler wants to know:
///
/// ```
/// # use cloudc::{Message, Queue, function, queue};
/// # #[queue]
/// # pub static ORDERS: Queue<String>;
/// #[function(queue = ORDERS)]
/// async fn charge(order: Message<String>) {
///     println!("{}: attempt {}", order.id(), order.attempt());
/// }
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
pub struct Message<T> {
    pub(crate) payload: T,
    pub(crate) id: String,
    pub(crate) attempt: u32,
    pub(crate) headers: BTreeMap<String, String>,
}

impl<T> Message<T> {
    /// A first delivery with an empty id and no headers: for calling a handler oneself.
    pub fn new(payload: T) -> Self {
        Self {
            payload,
            id: String::new(),
            attempt: 1,
            headers: BTreeMap::new(),
        }
    }

    /// The payload.
    pub fn payload(&self) -> &T {
        &self.payload
    }

    /// The payload, for good.
    pub fn into_payload(self) -> T {
        self.payload
    }

    /// The message's id: the same at each delivery, so a handler can tell what it has done already.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Which delivery this is, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The message's headers, sorted by name.
    pub fn headers(&self) -> &BTreeMap<String, String> {
        &self.headers
    }
}
