//! What makes the streams and consumers of the queues, so that no function needs the right to.

use super::pod::{Pod, close};

/// Makes what is missing and changes what is different, and says so.
pub(super) async fn run(pod: &Pod<'_>) -> Result<(), String> {
    let connected = pod.connect_in_time().await?;
    let Some(nats) = &connected.nats else {
        return Err("the provisioner has no broker".to_owned());
    };
    let done = nats.provision().await;
    if let Ok(done) = &done {
        for line in done {
            tracing::info!("{line}");
        }
    }
    close(&connected).await;
    done.map(drop).map_err(|faults| faults.join("\n"))
}
