use cloudc::{Cache, Queue, cache, function, queue};

pub struct Order;

#[queue]
pub static ORDERS: Queue<Order>;

#[cache]
pub static PRICES: Cache<Order, u64>;

#[cache]
pub static STOCK: Cache<String, Order>;

// One mistake is one error: not again where the resources are used.
#[function(queue = ORDERS)]
async fn charge(order: Order) -> cloudc::Result<()> {
    PRICES.set(&order, &3).await?;
    ORDERS.send(&order).await
}

fn main() {}
