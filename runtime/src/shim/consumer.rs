//! A queue function.

use std::time::Duration;

use super::health::Health;
use super::pod::{Pod, close};
use super::server::Server;
use crate::app::App;
use crate::backend::Broker;
use crate::consumer::{Consumer, Settings};
use crate::telemetry::{Watched, lagging, measured};

/// How often it asks how many messages wait.
const LAG: Duration = Duration::from_secs(15);

/// Takes messages until the shutdown. The probes are answered all the while.
pub(super) async fn run(pod: &Pod<'_>) -> Result<(), String> {
    let workload = pod.linked()?;
    let settings = Settings::of(App::linked(), workload).ok_or_else(|| {
        format!(
            "the workload `{}` consumes no queue that is linked into this program",
            workload.name
        )
    })?;
    let health = Health::new(pod.shutdown.clone());
    let server = Server::bind(pod.config.port).await?;
    let probes = tokio::spawn(server.serve(health.routes(), pod.shutdown.clone()));
    let connected = tokio::select! {
        () = pod.shutdown.begins() => return Ok(()),
        connected = pod.connect() => connected?,
    };
    let Some(broker) = connected.backends.broker.clone() else {
        return Err(format!("the workload `{}` has no broker", workload.name));
    };
    health.connected(connected.connections.clone());
    let queue = settings.queue;
    let consumer = Consumer::new(settings, broker.clone(), Watched);
    let stop = async {
        pod.shutdown.begins().await;
        if let Err(failure) = broker.stop(queue).await {
            tracing::warn!(%failure, "the broker could not be told that no more messages shall come");
        }
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! {
        () = consumer.run(pod.shutdown.is_too_late()) => Ok(()),
        () = stop => Ok(()),
        () = tell_lag(&*broker, queue) => Ok(()),
        () = pod.shutdown.is_over(workload.timeout) => {
            Err("the grace period is over; messages that are not done come again".to_owned())
        }
    };
    close(&connected).await;
    probes.abort();
    ended
}

/// Tells the metrics, if there are any, how many messages wait. It does not end.
async fn tell_lag(broker: &dyn Broker, queue: &'static str) {
    while measured() {
        if let Ok(lag) = broker.lag(queue).await {
            lagging(queue, lag);
        }
        tokio::time::sleep(LAG).await;
    }
    std::future::pending().await
}
