use cloudc::{Queue, function, queue};

#[queue(ack_wait)]
static ORDERS: Queue<String>;

#[function(http = )]
async fn index() {}

#[function(queue)]
async fn charge(order: String) {
    drop(order);
}

#[function(http = "GET /two" scale = 1, , timeout =)]
async fn two() {}

#[function(http = timeout = "3s")]
async fn three() {}

#[function("GET /four")]
async fn four() {}

fn main() {}
