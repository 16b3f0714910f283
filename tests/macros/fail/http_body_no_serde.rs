use cloudc::{Json, function};

struct Order;

#[function(http = "POST /orders")]
async fn place_order(Json(order): Json<Order>) {
    drop(order);
}

fn main() {}
