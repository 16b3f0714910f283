use cloudc::{Queue, function, queue};

#[queue]
static ORDERS: Queue<String>;

// The body's own mistakes are shown as without the attribute, and nothing else.
#[function(http = "GET /")]
async fn index() -> String {
    let greeting: u32 = "hello";
    ORDERS.sned(&greeting).await;
    unknown()
}

fn main() {}
