//! HTTP handlers as one axum router.

use axum::Router;
use axum::extract::Request;
use axum::routing::{MethodFilter, on};

use crate::registry::{Trigger, functions};

/// The routes of the linked HTTP handlers with these names; other names are passed over.
///
/// # Panics
///
/// As axum does, when two of them have the same route. The compiler lets no such application through.
pub fn router(names: &[&str]) -> Router {
    let mut router = Router::new();
    for function in functions() {
        let Trigger::Http {
            method,
            path,
            handle,
        } = function.trigger
        else {
            continue;
        };
        let Some(method) = filter(method) else {
            continue;
        };
        if names.contains(&function.name) {
            router = router.route(path, on(method, move |request: Request| handle(request)));
        }
    }
    router
}

/// The methods that the grammar of `http = "…"` lets through.
fn filter(method: &str) -> Option<MethodFilter> {
    Some(match method {
        "GET" => MethodFilter::GET,
        "POST" => MethodFilter::POST,
        "PUT" => MethodFilter::PUT,
        "PATCH" => MethodFilter::PATCH,
        "DELETE" => MethodFilter::DELETE,
        "HEAD" => MethodFilter::HEAD,
        "OPTIONS" => MethodFilter::OPTIONS,
        _ => return None,
    })
}
