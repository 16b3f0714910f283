use cloudc::{Queue, function, queue};

#[queue]
static ORDERS: Queue<String>;

#[function(queue = ORDERS)]
async fn charge() {}

#[function(queue = ORDERS)]
async fn pack(order: String, priority: u32) {
    drop((order, priority));
}

#[function(schedule = "0 3 * * *")]
async fn refresh(day: u32) {
    let _ = day;
}

fn main() {}
