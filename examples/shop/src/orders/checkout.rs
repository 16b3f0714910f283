//! From what a customer wants to an order with a price.

use super::{NewOrder, Order};
use crate::prices::price_of;
use crate::stock::{Line, Warehouse, reserve};
use crate::{PRICES, Price, Problem};

/// The till: knows the prices and the shelf.
#[derive(Debug, Default)]
pub(super) struct Checkout {
    shelf: Warehouse,
}

impl Checkout {
    /// Prices an order and takes its pieces off the shelf.
    pub(super) async fn accept(&self, order: NewOrder) -> Result<Order, Problem> {
        let order = self.price(order).await?;
        reserve(&self.shelf, &order.lines).await??;
        Ok(order)
    }

    /// Prices an order.
    pub(super) async fn price(&self, order: NewOrder) -> Result<Order, Problem> {
        if let Some(fault) = order.fault() {
            return Err(Problem::Invalid(fault));
        }
        let total = self.total(&order.lines).await?;
        Ok(Order {
            id: order.id,
            lines: order.lines,
            total,
        })
    }

    async fn total(&self, lines: &[Line]) -> Result<Price, Problem> {
        let prices = PRICES.reader();
        let mut sums = Vec::with_capacity(lines.len());
        for line in lines {
            let price = price_of(&prices, &line.sku).await?;
            sums.push(price.ok_or(Problem::NotFound)?.times(line.pieces));
        }
        Ok(sums.into_iter().sum())
    }
}
