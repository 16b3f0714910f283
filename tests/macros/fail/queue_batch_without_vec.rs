use cloudc::{Message, Queue, function, queue};

#[queue]
static ORDERS: Queue<String>;

#[function(queue = ORDERS, batch = 10)]
async fn charge(order: String) {
    drop(order);
}

#[function(queue = ORDERS, batch = 10)]
async fn pack(orders: Vec<Message<u32>>) {
    drop(orders);
}

fn main() {}
