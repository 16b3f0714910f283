//! The queues, in one place: what waits to be done.

use cloudc::{Queue, queue};

use crate::orders::Order;
use crate::receipts::Receipt;
use crate::restocking::Restock;

/// Orders that wait to be charged. Money is involved, so one that fails five times is kept for a
/// person to look at.
#[queue(max_deliveries = 5, ack_wait = "30s", dead_letter = true)]
pub static ORDERS: Queue<Order>;

/// Receipts that wait to be written.
#[queue(ack_wait = "60s", dedupe = "10m")]
pub static RECEIPTS: Queue<Receipt>;

/// Pieces that wait to be brought to the shelf. The same shortage found twice is one message.
#[queue(
    name = "restock-requests",
    max_deliveries = 10,
    dedupe = "10m",
    max_age = "1d"
)]
pub static RESTOCKS: Queue<Restock>;
