use cloudc::{Queue, function, queue};

#[queue(dead_letter = "yes")]
static ORDERS: Queue<String>;

#[function(http = "GET /", sandbox = "gVisor", visibility = "internal")]
async fn index() {}

fn main() {}
