use cloudc::{Queue, function, queue};

#[queue(max_deliveries = "5")]
static ORDERS: Queue<String>;

#[queue(max_deliveries = 0)]
static PARCELS: Queue<String>;

#[function(http = "GET /", concurrency = -1)]
async fn index() {}

#[function(http = "GET /two", concurrency = 8.5)]
async fn two() {}

#[function(http = "GET /three", concurrency = 99999999999)]
async fn three() {}

#[function(http = "GET /four", concurrency = 8u8)]
async fn four() {}

fn main() {}
