//! How a test runs calls as a pod does. No part of the public interface.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;

use super::Watched;
use crate::app::App;
use crate::backend::{Broker, Store};
use crate::consumer::{Consumer, Settings};
use crate::context::{self, Backends};
use crate::router::{Limits, routes};

/// Serves the queues and caches of this program. `false` if something does already.
pub fn connect(broker: Arc<dyn Broker>, store: Arc<dyn Store>) -> bool {
    context::connect(Backends {
        broker: Some(broker),
        store: Some(store),
    })
}

/// The routes of these functions.
pub fn router(functions: &[&str]) -> Router {
    let limits = Limits {
        timeout: Duration::from_secs(10),
        gate: None,
    };
    routes(functions, &limits, &Watched)
}

/// Consumes the queue of a function until it is stopped. Does nothing for a function that has none.
pub async fn consume(function: &str, broker: Arc<dyn Broker>) {
    let app = App::linked();
    let Some(function) = app.function(function) else {
        return;
    };
    let Some(queue) = app.queue_of(function) else {
        return;
    };
    let settings = Settings {
        function: function.name,
        trigger: function.trigger,
        queue: queue.name,
        concurrency: 1,
        timeout: Duration::from_secs(10),
        ack_wait: queue.ack_wait,
        max_deliveries: queue.max_deliveries,
        dead_letter: queue.dead_letter,
    };
    let consumer = Consumer::new(settings, broker, Watched);
    consumer.run(std::future::pending()).await;
}
