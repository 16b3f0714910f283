//! Calling HTTP handlers: as axum does it, but with a message of our own where a type does not fit.

use std::pin::Pin;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use futures_util::{FutureExt as _, TryFutureExt as _};

use crate::problem::rejection;

/// The answer of a handler, on its way.
pub type Reply = Pin<Box<dyn Future<Output = Response> + Send>>;

/// What any parameter of an HTTP handler can be.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from the head of a request",
    label = "not an extractor, or one that takes the body",
    note = "the parameters of an HTTP handler are axum extractors, like `Path<…>`, `Query<…>` and `HeaderMap`, around types that are `serde::Deserialize`",
    note = "one that takes the body, like `Json<…>`, must be the last"
)]
pub trait FromHead: Sized + 'static {
    #[doc(hidden)]
    fn read(head: &mut Parts) -> impl Future<Output = Result<Self, Response>> + Send;
}

#[diagnostic::do_not_recommend]
impl<T: FromRequestParts<()> + 'static> FromHead for T {
    async fn read(head: &mut Parts) -> Result<Self, Response> {
        let rejected = match T::from_request_parts(head, &()).await {
            Ok(value) => return Ok(value),
            Err(rejected) => rejected.into_response(),
        };
        Err(rejection(rejected).await)
    }
}

/// What the last parameter of an HTTP handler can be. `M` is axum's marker for which of its two
/// traits the type has.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a request",
    label = "not an extractor",
    note = "the parameters of an HTTP handler are axum extractors, like `Json<…>`, `Path<…>` and `Query<…>`, around types that are `serde::Deserialize`"
)]
pub trait FromWhole<M>: Sized + 'static {
    #[doc(hidden)]
    fn read(request: Request) -> impl Future<Output = Result<Self, Response>> + Send;
}

#[diagnostic::do_not_recommend]
impl<M, T: FromRequest<(), M> + 'static> FromWhole<M> for T {
    fn read(request: Request) -> impl Future<Output = Result<Self, Response>> + Send {
        T::from_request(request, &()).or_else(|rejected| {
            let rejected = rejected.into_response();
            async { Err(rejection(rejected).await) }
        })
    }
}

/// What an HTTP handler can return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no answer to a request",
    label = "does not implement `IntoResponse`",
    note = "return a `String`, a `StatusCode`, `Json<…>` of a type that is `serde::Serialize`, a tuple of these, or a `Result` of two answers"
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

/// A parameter, on its way, or the answer of one that could not be read. Boxed, so that nothing but
/// the call that makes it knows what `T` must be, and a type that is wrong is one error.
pub type Reading<'a, T> = Pin<Box<dyn Future<Output = Result<T, Response>> + Send + 'a>>;

/// Reads a parameter that is not the last.
pub fn part<T: FromHead>(head: &mut Parts) -> Reading<'_, T> {
    Box::pin(T::read(head))
}

/// Reads the last parameter.
pub fn whole<T: FromWhole<M>, M: 'static>(request: Request) -> Reading<'static, T> {
    Box::pin(T::read(request))
}

/// The answer.
pub fn respond<T: Answer>(value: T) -> Response {
    value.answer()
}

/// Forgets the type of a handler's future. A parameter that could not be read answers for itself.
pub fn reply<F>(handler: F) -> Reply
where
    F: Future<Output = Result<Response, Response>> + Send + 'static,
{
    Box::pin(handler.map(|reply| reply.unwrap_or_else(|rejection| rejection)))
}
