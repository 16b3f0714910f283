//! Where the pieces lie.

use cloudc::{Cache, Error, cache};

use crate::Sku;

/// How many pieces of a product are left. A product without an entry is sold out.
#[cache]
pub static STOCK: Cache<Sku, u32>;

/// A place that keeps pieces. The shop has one, the [`Warehouse`]; a test may have its own.
pub trait Shelf: Sync {
    /// How many pieces of a product are left.
    fn on_hand(&self, sku: &Sku) -> impl Future<Output = Result<u32, Error>> + Send;

    /// Says how many pieces there are from now on.
    fn restack(&self, sku: &Sku, pieces: u32) -> impl Future<Output = Result<(), Error>> + Send;
}

/// The shop's own shelf, kept in [`STOCK`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Warehouse;

impl Shelf for Warehouse {
    async fn on_hand(&self, sku: &Sku) -> Result<u32, Error> {
        Ok(STOCK.get(sku).await?.unwrap_or(0))
    }

    async fn restack(&self, sku: &Sku, pieces: u32) -> Result<(), Error> {
        STOCK.set(sku, &pieces).await
    }
}
