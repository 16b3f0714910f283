//! The book in which the shop notes how far each order is.

use cloudc::{Cache, Error, cache};

use super::{OrderId, Status};

/// How far an order is. After a month nobody asks any more.
#[cache(ttl = "30d")]
pub static STATUSES: Cache<OrderId, Status>;

/// The shop's order book.
#[derive(Clone, Copy, Debug)]
pub struct Book;

impl Book {
    /// Notes how far an order is.
    ///
    /// # Errors
    ///
    /// When the cache does not answer.
    pub async fn enter(&self, id: &OrderId, status: &Status) -> Result<(), Error> {
        STATUSES.set(id, status).await
    }

    /// How far an order is; `None` for one that the shop does not know.
    ///
    /// # Errors
    ///
    /// When the cache does not answer.
    pub async fn look_up(&self, id: &OrderId) -> Result<Option<Status>, Error> {
        STATUSES.get(id).await
    }

    /// Forgets an order.
    ///
    /// # Errors
    ///
    /// When the cache does not answer.
    pub async fn strike(&self, id: &OrderId) -> Result<(), Error> {
        STATUSES.remove(id).await
    }
}
