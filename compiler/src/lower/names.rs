//! Every name that two sides must agree on: the manifests, the broker's permissions, the provisioner and the runtime.
//!
//! Names of applications, queues, caches, functions and workloads are DNS labels, so they hold no dot, space or wildcard and can be
//! parts of a subject, a stream's name or a key pattern as they are.

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

/// The subject on which failed messages are published. One token longer than any queue's subject,
/// so it is no queue's.
pub fn dead_subject(app: &str, queue: &str) -> String {
    format!("{app}.{queue}.dead")
}

/// The durable consumer of a queue function.
pub fn consumer(function: &str) -> &str {
    function
}

/// What a workload's inboxes start with. Its own, so that nobody reads another's answers.
pub fn inbox(workload: &str) -> String {
    format!("_INBOX_{workload}")
}

/// What the keys of a cache start with.
pub fn key_prefix(app: &str, cache: &str) -> String {
    format!("{app}:{cache}:")
}

/// The broker's account with the application's streams, in which the provisioner and the operator work. No workload is
/// in it.
pub fn account(app: &str) -> &str {
    app
}

/// A workload's own account at the broker. No application's name holds an underscore, so it is never [`account`].
pub fn workload_account(app: &str, workload: &str) -> String {
    format!("{app}_{workload}")
}

/// The bundled broker's StatefulSet and the Service for clients.
pub fn nats(app: &str) -> String {
    format!("{app}-nats")
}

/// The Service of the bundled broker's monitoring.
pub fn nats_monitoring(app: &str) -> String {
    format!("{app}-nats-monitoring")
}

/// The Secret with every workload's public key, which the bundled broker reads.
pub fn nats_users(app: &str) -> String {
    format!("{app}-nats-users")
}

/// The Secret with a workload's own seed.
pub fn nats_secret(workload: &str) -> String {
    format!("{workload}-nats")
}

/// The bundled cache server's StatefulSet and Service.
pub fn valkey(app: &str) -> String {
    format!("{app}-valkey")
}

/// The Secret with the hash of every workload's password, which the bundled cache server reads.
pub fn valkey_users(app: &str) -> String {
    format!("{app}-valkey-users")
}

/// The Secret with a workload's own user name and password.
pub fn valkey_secret(workload: &str) -> String {
    format!("{workload}-valkey")
}

/// The Job that makes streams and consumers, and its user.
pub fn provision(app: &str) -> String {
    format!("{app}-provision")
}

/// The value of `CLOUDC_WORKLOAD` in that Job.
pub const PROVISION: &str = "provision";

/// The broker's user for people with `cloudc queue`. No pod is that user.
pub fn operator(app: &str) -> String {
    format!("{app}-operator")
}

/// The environment variable with which a server reads something of a workload: `NKEY_PLACE_ORDER`.
pub fn variable(prefix: &str, workload: &str, suffix: &str) -> String {
    let workload = workload.replace('-', "_").to_ascii_uppercase();
    format!("{prefix}{workload}{suffix}")
}

/// Names that a workload must not have: those of the objects and users that cloudc makes beside the workloads', the
/// provisioner's own value of `CLOUDC_WORKLOAD`, and that of the ServiceAccount which every namespace has.
pub fn reserved(app: &str) -> Vec<String> {
    vec![
        nats(app),
        nats_monitoring(app),
        operator(app),
        provision(app),
        valkey(app),
        PROVISION.to_owned(),
        "default".to_owned(),
    ]
}
