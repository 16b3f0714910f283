//! What each workload may do at the broker and at the cache server: what its edges need.
//!
//! The broker checks the subject of a message and not the subject to answer to, and JetStream publishes its answers with no
//! permission asked. So these lists hold only for a user whose account has nothing but their subjects: see `nats_accounts`.

use std::collections::BTreeMap;

use crate::config::{NatsPermissions, Permissions, Retired};
use crate::graph::{CacheId, Graph, Operation, QueueId, Resource, Trigger, WorkloadId};

use super::{names, retired};

/// What everyone of an application may do, as its graph says. For the application that is deployed next, which may have to let this
/// one run on beside it.
pub fn all(graph: &Graph) -> Permissions {
    let ids = (0..graph.workloads.len()).map(WorkloadId);
    let workloads = || ids.clone().zip(&graph.workloads);
    let nats = workloads().filter_map(|(id, it)| Some((it.name.clone(), nats(graph, id)?)));
    let inside = [
        (names::provision(&graph.app), provision(graph, &[])),
        (names::operator(&graph.app), operator(graph)),
    ];
    let inside = inside
        .into_iter()
        .filter_map(|(name, permissions)| Some((name, permissions?)));
    let valkey = workloads().filter_map(|(id, it)| Some((it.name.clone(), valkey(graph, id)?)));
    Permissions {
        nats: nats.chain(inside).collect(),
        valkey: valkey.collect(),
    }
}

/// What a workload may do at the broker; `None` for one that has nothing to do there.
pub fn nats(graph: &Graph, id: WorkloadId) -> Option<NatsPermissions> {
    let workload = graph.workloads.get(id.0)?;
    let mut publish = Vec::new();
    for (resource, operation) in graph.uses(id) {
        if let (Resource::Queue(queue), Operation::Send) = (resource, operation) {
            publish.push(names::subject(&graph.app, queue_name(graph, queue)));
        }
    }
    for function in workload
        .functions
        .iter()
        .filter_map(|id| graph.functions.get(id.0))
    {
        if let Trigger::Queue { queue, .. } = function.trigger {
            publish.extend(consume(graph, queue, &function.name));
        }
    }
    permissions(publish, &workload.name)
}

/// What the provisioner may do: make, change and look at the application's own streams and consumers, delete consumers that another
/// function takes the place of, and look at, set aside and delete the streams of queues that left the graph. It is trusted with the
/// messages: whoever changes a stream can have them sent to itself. `None` where the graph has no queue: then there is no provisioner.
pub fn provision(graph: &Graph, retired: &[Retired]) -> Option<NatsPermissions> {
    if graph.queues.is_empty() {
        return None;
    }
    let mut publish = Vec::new();
    for stream in retired
        .iter()
        .flat_map(|queue| retired::streams(graph, queue))
    {
        // An empty one is set aside before it is deleted.
        for verb in ["INFO", "UPDATE", "DELETE"] {
            publish.push(format!("$JS.API.STREAM.{verb}.{stream}"));
        }
    }
    for function in &graph.functions {
        let Trigger::Queue { queue, .. } = function.trigger else {
            continue;
        };
        let stream = names::stream(&graph.app, queue_name(graph, queue));
        let consumer = names::consumer(&function.name);
        publish.push(format!("$JS.API.CONSUMER.CREATE.{stream}.{consumer}"));
        publish.push(format!("$JS.API.CONSUMER.INFO.{stream}.{consumer}"));
        // The function that consumed it before has another name.
        publish.push(format!("$JS.API.CONSUMER.LIST.{stream}"));
        publish.push(format!("$JS.API.CONSUMER.DELETE.{stream}.*"));
    }
    for queue in &graph.queues {
        let stream = names::stream(&graph.app, &queue.name);
        let dead = queue
            .dead_letter
            .then(|| names::dead_stream(&graph.app, &queue.name));
        for stream in [Some(stream), dead].into_iter().flatten() {
            for verb in ["CREATE", "INFO", "UPDATE"] {
                publish.push(format!("$JS.API.STREAM.{verb}.{stream}"));
            }
        }
    }
    permissions(publish, &names::provision(&graph.app))
}

