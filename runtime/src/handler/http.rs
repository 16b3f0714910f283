//! Calling HTTP handlers: as axum does it, but with a message of our own where a type does not fit.

use std::pin::Pin;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

/// The answer of a handler, on its way.
pub type Reply = Pin<Box<dyn Future<Output = Response> + Send>>;

/// What any parameter of an HTTP handler can be.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from the head of a request",
    label = "not an extractor, or one that takes the body",
    note = "each parameter of an HTTP handler is an axum extractor: `Path<…>`, `Query<…>`, `HeaderMap`",
    note = "an extractor that takes the body, like `Json<…>`, can only be the last parameter"
)]
pub trait FromHead: Sized {
    #[doc(hidden)]
    fn read(head: &mut Parts) -> impl Future<Output = Result<Self, Response>> + Send;
}

#[diagnostic::do_not_recommend]
impl<T: FromRequestParts<()>> FromHead for T {
    async fn read(head: &mut Parts) -> Result<Self, Response> {
        T::from_request_parts(head, &())
            .await
            .map_err(IntoResponse::into_response)
    }
}

/// What the last parameter of an HTTP handler can be. `M` is axum's marker for which of its two
/// traits the type has.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a request",
    label = "not an extractor",
    note = "each parameter of an HTTP handler is an axum extractor: `Json<{Self}>` for a body, `Path<…>`, `Query<…>`"
)]
pub trait FromWhole<M>: Sized {
    #[doc(hidden)]
    fn read(request: Request) -> impl Future<Output = Result<Self, Response>> + Send;
}

#[diagnostic::do_not_recommend]
impl<M, T: FromRequest<(), M>> FromWhole<M> for T {
    async fn read(request: Request) -> Result<Self, Response> {
        T::from_request(request, &())
            .await
            .map_err(IntoResponse::into_response)
    }
}

/// What an HTTP handler can return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no answer to a request",
    label = "does not implement `IntoResponse`",
    note = "return `Json<…>`, a `String`, a `StatusCode`, a tuple of these, or a `Result` of two answers"
)]
pub trait Answer {
    #[doc(hidden)]
    fn answer(self) -> Response;
}

#[diagnostic::do_not_recommend]
impl<T: IntoResponse> Answer for T {
    fn answer(self) -> Response {
        self.into_response()
    }
}

/// Reads a parameter that is not the last.
pub async fn part<T: FromHead>(head: &mut Parts) -> Result<T, Response> {
    T::read(head).await
}

/// Reads the last parameter.
pub async fn whole<T: FromWhole<M>, M>(request: Request) -> Result<T, Response> {
    T::read(request).await
}

/// The answer; a `Result` for the sake of the `?` on the parameters before it.
pub fn respond<T: Answer>(value: T) -> Result<Response, Response> {
    Ok(value.answer())
}

/// Forgets the type of a handler's future. A parameter that could not be read answers for itself.
pub fn reply<F>(handler: F) -> Reply
where
    F: Future<Output = Result<Response, Response>> + Send + 'static,
{
    Box::pin(async move { handler.await.unwrap_or_else(|rejection| rejection) })
}
