//! Other attributes stay on the function, which stays an ordinary function.

#![deny(warnings)]

use cloudc::function;

mod inner {
    use super::function;

    /// Says hello.
    #[function(http = "GET /")]
    #[must_use = "a greeting"]
    pub(crate) async fn index() -> &'static str {
        "hello"
    }
}

fn main() {
    let future = inner::index();
    drop(future);
    assert_eq!(cloudc::__private::functions()[0].path.rsplit_once("::inner::").map(|(_, name)| name), Some("index"));
}
