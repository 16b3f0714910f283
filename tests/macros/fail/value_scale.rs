use cloudc::function;

#[function(http = "GET /one", scale = 0..20)]
async fn one() {}

#[function(http = "GET /two", scale = ..=20)]
async fn two() {}

#[function(http = "GET /three", scale = 5..=2)]
async fn three() {}

#[function(http = "GET /four", scale = 0)]
async fn four() {}

#[function(http = "GET /five", scale = "0..=20")]
async fn five() {}

#[function(http = "GET /six", scale = -1..=20)]
async fn six() {}

#[function(http = "GET /seven", scale = MIN..=MAX)]
async fn seven() {}

fn main() {}
