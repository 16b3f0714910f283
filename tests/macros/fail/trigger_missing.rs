use cloudc::function;

#[function]
async fn one() {}

#[function(timeout = "3s")]
async fn two() {}

#[function(htpp = "GET /")]
async fn three() {}

fn main() {}
