//! One function that answers a request.

use cloudc::{Json, Path, function};
use serde::Serialize;

/// What the caller reads.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Greeting {
    /// A friendly sentence.
    pub message: String,
}

/// Greets whoever asks.
#[function(http = "GET /hello/{name}")]
pub async fn greet(Path(name): Path<String>) -> Json<Greeting> {
    Json(Greeting {
        message: format!("Hello, {name}!"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn greets_by_name() {
        let Json(greeting) = greet(Path("Ferris".to_owned())).await;
        assert_eq!(greeting.message, "Hello, Ferris!");
    }
}
