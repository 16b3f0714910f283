use std::rc::Rc;

use cloudc::{Queue, function, queue};

#[queue]
static ORDERS: Queue<String>;

#[function(queue = ORDERS)]
async fn charge(order: String) {
    let shared = Rc::new(order);
    pause().await;
    drop(shared);
}

async fn pause() {}

fn main() {}
