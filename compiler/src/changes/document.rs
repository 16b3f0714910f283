//! A graph as `render::json` wrote it, read back.

use std::fmt;

use serde::Deserialize;

use super::change::{Kind, Subject};

/// The version of the schema that is read here.
pub const VERSION: u32 = 1;

/// A graph, as far as it is compared. Keys that it does not know are passed over: a newer cloudc may have written more.
#[derive(Clone, Debug, Deserialize)]
pub struct Document {
    pub(super) app: String,
    pub(super) functions: Vec<Function>,
    pub(super) workloads: Vec<Workload>,
    pub(super) queues: Vec<Queue>,
    pub(super) caches: Vec<Cache>,
    pub(super) edges: Vec<Edge>,
}

/// Why a text cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is of a schema that this cloudc does not know.
    #[error(
        "this graph is written in version {0} of its schema, and this cloudc reads version {VERSION}: \
         use the cloudc that wrote it, or a newer one"
    )]
    Version(u64),
    /// It is none at all.
    #[error("this is no graph as `cloudc graph --format json` writes it: {0}")]
    NoGraph(#[from] serde_json::Error),
}

impl Document {
    /// Reads what `render::json` wrote.
    ///
    /// # Errors
    ///
    /// The text is no graph, or one of another version.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        let Versioned { version } = serde_json::from_str(text)?;
        if version != u64::from(VERSION) {
            return Err(Unreadable::Version(version));
        }
        Ok(serde_json::from_str(text)?)
    }

    pub(super) fn workload(&self, name: &str) -> Option<&Workload> {
        self.workloads.iter().find(|workload| workload.name == name)
    }

    /// The function that a queue triggers; a graph has one at the most.
    pub(super) fn consumer(&self, queue: &str) -> Option<&str> {
        let consumes = |function: &&Function| matches!(&function.trigger, Trigger::Queue { queue: of, .. } if of == queue);
        let found = self.functions.iter().find(consumes)?;
        Some(&found.name)
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) workload: String,
    pub(super) trigger: Trigger,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Trigger {
    Http { method: String, path: String },
    Queue { queue: String, batch: Option<u32> },
    Schedule { cron: String, timezone: String },
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { method, path } => write!(f, "{method} {path}"),
            Self::Queue { queue, .. } => write!(f, "queue {queue}"),
            Self::Schedule { cron, timezone } => write!(f, "{cron} {timezone}"),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Workload {
    pub(super) name: String,
    pub(super) kind: WorkloadKind,
    pub(super) scale: Scale,
    pub(super) concurrency: u32,
    pub(super) timeout_ms: u64,
    pub(super) memory: String,
    pub(super) cpu: String,
    pub(super) sandbox: String,
    pub(super) visibility: Option<String>,
}

impl Workload {
    pub(super) fn subject(&self) -> Subject {
        let kind = match self.kind {
            WorkloadKind::Service => Kind::Service,
            WorkloadKind::Consumer => Kind::Consumer,
            WorkloadKind::Schedule => Kind::Schedule,
        };
        Subject::new(kind, &self.name)
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum WorkloadKind {
    Service,
    Consumer,
    Schedule,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Scale {
    pub(super) min: u32,
    pub(super) max: Option<u32>,
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.max {
            Some(max) => write!(f, "{}..={max}", self.min),
            None => write!(f, "{}..", self.min),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Queue {
    pub(super) name: String,
    pub(super) payload: String,
    pub(super) max_deliveries: Option<u32>,
    pub(super) ack_wait_ms: u64,
    pub(super) dead_letter: bool,
    pub(super) dedupe_window_ms: u64,
    pub(super) max_age_ms: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Cache {
    pub(super) name: String,
    pub(super) key: String,
    pub(super) value: String,
    pub(super) ttl_ms: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Edge {
    pub(super) function: String,
    pub(super) operation: Operation,
    pub(super) resource: Resource,
}

/// What a function may do.
#[derive(Clone, Copy, Debug, Deserialize, serde::Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Put a message into a queue.
    Send,
    /// Look into a cache.
    Read,
    /// Change a cache.
    Write,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Resource {
    pub(super) kind: ResourceKind,
    pub(super) name: String,
}

impl Resource {
    pub(super) fn subject(&self) -> Subject {
        let kind = match self.kind {
            ResourceKind::Queue => Kind::Queue,
            ResourceKind::Cache => Kind::Cache,
        };
        Subject::new(kind, &self.name)
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ResourceKind {
    Queue,
    Cache,
}
