use cloudc::{Message, Queue, function, queue};

#[queue]
static ORDERS: Queue<String>;

#[function(queue = ORDERS)]
async fn charge(order: u32) {
    let _ = order;
}

#[function(queue = ORDERS)]
async fn pack(order: Message<u32>) {
    drop(order);
}

fn main() {}
