//! Answers that the runtime gives itself, as RFC 9457's `application/problem+json`.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");
/// An extractor says in a line or two why it does not read a request.
const LONGEST_DETAIL: usize = 16 * 1024;

#[derive(Serialize)]
struct Problem<'a> {
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

/// An answer with this status, and what a client may know of the reason.
pub(crate) fn problem(status: StatusCode, detail: Option<&str>) -> Response {
    let problem = Problem {
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        detail,
    };
    // Strings and a number are always JSON.
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response()
}

/// The answer of an extractor that did not read a request. axum's own say why in plain text, which becomes the
/// detail; an extractor that chose another form keeps it.
pub(crate) async fn rejection(response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    let plain = head
        .headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|media_type| media_type.as_bytes().starts_with(b"text/plain"));
    if !plain {
        return Response::from_parts(head, body);
    }
    let Ok(text) = to_bytes(body, LONGEST_DETAIL).await else {
        return problem(head.status, None);
    };
    let (own, body) = problem(head.status, Some(&String::from_utf8_lossy(&text))).into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.extend(own.headers);
    Response::from_parts(head, Body::new(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn text(response: Response) -> String {
        let body = to_bytes(response.into_body(), usize::MAX).await;
        String::from_utf8(body.expect("a body").to_vec()).expect("text")
    }

    #[tokio::test]
    async fn what_an_extractor_says_becomes_the_detail() {
        let refused = (StatusCode::BAD_REQUEST, "no \"id\"").into_response();
        let answer = rejection(refused).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], MEDIA_TYPE);
        assert_eq!(
            text(answer).await,
            r#"{"title":"Bad Request","status":400,"detail":"no \"id\""}"#
        );
    }

    #[tokio::test]
    async fn another_form_stays() {
        let own = (StatusCode::FORBIDDEN, axum::Json(7)).into_response();
        assert_eq!(text(rejection(own).await).await, "7");
    }
}
