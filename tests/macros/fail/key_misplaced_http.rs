use cloudc::function;

#[function(http = "GET /", batch = 10, timezone = "Asia/Shanghai")]
async fn index() {}

fn main() {}
