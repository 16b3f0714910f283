use cloudc::function;

#[function(http = "GET /", schedule = "0 3 * * *")]
async fn index() {}

fn main() {}
