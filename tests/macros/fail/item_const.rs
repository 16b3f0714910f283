use cloudc::{Cache, Queue, cache, queue};

#[queue]
const ORDERS: Queue<String>;

#[cache]
pub const PRICES: Cache<String, u64> = Cache::new();

fn main() {}
