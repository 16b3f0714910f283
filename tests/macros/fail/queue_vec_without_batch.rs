use cloudc::{Queue, function, queue};

#[queue]
static ORDERS: Queue<String>;

#[function(queue = ORDERS)]
async fn charge(orders: Vec<String>) {
    drop(orders);
}

fn main() {}
