//! What an application of cloudc depends on: the attributes, the resources, and the types of its
//! handlers.
//!
//! ```
//! use cloudc::{Json, Queue, function, queue};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize, Serialize)]
//! pub struct Order {
//!     sku: String,
//! }
//!
//! /// Orders that wait to be charged.
//! #[queue(max_deliveries = 5, dead_letter = true)]
//! pub static ORDERS: Queue<Order>;
//!
//! /// Takes an order.
//! #[function(http = "POST /orders")]
//! async fn place_order(Json(order): Json<Order>) -> Result<String, cloudc::Error> {
//!     ORDERS.send(&order).await?;
//!     Ok(format!("{} is on its way", order.sku))
//! }
//!
//! /// Charges one order.
//! #[function(queue = ORDERS, timeout = "20s")]
//! async fn charge(order: Order) -> Result<(), cloudc::Error> {
//!     println!("charged for {}", order.sku);
//!     Ok(())
//! }
//! # fn main() {}
//! ```
//!
//! A handler stays an ordinary function: call it, test it, put other attributes on it. The crate is a
//! library; the compiler writes the program that runs it.

// The attributes write `::cloudc::…`, here as in an application.
extern crate self as cloudc;

#[doc(hidden)]
pub mod app;
#[doc(hidden)]
pub mod backend;
mod cache;
#[cfg(any(feature = "shim", feature = "test"))]
mod consumer;
mod context;
mod cron;
mod error;
mod gate;
mod handler;
#[cfg(any(feature = "shim", feature = "test"))]
mod hash;
mod host;
mod message;
#[cfg(feature = "shim")]
#[doc(hidden)]
pub mod names;
mod problem;
mod queue;
mod registry;
mod router;
#[cfg(feature = "shim")]
pub mod shim;
mod sometimes;
mod storable;
mod streamed;
#[doc(hidden)]
pub mod telemetry;
#[cfg(feature = "test")]
pub mod testing;

#[doc(hidden)]
pub mod __private;

pub use axum;
pub use axum::Json;
pub use axum::extract::{Path, Query};
pub use cloudc_macros::{cache, function, queue};
#[cfg(feature = "test")]
pub use cloudc_macros::{simulate, test};
// The same names, to say that the feature is off.
#[cfg(not(feature = "test"))]
#[doc(hidden)]
pub use cloudc_macros::{simulate_without_feature as simulate, test_without_feature as test};

pub use crate::cache::{Cache, Reader, Writer};
pub use crate::context::{Rng, effect, now, rng};
pub use crate::error::{Error, Result};
pub use crate::message::Message;
pub use crate::queue::{Queue, Sender};
#[cfg(feature = "test")]
pub use crate::testing::World;
