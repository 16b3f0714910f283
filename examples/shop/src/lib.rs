//! A small shop.
//!
//! A customer places an order; it is charged and its receipt written in the background. Prices are
//! refreshed at night, and what runs low is ordered again.
//!
//! ```text
//! POST /orders → ORDERS → charge → RECEIPTS → write_receipts
//! every quarter of an hour: find_shortages → RESTOCKS → restock
//! ```

pub mod orders;
pub mod payments;
pub mod prices;
pub mod problem;
pub mod products;
pub mod queues;
pub mod receipts;
#[cfg(feature = "reports")]
pub mod reports;
pub mod restocking;
pub mod search;

pub use prices::{PRICES, Price};
pub use problem::Problem;
pub use shop_stock as stock;
