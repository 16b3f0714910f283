use cloudc::{Cache, Queue, cache, function, queue};

#[queue(name = "New Orders")]
static ORDERS: Queue<String>;

#[cache]
static _PRICES: Cache<String, u64>;

#[function(http = "GET /", name = "", service = "Search")]
async fn index() {}

#[function(http = "GET /two")]
async fn a_function_with_a_name_that_is_too_long_for_any_label_in_kubernetes() {}

fn main() {}
