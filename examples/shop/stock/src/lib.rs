//! What the shop sells, and how many pieces of it are left.
//!
//! A library like any other: it declares a cache of its own, and cloudc finds who uses it through
//! the functions of the shop.

mod catalogue;
mod reservation;
mod shelf;
mod sku;

pub use catalogue::{Product, find, products};
pub use reservation::{Line, SoldOut, release, reserve};
pub use shelf::{STOCK, Shelf, Warehouse};
pub use sku::{BadSku, Sku};
