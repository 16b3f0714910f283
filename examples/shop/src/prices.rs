//! What things cost.

use std::fmt;

use cloudc::{Cache, Error, Json, Path, Reader, Writer, cache, function};
use serde::{Deserialize, Serialize};

use crate::Problem;
use crate::stock::{self, Sku};

/// An amount of money, in cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Price(pub u64);

/// The current price of a product. It outlives the night in which a refresh fails.
#[cache(ttl = "36h")]
pub static PRICES: Cache<Sku, Price>;

/// Sets the price of one product until the next refresh.
#[function(http = "PUT /products/{sku}/price")]
pub async fn set_price(Path(sku): Path<Sku>, Json(price): Json<Price>) -> Result<(), Problem> {
    if price == Price(0) {
        return Err(Problem::Invalid("a price of nothing is no price"));
    }
    stock::find(&sku).ok_or(Problem::NotFound)?;
    Ok(publish(&PRICES.writer(), &sku, price).await?)
}

/// Brings every price back to the list at three in the morning.
#[function(schedule = "0 3 * * *", timezone = "Asia/Shanghai", timeout = "5m")]
pub async fn refresh_prices() -> Result<(), Error> {
    let prices = PRICES.writer();
    for (sku, product) in stock::products() {
        publish(&prices, &sku, Price(product.list_price)).await?;
    }
    Ok(())
}

/// The price of a product: the one that is set, or the one on the list. `None` for a product that
/// the shop does not have.
///
/// # Errors
///
/// When the cache does not answer.
pub async fn price_of(prices: &Reader<Sku, Price>, sku: &Sku) -> Result<Option<Price>, Error> {
    let Some(product) = stock::find(sku) else {
        return Ok(None);
    };
    let set = prices.get(sku).await?;
    Ok(Some(set.unwrap_or(Price(product.list_price))))
}

async fn publish(prices: &Writer<Sku, Price>, sku: &Sku, price: Price) -> Result<(), Error> {
    prices.set(sku, &price).await
}

impl Price {
    /// The price of so many pieces.
    pub fn times(self, pieces: u32) -> Price {
        Price(self.0.saturating_mul(pieces.into()))
    }
}

impl std::iter::Sum for Price {
    fn sum<I: Iterator<Item = Price>>(prices: I) -> Price {
        Price(prices.fold(0, |sum, price| sum.saturating_add(price.0)))
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_reads_as_money() {
        assert_eq!(Price(1_290).times(3).to_string(), "38.70");
        assert_eq!(Price(5).to_string(), "0.05");
    }

    #[test]
    fn prices_add_up() {
        let sum: Price = [Price(100), Price(250)].into_iter().sum();
        assert_eq!(sum, Price(350));
    }
}
