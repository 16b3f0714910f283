//! The grammar of `#[function]`, `#[queue]` and `#[cache]`, in one place; and of `#[test]` and
//! `#[simulate]`, which the compiler has nothing to do with.
//!
//! The macros expand what these functions return, and the compiler builds its graph from it, so an
//! editor's squiggle and `cloudc check` never disagree. Nothing here reads a file or a clock.
//!
//! Every function reports all mistakes of an attribute, not only the first, and survives what is
//! half typed: it reports and goes on with the next key.

mod arguments;
mod cache;
mod cron;
mod duration;
mod error;
mod function;
mod item;
mod knobs;
mod name;
mod operation;
mod queue;
mod resource;
mod route;
mod signature;
mod suggest;
mod testing;
mod value;

#[cfg(test)]
mod no_panic;

pub use cache::{Cache, cache};
pub use cron::{Cron, Values};
pub use error::{Error, Parsed, Spanned, codes};
pub use function::{Function, Trigger, function};
pub use item::{Attribute, FnItem, StaticItem, StaticKeyword, stacked, wrong_item};
pub use knobs::{Knobs, Sandbox, Scale, Visibility};
pub use name::{MAX_NAME, fault, kebab};
pub use operation::{
    Operation, cache_operation, cache_operations, queue_operation, queue_operations,
};
pub use queue::{Queue, queue};
pub use testing::{RUNS, Simulate, Test, simulate, test};
