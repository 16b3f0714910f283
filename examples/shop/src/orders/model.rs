//! What an order is.

use serde::{Deserialize, Serialize};

use crate::Price;
use crate::stock::Line;

/// The customer's own number for an order, chosen by the customer's browser, so that a request that
/// is sent twice is one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(pub String);

/// What a customer sends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewOrder {
    /// The order's number.
    pub id: OrderId,
    /// What the customer wants.
    pub lines: Vec<Line>,
}

/// An order with its price: what the customer has to pay, whatever things cost tomorrow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The order's number.
    pub id: OrderId,
    /// What the customer wants.
    pub lines: Vec<Line>,
    /// The sum of all lines.
    pub total: Price,
}

/// How far an order is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Placed, and not charged yet.
    Waiting,
    /// Given up by the customer; its pieces are still put aside.
    Cancelled,
    /// Never to be paid, by the customer's or the bank's wish; its pieces are back on the shelf.
    Void,
    /// Paid, and its receipt is written.
    Closed {
        /// The text of the receipt.
        receipt: String,
    },
}

impl NewOrder {
    /// Why the shop would not take this order at any price.
    pub fn fault(&self) -> Option<&'static str> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if !(8..=64).contains(&self.id.0.len()) || !self.id.0.bytes().all(known) {
            return Some("the order's id is no number of 8 to 64 letters, digits and dashes");
        }
        if self.lines.is_empty() {
            return Some("the order is empty");
        }
        if self.lines.iter().any(|line| line.pieces == 0) {
            return Some("a line of the order wants no pieces");
        }
        let mut skus: Vec<_> = self.lines.iter().map(|line| &line.sku).collect();
        skus.sort_unstable();
        if skus.windows(2).any(|pair| pair[0] == pair[1]) {
            return Some("two lines of the order want the same product");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(id: &str, lines: &[(&str, u32)]) -> NewOrder {
        let lines = lines.iter().map(|(sku, pieces)| Line {
            sku: sku.parse().expect("a number"),
            pieces: *pieces,
        });
        NewOrder {
            id: OrderId(id.to_owned()),
            lines: lines.collect(),
        }
    }

    #[test]
    fn a_sensible_order_has_no_fault() {
        assert_eq!(
            order("order-0001", &[("BELL-1", 2), ("LAMP-F", 1)]).fault(),
            None
        );
    }

    #[test]
    fn other_orders_have_one() {
        let faulty = [
            order("short", &[("BELL-1", 1)]),
            order("order 0001", &[("BELL-1", 1)]),
            order("order-0001", &[]),
            order("order-0001", &[("BELL-1", 0)]),
            order("order-0001", &[("BELL-1", 1), ("BELL-1", 2)]),
        ];
        for order in faulty {
            assert!(order.fault().is_some(), "{order:?}");
        }
    }
}
