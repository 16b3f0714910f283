use cloudc::{Json, Path, function};

struct Order;

#[function(http = "POST /orders")]
async fn place_order(order: Order) {
    drop(order);
}

#[function(http = "POST /orders/{id}")]
async fn change_order(Json(order): Json<String>, Path(id): Path<u32>) {
    drop((order, id));
}

fn main() {}
