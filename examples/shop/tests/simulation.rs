//! The shop in many worlds, each with other faults and another order of events.

use cloudc::testing::World;
use cloudc::{Error, sometimes};
use shop::orders::{NewOrder, OrderId, STATUSES, Status};
use shop::queues::{ORDERS, RECEIPTS};
use shop::stock::{Line, STOCK, Sku};

const ORDERED: [(&str, u32); 4] = [
    ("order-0001", 2),
    ("order-0002", 3),
    ("order-0003", 5),
    // More than the bank approves.
    ("order-0004", 800),
];

fn bell() -> Sku {
    "BELL-1".parse().expect("a product's number")
}

/// Whatever happens to pods, broker and messages: an order that was taken comes to its end, and a customer
/// never gets two receipts.
#[cloudc::simulate(runs = 1000)]
async fn no_order_is_lost_and_none_gets_two_receipts(world: World) -> Result<(), Error> {
    STOCK.set(&bell(), &1_000).await?;
    let mut taken = Vec::new();
    for (id, pieces) in ORDERED {
        let order = NewOrder {
            id: OrderId(id.to_owned()),
            lines: vec![Line {
                sku: bell(),
                pieces,
            }],
        };
        let placing = world.http().post("/orders").json(&order);
        if placing.send_until_answered().await.status().is_success() {
            taken.push(order.id);
        }
    }
    world.until_idle().await;

    for id in &taken {
        let status = world.cache(&STATUSES).get(id);
        sometimes!(status == Some(Status::Void), "the bank declines an order");
        // The book is a cache, and may forget an order; but none waits for ever.
        assert!(
            matches!(status, None | Some(Status::Closed { .. } | Status::Void)),
            "{} is {status:?}",
            id.0
        );
    }
    sometimes!(world.elapsed().as_secs() > 29, "an ack wait is over");
    sometimes!(world.queue(&RECEIPTS).acked() == 3);
    assert_eq!(world.queue(&ORDERS).dead_letters(), []);
    world.assert_one_send_per_key(&RECEIPTS, |receipt| receipt.order.0.clone());
    Ok(())
}
