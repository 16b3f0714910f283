use cloudc::function;

#[function(queue = ORDERS)]
async fn charge(order: String) {
    drop(order);
}

fn main() {}
