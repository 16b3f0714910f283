//! Taking pieces for an order, and giving them back.

use std::fmt;

use cloudc::Error;
use serde::{Deserialize, Serialize};

use crate::{Shelf, Sku};

/// So many pieces of one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Which product.
    pub sku: Sku,
    /// How many.
    pub pieces: u32,
}

/// The shelf holds fewer pieces than an order wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoldOut {
    /// Which product.
    pub sku: Sku,
    /// How many there are.
    pub left: u32,
}

/// Takes the pieces of every line, or of none.
///
/// Two orders at the same instant may both take the last piece: a cache has no transactions. This
/// shop would rather apologise now and then than lock its shelf.
///
/// # Errors
///
/// When the shelf does not answer. That it holds too few pieces is an answer: the inner error.
pub async fn reserve(shelf: &impl Shelf, lines: &[Line]) -> Result<Result<(), SoldOut>, Error> {
    let mut left = Vec::with_capacity(lines.len());
    for line in lines {
        let pieces = shelf.on_hand(&line.sku).await?;
        match pieces.checked_sub(line.pieces) {
            Some(rest) => left.push(rest),
            None => {
                return Ok(Err(SoldOut {
                    sku: line.sku.clone(),
                    left: pieces,
                }));
            }
        }
    }
    for (line, rest) in lines.iter().zip(left) {
        shelf.restack(&line.sku, rest).await?;
    }
    Ok(Ok(()))
}

/// Gives the pieces of every line back.
///
/// # Errors
///
/// When the shelf does not answer.
pub async fn release(shelf: &impl Shelf, lines: &[Line]) -> Result<(), Error> {
    for line in lines {
        let pieces = shelf.on_hand(&line.sku).await?;
        shelf
            .restack(&line.sku, pieces.saturating_add(line.pieces))
            .await?;
    }
    Ok(())
}

impl fmt::Display for SoldOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} pieces of {} are left", self.left, self.sku)
    }
}

impl std::error::Error for SoldOut {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use super::*;

    /// A shelf in memory.
    struct Crate(Mutex<BTreeMap<Sku, u32>>);

    impl Crate {
        fn with(sku: &Sku, pieces: u32) -> Self {
            Crate(Mutex::new(BTreeMap::from([(sku.clone(), pieces)])))
        }

        fn left(&self, sku: &Sku) -> u32 {
            self.0.lock().expect("no panic")[sku]
        }
    }

    impl Shelf for Crate {
        async fn on_hand(&self, sku: &Sku) -> Result<u32, Error> {
            Ok(self.left(sku))
        }

        async fn restack(&self, sku: &Sku, pieces: u32) -> Result<(), Error> {
            self.0.lock().expect("no panic").insert(sku.clone(), pieces);
            Ok(())
        }
    }

    fn bell(pieces: u32) -> Line {
        Line {
            sku: "BELL-1".parse().expect("a number"),
            pieces,
        }
    }

    #[tokio::test]
    async fn reserving_takes_and_releasing_gives_back() {
        let order = [bell(3)];
        let shelf = Crate::with(&order[0].sku, 5);
        assert_eq!(reserve(&shelf, &order).await.expect("a shelf"), Ok(()));
        assert_eq!(shelf.left(&order[0].sku), 2);
        release(&shelf, &order).await.expect("a shelf");
        assert_eq!(shelf.left(&order[0].sku), 5);
    }

    #[tokio::test]
    async fn too_few_pieces_take_none() {
        let order = [bell(6)];
        let shelf = Crate::with(&order[0].sku, 5);
        let sold_out = SoldOut {
            sku: order[0].sku.clone(),
            left: 5,
        };
        assert_eq!(
            reserve(&shelf, &order).await.expect("a shelf"),
            Err(sold_out)
        );
        assert_eq!(shelf.left(&order[0].sku), 5);
    }
}
