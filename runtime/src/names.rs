//! What things are called at the broker and at the cache server. The compiler has the same names in the permissions and
//! manifests that it writes (`lower::names`); a test compares the two.
//!
//! Names of applications, queues, caches, functions and workloads are DNS labels, so they can be parts of a subject, a
//! stream's name or a key as they are.

/// The workload that makes streams and consumers: a value of `CLOUDC_WORKLOAD`.
pub const PROVISION: &str = "provision";

/// The stream of a queue.
pub fn stream(app: &str, queue: &str) -> String {
    format!("{app}-{queue}")
}

/// The subject on which a queue's messages are published.
pub fn subject(app: &str, queue: &str) -> String {
    format!("{app}.{queue}")
}

/// The stream that keeps a queue's failed messages.
pub fn dead_stream(app: &str, queue: &str) -> String {
    format!("{app}-{queue}-dead")
}

/// The subject on which failed messages are published.
pub fn dead_subject(app: &str, queue: &str) -> String {
    format!("{app}.{queue}.dead")
}

/// The subject of a stream that is about to be deleted: nobody publishes there, and no application's name begins like that.
pub fn set_aside(stream: &str) -> String {
    format!("_RETIRED.{stream}")
}

/// The durable consumer of a queue function.
pub fn consumer(function: &str) -> &str {
    function
}

/// The user that a workload is to the servers.
pub fn user(app: &str, workload: &str) -> String {
    if workload == PROVISION {
        format!("{app}-{PROVISION}")
    } else {
        workload.to_owned()
    }
}

/// What a workload's inboxes start with: the server lets it listen to no other.
pub fn inbox(app: &str, workload: &str) -> String {
    format!("_INBOX_{}", user(app, workload))
}

/// The Secret with the seed of a workload, where the application brings no other.
pub fn nats_secret(app: &str, workload: &str) -> String {
    format!("{}-nats", user(app, workload))
}

/// The Secret with the password of a workload, where the application brings no other.
pub fn valkey_secret(app: &str, workload: &str) -> String {
    format!("{}-valkey", user(app, workload))
}

/// A key of a cache, as the server has it: in one piece, as it is made for each operation.
pub fn key(app: &str, cache: &str, key: &[u8]) -> Vec<u8> {
    [app.as_bytes(), b":", cache.as_bytes(), b":", key].concat()
}
