use cloudc::function;

#[function(http = "GET /")]
async fn index<T: Send>(body: T) {
    drop(body);
}

#[function(http = "GET /two")]
async fn two(body: impl Send) {
    drop(body);
}

fn main() {}
