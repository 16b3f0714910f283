//! What queues and caches can hold: serde types, as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A type that a queue or a cache can hold. It is checked where the static is declared and nowhere
/// else, so that one mistake is one error.
#[diagnostic::on_unimplemented(
    message = "a queue or cache cannot hold `{Self}`",
    label = "not `Serialize + DeserializeOwned + Send + Sync`",
    note = "put `#[derive(serde::Serialize, serde::Deserialize)]` on `{Self}`; it must own its data and be `Send + Sync`"
)]
pub trait Storable: Serialize + DeserializeOwned + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Storable for T {}

/// How a type becomes JSON and comes back. Taken where the type is known to be [`Storable`], so that
/// the methods of a resource need not say it again.
pub(crate) struct Codec<T> {
    pub(crate) encode: fn(&T) -> serde_json::Result<Vec<u8>>,
    pub(crate) decode: fn(&[u8]) -> serde_json::Result<T>,
}

impl<T: Storable> Codec<T> {
    pub(crate) const JSON: Self = Self {
        encode: |value| serde_json::to_vec(value),
        decode: |bytes| serde_json::from_slice(bytes),
    };
}
