//! What the shop sells.

use serde::Serialize;

use crate::Sku;

/// A product as the catalogue prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Product {
    /// The text of its [`Sku`].
    pub sku: &'static str,
    /// What customers call it.
    pub name: &'static str,
    /// What it costs when nobody has set another price, in cents.
    pub list_price: u64,
    /// How many pieces there should be at the least.
    pub reserve: u32,
}

const PRODUCTS: [Product; 5] = [
    product("BELL-1", "Brass bell", 1_290, 20),
    product("BIKE-28", "City bike, 28 inch", 64_900, 3),
    product("LAMP-F", "Front lamp", 3_450, 10),
    product("LAMP-R", "Rear lamp", 1_950, 10),
    product("LOCK-80", "Chain lock, 80 cm", 2_990, 8),
];

const fn product(sku: &'static str, name: &'static str, list_price: u64, reserve: u32) -> Product {
    Product {
        sku,
        name,
        list_price,
        reserve,
    }
}

/// Every product, sorted by number.
pub fn products() -> impl Iterator<Item = (Sku, Product)> {
    PRODUCTS
        .into_iter()
        .filter_map(|product| Some((product.sku.parse().ok()?, product)))
}

/// The product with this number.
pub fn find(sku: &Sku) -> Option<Product> {
    products()
        .find(|(known, _)| known == sku)
        .map(|(_, product)| product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_in_the_catalogue_is_a_sku() {
        assert_eq!(products().count(), PRODUCTS.len());
    }
}
