use cloudc::{Cache, cache, function};

#[cache]
static PRICES: Cache<String, u64>;

#[function(queue = PRICES)]
async fn charge(order: String) {
    drop(order);
}

fn main() {}
