use cloudc::{Queue, function, queue};

#[queue]
static ORDERS: Queue<String>;

#[function(queue = ORDERS, service = "search", visibility = "private", timezone = "Asia/Shanghai")]
async fn charge(order: String) {
    drop(order);
}

fn main() {}
