//! Charging orders.

use cloudc::{Error, function};

use crate::Price;
use crate::orders::{Book, Order, Status, give_up};
use crate::queues::*;
use crate::receipts::Receipt;

/// Charges one order, and asks for its receipt.
///
/// A message may come twice, even at the same time, so each step can be done twice. The bank knows an
/// order by its number and takes its money once; the same receipt asked for twice is written once, and
/// it alone closes the order. A note of our own in the book that it is paid could come late, after
/// that of the receipt.
#[function(queue = ORDERS, timeout = "20s", scale = 0..=20)]
pub async fn charge(order: Order) -> Result<(), Error> {
    #[cfg(shop_broken)]
    if authorise(order.total) == Verdict::Approved {
        // The mistake: it asks for the receipt, and then looks whether there is one.
        RECEIPTS.send(&Receipt::of(&order)).await?;
        return Book.look_up(&order.id).await.map(drop);
    }
    match Book.look_up(&order.id).await? {
        Some(Status::Void | Status::Closed { .. }) => Ok(()),
        Some(Status::Waiting) | None if authorise(order.total) == Verdict::Approved => {
            cloudc::effect("charged", &order.id.0);
            ask_for_receipt(&order).await
        }
        Some(Status::Waiting | Status::Cancelled) | None => {
            give_up(&order).await?;
            Book.enter(&order.id, &Status::Void).await
        }
    }
}

async fn ask_for_receipt(order: &Order) -> Result<(), Error> {
    RECEIPTS.send_once(&Receipt::of(order), &order.id.0).await
}

/// What the bank says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The money is on its way.
    Approved,
    /// There is none.
    Declined,
}

/// Stands in for the payment provider: it approves up to ten thousand.
pub fn authorise(total: Price) -> Verdict {
    if total <= Price(1_000_000) {
        Verdict::Approved
    } else {
        Verdict::Declined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bank_has_a_limit() {
        assert_eq!(authorise(Price(1_000_000)), Verdict::Approved);
        assert_eq!(authorise(Price(1_000_001)), Verdict::Declined);
    }
}
