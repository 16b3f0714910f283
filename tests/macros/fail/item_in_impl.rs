use cloudc::function;

struct Shop;

impl Shop {
    #[function(http = "GET /")]
    async fn index() {}
}

fn main() {}
