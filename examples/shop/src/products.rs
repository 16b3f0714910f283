//! The page of one product.

use cloudc::{Json, Path, function};
use serde::Serialize;

use crate::prices::price_of;
use crate::stock::{self, STOCK, Sku};
use crate::{PRICES, Price, Problem};

/// What a customer sees of a product.
#[derive(Debug, Serialize)]
pub struct Page {
    /// What it is called.
    pub name: &'static str,
    /// What it costs now.
    pub price: Price,
    /// Whether it can be had today.
    pub available: bool,
}

/// Shows one product with its price and whether it is there.
#[function(http = "GET /products/{sku}")]
pub async fn show_product(Path(sku): Path<Sku>) -> Result<Json<Page>, Problem> {
    let product = stock::find(&sku).ok_or(Problem::NotFound)?;
    let prices = PRICES.reader();
    // Two questions that do not wait for each other.
    let (price, left) = tokio::join!(price_of(&prices, &sku), STOCK.get(&sku));
    Ok(Json(Page {
        name: product.name,
        price: price?.ok_or(Problem::NotFound)?,
        available: left?.unwrap_or(0) > 0,
    }))
}
