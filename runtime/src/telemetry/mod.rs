//! What a pod tells of itself: logs, traces and metrics. The core says what happens by the functions that are named here;
//! without the feature `shim` they do nothing, so an application's tests pay nothing for them.

#[cfg(feature = "shim")]
mod client;
#[cfg(feature = "shim")]
mod context;
#[cfg(feature = "shim")]
mod export;
#[cfg(all(feature = "shim", feature = "test"))]
pub mod hook;
#[cfg(feature = "shim")]
mod logs;
#[cfg(feature = "shim")]
mod metrics;
#[cfg(not(feature = "shim"))]
mod nothing;
#[cfg(feature = "shim")]
mod settings;
#[cfg(feature = "shim")]
mod spans;
#[cfg(feature = "shim")]
mod start;
#[cfg(feature = "shim")]
mod watched;

#[cfg(feature = "shim")]
pub(crate) use context::inject;
#[cfg(feature = "shim")]
pub(crate) use metrics::{buried, delivered, dropped, retried};
#[cfg(feature = "shim")]
pub use metrics::{lagging, measured};
#[cfg(not(feature = "shim"))]
pub(crate) use nothing::{Asked, inject};
#[cfg(all(not(feature = "shim"), feature = "test"))]
pub(crate) use nothing::{buried, delivered, delivery_span, dropped, retried};
#[cfg(feature = "shim")]
pub use spans::schedule_span;
#[cfg(feature = "shim")]
pub(crate) use spans::{Asked, delivery_span};
#[cfg(feature = "shim")]
pub use start::{FLUSH, Guard, start};
#[cfg(feature = "shim")]
pub(crate) use watched::Watched;
