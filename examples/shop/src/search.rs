//! Finding products: a service of its own, because customers look far more often than they buy.

use cloudc::{Error, Json, Query, function};
use serde::{Deserialize, Serialize};

use crate::prices::price_of;
use crate::stock::{self, Product, Shelf, Sku, Warehouse};
use crate::{PRICES, Price, Problem};

/// What a customer types.
#[derive(Clone, Debug, Deserialize)]
pub struct Search {
    /// A few letters, in any case.
    pub words: String,
}

/// A product that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// Its number.
    pub sku: Sku,
    /// What it is called.
    pub name: &'static str,
    /// What it costs now.
    pub price: Price,
    /// How many pieces are left.
    pub left: u32,
}

/// Finds products by their names; what is sold out comes last.
#[function(http = "GET /search", service = "search", scale = 1..=20, concurrency = 200)]
pub async fn search_products(Query(search): Query<Search>) -> Result<Json<Vec<Hit>>, Problem> {
    let mut hits = Vec::new();
    for (sku, product) in matching(&search.words) {
        hits.push(hit(&Warehouse, sku, product).await?);
    }
    hits.sort_by_key(|hit| hit.left == 0);
    Ok(Json(hits))
}

/// Proposes names while a customer is typing.
#[function(http = "GET /search/names", service = "search", concurrency = 200)]
pub async fn suggest_names(Query(search): Query<Search>) -> Json<Vec<&'static str>> {
    let names = matching(&search.words).map(|(_, product)| product.name);
    Json(names.collect())
}

async fn hit(shelf: &impl Shelf, sku: Sku, product: Product) -> Result<Hit, Error> {
    let prices = PRICES.reader();
    let (price, left) = tokio::join!(price_of(&prices, &sku), shelf.on_hand(&sku));
    Ok(Hit {
        name: product.name,
        price: price?.unwrap_or(Price(product.list_price)),
        left: left?,
        sku,
    })
}

/// The products whose names hold every word.
fn matching(words: &str) -> impl Iterator<Item = (Sku, Product)> {
    let words = words.to_lowercase();
    stock::products().filter(move |(_, product)| {
        let name = product.name.to_lowercase();
        words.split_whitespace().all(|word| name.contains(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &str) -> Vec<&'static str> {
        matching(words).map(|(_, product)| product.name).collect()
    }

    #[test]
    fn every_word_must_match_in_any_case() {
        assert_eq!(names("LAMP"), ["Front lamp", "Rear lamp"]);
        assert_eq!(names("lamp front"), ["Front lamp"]);
        assert!(names("piano").is_empty());
    }

    #[tokio::test]
    async fn suggestions_need_no_backend() {
        let words = "bell".to_owned();
        let Json(names) = suggest_names(Query(Search { words })).await;
        assert_eq!(names, ["Brass bell"]);
    }
}
