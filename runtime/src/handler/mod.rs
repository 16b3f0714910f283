//! How the runtime calls handlers. The expansions are calls of these functions, so that what the
//! compiler has to check anew for each handler is short, and its errors name the user's types.

mod http;
mod message;
mod outcome;

pub use http::{Reading, Reply, part, reply, respond, whole};
pub use message::{Delivery, Source, Undecodable, name_of, source};
pub use outcome::{Done, done, outcome};
