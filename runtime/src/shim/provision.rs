//! What makes the streams and consumers of the queues, so that no function needs the right to.

use super::pod::{Pod, close};
use crate::backend::nats::{Nats, Retired};

/// Makes what is missing and changes what is different, deletes what is left of queues that are gone, and says so.
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
        done = work(nats, &pod.config.retired) => done,
    };
    close(&connected).await;
    done.map_err(|faults| faults.join("\n"))
}

async fn work(nats: &Nats, retired: &[Retired]) -> Result<(), Vec<String>> {
    nats.provision().await?;
    let mut faults = Vec::new();
    for leftover in nats.retire(retired).await {
        match leftover {
            Ok(left) => {
                let (queue, stream, messages) = (left.queue, left.stream, left.messages);
                if left.deleted {
                    tracing::info!(queue, stream, messages, "deleted: its queue left the graph");
                } else {
                    tracing::warn!(
                        queue,
                        stream,
                        messages,
                        "kept: its queue left the graph, and it holds messages"
                    );
                }
            }
            Err(failure) => faults.push(failure.to_string()),
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}
