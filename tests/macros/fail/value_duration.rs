use cloudc::{Cache, Queue, cache, function, queue};

#[queue(ack_wait = "500ms")]
static ORDERS: Queue<String>;

#[cache(ttl = "0s")]
static PRICES: Cache<String, u64>;

#[function(http = "GET /", timeout = 30)]
async fn index() {}

#[function(http = "GET /two", timeout = "30 seconds")]
async fn two() {}

#[function(http = "GET /three", timeout = "30m1h")]
async fn three() {}

#[function(http = "GET /four", timeout = 30s)]
async fn four() {}

fn main() {}
