//! What a customer reads when a request cannot be served.

use cloudc::Error;
use cloudc::axum::http::StatusCode;
use cloudc::axum::response::{IntoResponse, Response};

use crate::stock::SoldOut;

/// Why a request was refused.
#[derive(Debug)]
pub enum Problem {
    /// There is no such thing.
    NotFound,
    /// The request makes no sense; says why.
    Invalid(&'static str),
    /// The order is too far along to be changed.
    TooLate,
    /// Not enough pieces.
    SoldOut(SoldOut),
    /// A queue or a cache did not answer; trying again may help.
    Unavailable(Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Problem::Unavailable(error)
    }
}

impl From<SoldOut> for Problem {
    fn from(sold_out: SoldOut) -> Self {
        Problem::SoldOut(sold_out)
    }
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Problem::NotFound => StatusCode::NOT_FOUND,
            Problem::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Problem::TooLate | Problem::SoldOut(_) => StatusCode::CONFLICT,
            Problem::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let words = match &self {
            Problem::NotFound => "there is no such thing".to_owned(),
            Problem::Invalid(why) => (*why).to_owned(),
            Problem::TooLate => "the order is already paid or closed".to_owned(),
            Problem::SoldOut(sold_out) => sold_out.to_string(),
            // What went wrong inside is no business of the customer's.
            Problem::Unavailable(_) => "please try again in a moment".to_owned(),
        };
        (self.status(), words).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_its_status() {
        assert_eq!(Problem::NotFound.status(), StatusCode::NOT_FOUND);
        assert_eq!(Problem::TooLate.status(), StatusCode::CONFLICT);
        assert_eq!(Problem::Invalid("no").into_response().status(), 422);
    }
}