/// What a person may do with `cloudc queue`: look at the streams and consumers, read, send again and destroy dead letters, and
/// destroy a queue's messages; `None` where there is no queue. It changes no stream and takes no message from a consumer.
/// Like the provisioner it is trusted with the messages.
pub fn operator(graph: &Graph) -> Option<NatsPermissions> {
    let mut publish = Vec::new();
    for function in &graph.functions {
        if let Trigger::Queue { queue, .. } = function.trigger {
            let stream = names::stream(&graph.app, queue_name(graph, queue));
            let consumer = names::consumer(&function.name);
            publish.push(format!("$JS.API.CONSUMER.INFO.{stream}.{consumer}"));
        }
    }
    for queue in &graph.queues {
        let stream = names::stream(&graph.app, &queue.name);
        for verb in ["INFO", "PURGE"] {
            publish.push(format!("$JS.API.STREAM.{verb}.{stream}"));
        }
        if queue.dead_letter {
            let dead = names::dead_stream(&graph.app, &queue.name);
            for verb in ["INFO", "MSG.DELETE", "MSG.GET", "PURGE"] {
                publish.push(format!("$JS.API.STREAM.{verb}.{dead}"));
            }
            // Where it sends them again.
            publish.push(names::subject(&graph.app, &queue.name));
        }
    }
    permissions(publish, &names::operator(&graph.app))
}

/// What the subject of a request for messages starts with.
pub(super) const PULL: &str = "$JS.API.CONSUMER.MSG.NEXT.";

/// Whether a request on this subject may be answered by more than one message.
pub fn answered_by_many(subject: &str) -> bool {
    subject.starts_with(PULL)
}

fn consume(graph: &Graph, queue: QueueId, function: &str) -> Vec<String> {
    let Some(queue) = graph.queues.get(queue.0) else {
        return Vec::new();
    };
    let stream = names::stream(&graph.app, &queue.name);
    let consumer = names::consumer(function);
    let mut publish = vec![
        format!("$JS.ACK.{stream}.{consumer}.>"),
        format!("$JS.API.CONSUMER.INFO.{stream}.{consumer}"),
        format!("{PULL}{stream}.{consumer}"),
        // For messages whose headers its client cannot read; it gets all of them anyway.
        format!("$JS.API.STREAM.MSG.GET.{stream}"),
    ];
    if queue.dead_letter {
        publish.push(names::dead_subject(&graph.app, &queue.name));
    }
    publish
}

fn permissions(mut publish: Vec<String>, user: &str) -> Option<NatsPermissions> {
    publish.sort_unstable();
    publish.dedup();
    (!publish.is_empty()).then(|| NatsPermissions {
        publish,
        subscribe: vec![format!("{}.>", names::inbox(user))],
    })
}

fn queue_name(graph: &Graph, queue: QueueId) -> &str {
    graph.queues.get(queue.0).map_or("", |queue| &queue.name)
}

/// The one command without a key: is the server there? Logging in needs no permission.
const CONNECTION: &str = "+ping";
/// Commands that look into a cache, and need no more than `%R`.
const READ: [&str; 4] = ["+exists", "+get", "+mget", "+pttl"];
/// Commands that change a cache, and need no more than `%W`. With `GET`, `SET` also reads.
const WRITE: [&str; 4] = ["+del", "+pexpire", "+set", "+unlink"];

/// The rules of a workload's user at the cache server, after its password; `None` for one that
/// uses no cache. Each cache is a selector of its own, so that reading one and writing another doesn't
/// add up to both on both. The keys of a cache are opened for reading, for writing, or for both: the commands alone
/// would let `SET key value GET` read.
pub fn valkey(graph: &Graph, id: WorkloadId) -> Option<Vec<String>> {
    // Whether it reads, and whether it writes.
    let mut caches: BTreeMap<CacheId, (bool, bool)> = BTreeMap::new();
    for (resource, operation) in graph.uses(id) {
        let Resource::Cache(cache) = resource else {
            continue;
        };
        let (reads, writes) = caches.entry(cache).or_default();
        match operation {
            Operation::Read => *reads = true,
            Operation::Write => *writes = true,
            Operation::Send => {}
        }
    }
    if caches.is_empty() {
        return None;
    }
    let mut rules = ["resetchannels", "-@all", CONNECTION]
        .map(str::to_owned)
        .to_vec();
    for (cache, operations) in caches {
        let (keys, mut commands) = match operations {
            (true, true) => ("~", [READ, WRITE].concat()),
            (true, false) => ("%R~", READ.to_vec()),
            (false, true) => ("%W~", WRITE.to_vec()),
            (false, false) => continue,
        };
        commands.sort_unstable();
        let name = graph.caches.get(cache.0).map_or("", |cache| &cache.name);
        let prefix = names::key_prefix(&graph.app, name);
        rules.push(format!("({keys}{prefix}* {})", commands.join(" ")));
    }
    Some(rules)
}
