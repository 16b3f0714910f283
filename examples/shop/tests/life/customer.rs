//! What the stories have in common.

use cloudc::testing::{Answer, World};
use shop::orders::{NewOrder, OrderId, STATUSES, Status};
use shop::stock::{Line, STOCK, Sku};

pub(crate) fn sku(text: &str) -> Sku {
    text.parse().expect("a product's number")
}

pub(crate) fn id(text: &str) -> OrderId {
    OrderId(text.to_owned())
}

/// So many bells.
pub(crate) fn bells(order: &str, pieces: u32) -> NewOrder {
    let line = Line {
        sku: sku("BELL-1"),
        pieces,
    };
    NewOrder {
        id: id(order),
        lines: vec![line],
    }
}

/// Puts pieces on the shelf.
pub(crate) async fn stock(product: &str, pieces: u32) {
    let shelf = STOCK.set(&sku(product), &pieces).await;
    shelf.expect("a shelf");
}

pub(crate) async fn place(world: &World, order: &NewOrder) -> Answer {
    world.http().post("/orders").json(order).send().await
}

/// How far an order is.
pub(crate) fn status(world: &World, order: &str) -> Option<Status> {
    world.cache(&STATUSES).get(&id(order))
}

/// How many bells are left.
pub(crate) fn bells_left(world: &World) -> Option<u32> {
    world.cache(&STOCK).get(&sku("BELL-1"))
}
