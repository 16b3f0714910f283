use cloudc::function;

#[function(schedule = "0 3 * * *", scale = 0..=1, concurrency = 1, batch = 3, service = "a")]
async fn refresh() {}

fn main() {}
