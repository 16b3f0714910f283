use cloudc::{Queue, function, queue};

#[queue]
static ORDERS: Queue<String>;

#[function(queue = ORDERS)]
async fn charge(order: String) -> usize {
    order.len()
}

struct Problem;

#[function(queue = ORDERS)]
async fn pack(order: String) -> Result<(), Problem> {
    drop(order);
    Err(Problem)
}

fn main() {}
