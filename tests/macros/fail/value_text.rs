use cloudc::function;

#[function(http = GET, memory = 128)]
async fn index() {}

#[function(schedule = 0)]
async fn refresh() {}

#[function(http = "GET /two", service = search)]
async fn two() {}

#[function(http = b"GET /three", cpu = 'a')]
async fn three() {}

fn main() {}
