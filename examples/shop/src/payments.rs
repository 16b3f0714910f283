//! Charging orders.

use cloudc::{Error, function};

use crate::Price;
use crate::orders::{Book, Order, Status, give_up};
use crate::queues::*;
use crate::receipts::Receipt;

/// Charges one order, and asks for its receipt.
///
/// A message may come twice, so each step can be done twice: an order that is paid already is not
/// charged again, and the same receipt asked for twice is written once.
#[function(queue = ORDERS, timeout = "20s", scale = 0..=20)]
pub async fn charge(order: Order) -> Result<(), Error> {
    match Book.look_up(&order.id).await? {
        Some(Status::Void | Status::Closed { .. }) => Ok(()),
        Some(Status::Paid) => ask_for_receipt(&order).await,
        Some(Status::Waiting) | None if authorise(order.total) == Verdict::Approved => {
            Book.enter(&order.id, &Status::Paid).await?;
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
