use cloudc::{Cache, Queue, cache, function, queue};

#[queue(max_delivery = 3)]
static ORDERS: Queue<String>;

#[cache(retries = 3)]
static PRICES: Cache<String, u64>;

#[function(http = "GET /", tiemout = "3s")]
async fn index() {}

fn main() {}
