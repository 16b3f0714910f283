use cloudc::{Cache, Queue, cache, queue};

#[queue]
static ORDERS: Queue<String> = Queue::new();

#[cache]
static mut PRICES: Cache<String, u64>;

fn main() {}
