//! What makes the streams and consumers of the queues, so that no function needs the right to.

use super::pod::{Pod, close};

/// Makes what is missing and changes what is different, and says so.
pub(super) async fn run(pod: &Pod<'_>) -> Result<(), String> {
    let connected = tokio::select! {
        () = pod.shutdown.begins() => return Err("told to leave before it began".to_owned()),
        connected = pod.connect_in_time() => connected?,
    };
    let Some(nats) = &connected.nats else {
        return Err("the provisioner has no broker".to_owned());
    };
    let done = tokio::select! {
        () = pod.shutdown.begins() => Err(vec![
            "told to leave before it was done: what the log names is kept, and the next run does the rest".to_owned(),
        ]),
        done = nats.provision() => done,
    };
    close(&connected).await;
    done.map(drop).map_err(|faults| faults.join("\n"))
}
