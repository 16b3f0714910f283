//! What handlers of messages and schedules return.

use std::error::Error;
use std::pin::Pin;

type BoxError = Box<dyn Error + Send + Sync>;

/// The end of a handler, on its way. An error means: try again.
pub type Done = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// What a queue or schedule function can return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` says nothing about success or failure",
    label = "neither `()` nor a `Result<(), …>` of an error",
    note = "return `()` or `Result<(), E>`, where `E` is `cloudc::Error`, any `std::error::Error + Send + Sync`, or a `String`"
)]
pub trait Outcome {
    #[doc(hidden)]
    fn outcome(self) -> Result<(), BoxError>;
}

impl Outcome for () {
    fn outcome(self) -> Result<(), BoxError> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> Outcome for Result<(), E> {
    fn outcome(self) -> Result<(), BoxError> {
        self.map_err(Into::into)
    }
}

/// Success, or why not.
pub fn outcome<T: Outcome>(value: T) -> Result<(), BoxError> {
    value.outcome()
}

/// Forgets the type of a handler's future.
pub fn done<F>(handler: F) -> Done
where
    F: Future<Output = Result<(), BoxError>> + Send + 'static,
{
    Box::pin(handler)
}
