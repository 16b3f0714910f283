use cloudc::function;

#[function(http = "GET /")]
fn index() {}

fn main() {}
