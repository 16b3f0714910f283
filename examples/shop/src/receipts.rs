//! Receipts.

use cloudc::{Error, function};
use serde::{Deserialize, Serialize};

use crate::Price;
use crate::orders::{Book, Order, OrderId, Status};
use crate::queues::RECEIPTS;

/// What a receipt says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The order that was paid.
    pub order: OrderId,
    /// How many pieces were bought.
    pub pieces: u32,
    /// What was paid.
    pub total: Price,
}

/// Writes receipts, up to fifty at a time, and closes their orders.
///
/// When one fails, all of them come again; writing the same receipt twice does no harm.
#[function(queue = RECEIPTS, batch = 50, timeout = "45s", scale = 0..=5)]
pub async fn write_receipts(receipts: Vec<Receipt>) -> Result<(), Error> {
    for receipt in &receipts {
        let text = receipt.text();
        Book.enter(&receipt.order, &Status::Closed { receipt: text })
            .await?;
    }
    Ok(())
}

impl Receipt {
    /// The receipt of a paid order.
    pub fn of(order: &Order) -> Self {
        Receipt {
            order: order.id.clone(),
            pieces: order.lines.iter().map(|line| line.pieces).sum(),
            total: order.total,
        }
    }

    /// The receipt as a customer reads it.
    pub fn text(&self) -> String {
        format!(
            "Order {}: {} pieces, {} paid. Thank you!",
            self.order.0, self.pieces, self.total
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_says_what_was_paid() {
        let receipt = Receipt {
            order: OrderId("order-0001".to_owned()),
            pieces: 3,
            total: Price(3_870),
        };
        assert_eq!(
            receipt.text(),
            "Order order-0001: 3 pieces, 38.70 paid. Thank you!"
        );
    }
}
