//! Ordering again what runs low.

use cloudc::{Error, Message, Sender, function};
use serde::{Deserialize, Serialize};

use crate::queues::RESTOCKS;
use crate::stock::{self, Product, STOCK, Shelf, Sku, Warehouse};

/// Pieces that should be brought to the shelf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restock {
    /// Which product.
    pub sku: Sku,
    /// How many pieces there should be afterwards.
    pub fill_to: u32,
}

/// Looks for products of which too few pieces are left.
#[function(schedule = "*/15 * * * *")]
pub async fn find_shortages() -> Result<(), Error> {
    for (sku, product) in stock::products() {
        let left = STOCK.get(&sku).await?.unwrap_or(0);
        if let Some(restock) = shortage(sku, &product, left) {
            request(RESTOCKS.sender(), &restock).await?;
        }
    }
    Ok(())
}

/// Brings pieces to the shelf. More than is there already does not harm, so a message that comes
/// twice does not either.
#[function(queue = RESTOCKS, timeout = "10s", memory = "64Mi")]
pub async fn restock(message: Message<Restock>) -> Result<(), Error> {
    let Restock { sku, fill_to } = message.payload();
    if Warehouse.on_hand(sku).await? < *fill_to {
        Warehouse.restack(sku, *fill_to).await?;
    }
    Ok(())
}

async fn request(requests: Sender<Restock>, restock: &Restock) -> Result<(), Error> {
    requests.send_once(restock, &restock.sku.to_string()).await
}

/// What to bring when so many pieces are left: twice the reserve, once the reserve is touched.
fn shortage(sku: Sku, product: &Product, left: u32) -> Option<Restock> {
    (left < product.reserve).then(|| Restock {
        sku,
        fill_to: product.reserve * 2,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_begins_below_the_reserve() {
        let (sku, product) = stock::products().next().expect("a product");
        assert_eq!(shortage(sku.clone(), &product, product.reserve), None);
        let restock = shortage(sku, &product, product.reserve - 1).expect("a shortage");
        assert_eq!(restock.fill_to, product.reserve * 2);
    }
}
