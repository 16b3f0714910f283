use cloudc::function;

#[function(http = "GET /", scale = 0..=3, scale = 0..=5)]
async fn index() {}

fn main() {}
