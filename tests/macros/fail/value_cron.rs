use cloudc::function;

#[function(schedule = "61 * * * *")]
async fn a() {}

#[function(schedule = "@nightly", timezone = "Europe/Berlin")]
async fn b() {}

#[function(schedule = "0 3 * *" timeout = "5s")]
async fn c() {}

fn main() {}
