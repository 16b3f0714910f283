//! What became of the messages of queues that left the application, as the provisioner's log has it.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, LogParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::Value;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::release::Key;
use crate::text::plain;

use super::Event;
use super::deploy::Work;
use super::history::Record;
use super::request::patiently;

/// Lines of its log that are looked at.
const LINES: i64 = 200;

/// A stream whose queue left the graph.
#[derive(Debug, PartialEq, Eq)]
struct Leftover {
    queue: String,
    stream: String,
    /// How many messages it holds, or held.
    messages: u64,
    /// Whether it is there still.
    kept: bool,
}

impl Work<'_> {
    /// Tells what the provisioner kept and what it deleted. Best effort: who may not read its log learns nothing.
    pub(super) async fn tell_provisioned(&self, objects: &[Value]) {
        for key in objects.iter().map(Key::of).filter(|key| key.kind == "Job") {
            let log = log(self.client(), &self.release.namespace, &key.name).await;
            for leftover in log.lines().filter_map(leftover) {
                (self.tell)(leftover.event());
            }
        }
    }

    /// Warns of queues that leave with a deploy that does not wait: nobody reads what the provisioner finds in them.
    pub(super) fn tell_unseen(&self, before: Option<&Record>) {
        if self.options.wait {
            return;
        }
        let known = before.map_or(&[][..], |record| &record.release.retired);
        let leave =
            self.release.retired.iter().filter(|queue| {
                !known.contains(queue) && !self.options.delete_data.contains(queue)
            });
        for queue in leave {
            (self.tell)(Event::Warning(
                Diagnostic::warning(
                    codes::DATA_KEPT,
                    format!(
                        "the queue `{queue}` leaves the application, and messages that it holds are kept"
                    ),
                )
                .help(format!(
                    "delete them with --delete-data {queue}; how many there are is told without --no-wait"
                )),
            ));
        }
    }
}

impl Leftover {
    fn event(&self) -> Event {
        let Self { queue, stream, .. } = self;
        if !self.kept {
            return Event::Done(format!(
                "deleted the stream {stream} of the queue `{queue}`, which left the application"
            ));
        }
        let messages = match self.messages {
            1 => "1 message".to_owned(),
            many => format!("{many} messages"),
        };
        Event::Warning(
            Diagnostic::warning(
                codes::DATA_KEPT,
                format!(
                    "the queue `{queue}` left the application, and its stream {stream} is kept: it holds {messages}"
                ),
            )
            .help(format!("delete what is in it with --delete-data {queue}")),
        )
    }
}

/// The end of the log of a Job's last pod.
async fn log(client: &Client, namespace: &str, job: &str) -> String {
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let selector = ListParams::default().labels(&format!("batch.kubernetes.io/job-name={job}"));
    let Ok(found) = patiently(|| pods.list(&selector)).await else {
        return String::new();
    };
    let newest = found
        .items
        .iter()
        .max_by_key(|pod| pod.creation_timestamp());
    let Some(pod) = newest else {
        return String::new();
    };
    let parameters = LogParams {
        tail_lines: Some(LINES),
        ..Default::default()
    };
    let log = patiently(async || pods.logs(&pod.name_any(), &parameters).await).await;
    log.unwrap_or_default()
}

/// What a line says of a stream, one of JSON as the runtime writes them: a warning where it is kept. Other lines, of connections
/// and of streams that were made, are passed over.
fn leftover(line: &str) -> Option<Leftover> {
    let line: Value = serde_json::from_str(line).ok()?;
    let text = |field: &str| Some(plain(line.get(field)?.as_str()?));
    Some(Leftover {
        queue: text("queue")?,
        stream: text("stream")?,
        messages: line.get("messages")?.as_u64()?,
        kept: text("level")? == "WARN",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_is_kept_is_told_from_all_else() {
        let kept = r#"{"timestamp":"2026-11-27T12:00:00.000000Z","level":"WARN","message":"kept: its queue left the graph, and it holds messages","queue":"orders","stream":"shop-orders-dead","messages":3,"target":"cloudc::shim::provision"}"#;
        let found = leftover(kept).expect("a stream");
        let Event::Warning(warning) = found.event() else {
            panic!("{found:?}")
        };
        assert_eq!(
            warning.message,
            "the queue `orders` left the application, and its stream shop-orders-dead is kept: it holds 3 messages"
        );
        assert_eq!(
            warning.help.as_deref(),
            Some("delete what is in it with --delete-data orders")
        );
        let deleted = kept.replace("WARN", "INFO").replace(":3,", ":0,");
        let found = leftover(&deleted).expect("a stream");
        assert!(matches!(found.event(), Event::Done(_)), "{found:?}");
        for other in [
            r#"{"level":"INFO","message":"connected to the broker","client":"shop-provision","target":"cloudc"}"#,
            r#"{"level":"WARN","message":"the broker is silent","queue":"orders","target":"cloudc"}"#,
            "cloudc: CLOUDC_NATS_URL is not set",
            "",
        ] {
            assert_eq!(leftover(other), None, "{other}");
        }
    }
}
