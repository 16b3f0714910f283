//! Reports, for those who want them: `--features reports`.

use cloudc::{Json, function};
use serde::Serialize;

use crate::prices::price_of;
use crate::stock::{self, Shelf, Warehouse};
use crate::{PRICES, Price, Problem};

/// What lies on the shelf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inventory {
    /// How many pieces.
    pub pieces: u64,
    /// What they would bring today.
    pub worth: Price,
}

/// Says what the stock is worth.
#[function(http = "GET /reports/inventory")]
pub async fn report_inventory() -> Result<Json<Inventory>, Problem> {
    let mut shelf = Vec::new();
    let prices = PRICES.reader();
    for (sku, _) in stock::products() {
        let left = Warehouse.on_hand(&sku).await?;
        if let Some(price) = price_of(&prices, &sku).await? {
            shelf.push((left, price));
        }
    }
    Ok(Json(inventory(&shelf)))
}

fn inventory(shelf: &[(u32, Price)]) -> Inventory {
    Inventory {
        pieces: shelf.iter().map(|(left, _)| u64::from(*left)).sum(),
        worth: shelf.iter().map(|(left, price)| price.times(*left)).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inventory_counts_and_adds_up() {
        assert_eq!(
            inventory(&[(2, Price(100)), (3, Price(50))]),
            Inventory {
                pieces: 5,
                worth: Price(350),
            }
        );
    }
}
