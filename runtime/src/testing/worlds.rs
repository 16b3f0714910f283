//! Which world is whose. A world belongs to a tokio runtime, so it is found from every task of the
//! runtime, and from a plain thread that entered it, and tests run side by side.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use tokio::runtime::{Handle, Id};

use super::world::Inside;

static WORLDS: LazyLock<RwLock<HashMap<Id, Arc<Inside>>>> = LazyLock::new(RwLock::default);

/// The world of the current runtime.
pub(crate) fn current() -> Option<Arc<Inside>> {
    let id = Handle::try_current().ok()?.id();
    let worlds = WORLDS.read().unwrap_or_else(PoisonError::into_inner);
    worlds.get(&id).cloned()
}

/// Gives the current runtime its world. `false` if it has one.
pub(super) fn add(world: &Arc<Inside>) -> bool {
    let id = Handle::current().id();
    let mut worlds = WORLDS.write().unwrap_or_else(PoisonError::into_inner);
    let free = !worlds.contains_key(&id);
    if free {
        worlds.insert(id, Arc::clone(world));
    }
    free
}

/// Takes the world of a runtime away.
pub(super) fn remove(runtime: Id) {
    let mut worlds = WORLDS.write().unwrap_or_else(PoisonError::into_inner);
    worlds.remove(&runtime);
}
