use std::rc::Rc;

use cloudc::function;

#[function(http = "GET /")]
async fn index() -> String {
    let greeting = Rc::new("hello");
    pause().await;
    greeting.to_string()
}

async fn pause() {}

fn main() {}
