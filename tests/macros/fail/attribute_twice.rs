use cloudc::{Queue, cache, function, queue};

#[function(http = "GET /")]
#[function(http = "GET /index")]
async fn index() {}

#[queue]
#[cache]
static ORDERS: Queue<String>;

fn main() {}
