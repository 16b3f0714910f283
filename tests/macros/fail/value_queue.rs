use cloudc::{Queue, function, queue};

#[queue]
static ORDERS: Queue<String>;

#[function(queue = "ORDERS")]
async fn charge(order: String) {
    drop(order);
}

#[function(queue = 3)]
async fn pack(order: String) {
    drop(order);
}

#[function(queue = &ORDERS)]
async fn ship(order: String) {
    drop(order);
}

fn main() {}
