//! What the attributes' expansions name. No part of the public interface: it changes with them.

pub use axum::extract::Request;
pub use inventory;

pub use crate::cron::Cron;
pub use crate::handler::{
    Delivery, Done, Reading, Reply, Source, done, name_of, outcome, part, reply, respond, source,
    whole,
};
pub use crate::registry::{
    FunctionRegistration, ResourceKind, ResourceRegistration, Settings, Trigger, functions,
    resources,
};
pub use crate::router::router;
#[cfg(feature = "test")]
pub use crate::sometimes::{Site, SiteRegistration, hit as sometimes, sites};

/// What the expansions of `#[cloudc::test]` and `#[cloudc::simulate]` name.
#[cfg(feature = "test")]
pub mod testing {
    pub use crate::testing::{Case, Ended, Simulation, simulate, test};
}

/// The value of a queue's static.
pub const fn queue<T: crate::storable::Storable>(name: &'static str) -> crate::Queue<T> {
    crate::Queue::new(name)
}

/// The value of a cache's static.
pub const fn cache<K, V>(name: &'static str, ttl: Option<std::time::Duration>) -> crate::Cache<K, V>
where
    K: crate::storable::Storable,
    V: crate::storable::Storable,
{
    crate::Cache::new(name, ttl)
}
