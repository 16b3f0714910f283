use cloudc::function;

#[function(http = "/orders")]
async fn one() {}

#[function(http = "get /orders")]
async fn two() {}

#[function(http = "POST orders")]
async fn three() {}

#[function(http = "GET /orders/:id")]
async fn four() {}

#[function(http = "GET /orders/{id")]
async fn five() {}

#[function(http = "GET /orders?page=1")]
async fn six() {}

#[function(http = "GET /orders//lines")]
async fn seven() {}

fn main() {}
