//! A queue function.

use super::health::Health;
use super::pod::{Pod, close};
use super::server::Server;
use crate::app::App;
use crate::consumer::{Consumer, Settings};
use crate::host::Plain;

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
    let consumer = Consumer::new(settings, broker.clone(), Plain);
    let stop = async {
        pod.shutdown.begins().await;
        if let Err(failure) = broker.stop(queue).await {
            tracing::warn!(%failure, "the broker could not be told that no more messages shall come");
        }
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! {
        () = consumer.run() => Ok(()),
        () = stop => Ok(()),
        () = pod.shutdown.is_over(workload.timeout) => {
            Err("the grace period is over; messages that are not done come again".to_owned())
        }
    };
    close(&connected).await;
    probes.abort();
    ended
}
