//! One change, and how it is said.

use std::fmt;

use serde::ser::{Serialize, Serializer};

use super::document::Operation;

/// One change of the graph.
///
/// As text it is one line without a full stop: [`words`](Change::words), and behind a semicolon what is risky about it. As JSON it is an
/// object with `kind` and the fields of [`What`], and with `words`, `risky` and `risk`. Fields keep their names and meanings
/// from release to release; more may come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    what: What,
    risk: Option<String>,
}

/// What a change is about. The order is that of a list of changes: what comes and goes, then what is set otherwise, then who may
/// do what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum What {
    /// It was not there before.
    New {
        /// A service, function, queue or cache. A consumer or a schedule comes with its function.
        subject: Subject,
        /// What starts it, of a function: `POST /orders`, `queue orders`, `0 3 * * * Etc/UTC`.
        trigger: Option<String>,
    },
    /// It is there no more.
    Gone {
        /// As for `new`.
        subject: Subject,
    },
    /// A function runs in another service.
    Moved {
        /// The function.
        subject: Subject,
        /// The service that ran it.
        from: String,
        /// The service that will.
        to: String,
    },
    /// Another function consumes a queue that stays, or none does, or the first one does.
    Consumer {
        /// The queue.
        subject: Subject,
        /// The function that did.
        from: Option<String>,
        /// The function that will.
        to: Option<String>,
    },
    /// Something is set to another value.
    Setting {
        /// What it is set for.
        subject: Subject,
        /// Which one.
        setting: Setting,
        /// The value, as users write it; `None` for what [`Setting::nothing`] says.
        from: Option<String>,
        /// Likewise.
        to: Option<String>,
    },
    /// Someone may do something that was not allowed, or may not do what was.
    Right {
        /// A function; or a service that stays, where the function that needs the right came from or went to another one, or is gone.
        subject: Subject,
        /// Whether it is allowed now.
        allowed: bool,
        /// What.
        operation: Operation,
        /// With which queue or cache.
        resource: Subject,
    },
}

/// Something of the graph, by its kind and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Subject {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
}

/// What there is in a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The whole.
    Application,
    /// A workload that answers HTTP.
    Service,
    /// A workload that consumes a queue.
    Consumer,
    /// A workload that runs at points in time.
    Schedule,
    /// A function.
    Function,
    /// A queue.
    Queue,
    /// A cache.
    Cache,
}

/// What can be set. In JSON these have the names of the graph's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// The application's name.
    Name,
    /// What starts a function, where it is of another kind than before.
    Trigger,
    /// The method and path of a function.
    Route,
    /// The queue that a function consumes.
    Queue,
    /// The most messages that one call takes.
    Batch,
    /// When a function runs.
    Cron,
    /// Where it is that time.
    Timezone,
    /// What kind of workload it is.
    Kind,
    /// Pods at the least and at the most.
    Scale,
    /// Calls at the same time in one pod.
    Concurrency,
    /// How long one call may take.
    Timeout,
    /// Memory of a pod.
    Memory,
    /// CPU of a pod.
    Cpu,
    /// How a pod is isolated.
    Sandbox,
    /// Who may call a service.
    Visibility,
    /// The type of a queue's messages.
    Payload,
    /// Deliveries before a message counts as failed.
    MaxDeliveries,
    /// How long the broker waits for an acknowledgement.
    AckWait,
    /// Whether failed messages are kept.
    DeadLetter,
    /// How long the broker remembers message ids.
    DedupeWindow,
    /// How long a message is kept.
    MaxAge,
    /// The type of a cache's keys.
    Key,
    /// The type of a cache's values.
    Value,
    /// How long an entry lives.
    Ttl,
}

impl Change {
    pub(super) fn new(what: What) -> Self {
        Self { what, risk: None }
    }

    pub(super) fn setting(
        subject: Subject,
        setting: Setting,
        from: Option<String>,
        to: Option<String>,
    ) -> Self {
        Self::new(What::Setting {
            subject,
            setting,
            from,
            to,
        })
    }

    /// Says why a person should look twice.
    pub(super) fn risky(mut self, risk: impl Into<String>) -> Self {
        self.risk = Some(risk.into());
        self
    }

    /// Likewise, where the condition holds.
    pub(super) fn risky_if(self, condition: bool, risk: &str) -> Self {
        if condition { self.risky(risk) } else { self }
    }

    /// What it is about.
    pub fn what(&self) -> &What {
        &self.what
    }

    /// The change alone: `queue orders: payload Order → PaidOrder`.
    pub fn words(&self) -> String {
        self.what.to_string()
    }

    /// What it may lose, expose, or break for those who call or run what was there before: `messages that wait are of the old
    /// type`; `None` for a change that does nothing of that.
    pub fn risk(&self) -> Option<&str> {
        self.risk.as_deref()
    }

    /// Whether a person should look twice.
    pub fn is_risky(&self) -> bool {
        self.risk.is_some()
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.risk {
            Some(risk) => write!(f, "{}; {risk}", self.what),
            None => write!(f, "{}", self.what),
        }
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Line<'a> {
            #[serde(flatten)]
            what: &'a What,
            words: String,
            risky: bool,
            risk: Option<&'a str>,
        }
        let line = Line {
            what: &self.what,
            words: self.words(),
            risky: self.is_risky(),
            risk: self.risk(),
        };
        line.serialize(serializer)
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New { subject, trigger } => {
                write!(f, "new {} {}", subject.kind, subject.name)?;
                match trigger {
                    Some(trigger) => write!(f, ", triggered by {trigger}"),
                    None => Ok(()),
                }
            }
            Self::Gone { subject } => write!(f, "{} {} is gone", subject.kind, subject.name),
            Self::Moved { subject, from, to } => {
                write!(f, "{subject} moves from service {from} to service {to}")
            }
            Self::Consumer { subject, from, to } => match (from, to) {
                (Some(from), None) => write!(f, "{subject} loses its only consumer ({from})"),
                (None, to) => write!(
                    f,
                    "{subject} gets a consumer ({})",
                    to.as_deref().unwrap_or_default()
                ),
                (Some(from), Some(to)) => write!(f, "{subject}: consumer {from} → {to}"),
            },
            Self::Setting {
                subject,
                setting,
                from,
                to,
            } => {
                let value = |value: &Option<String>| {
                    value
                        .clone()
                        .unwrap_or_else(|| setting.nothing().to_owned())
                };
                write!(f, "{subject}: {setting} {} → {}", value(from), value(to))
            }
            Self::Right {
                subject,
                allowed,
                operation,
                resource,
            } => {
                let may = if *allowed { "may now" } else { "may no longer" };
                write!(f, "{subject} {may} {operation} {resource}")
            }
        }
    }
}

impl Subject {
    pub(super) fn new(kind: Kind, name: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
        }
    }
}

/// `queue orders`; `charge` for a function and for the workload of a function's own.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Application => write!(f, "application"),
            Kind::Consumer | Kind::Schedule | Kind::Function => write!(f, "{}", self.name),
            Kind::Service | Kind::Queue | Kind::Cache => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Application => "application",
            Self::Service => "service",
            Self::Consumer => "consumer",
            Self::Schedule => "schedule",
            Self::Function => "function",
            Self::Queue => "queue",
            Self::Cache => "cache",
        })
    }
}

impl Setting {
    /// What it means that nothing is set: `no end`, `no bound`.
    pub fn nothing(self) -> &'static str {
        match self {
            Self::Batch => "one message a call",
            Self::MaxDeliveries => "no bound",
            Self::MaxAge | Self::Ttl => "no end",
            _ => "nothing",
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Trigger => "trigger",
            Self::Route => "route",
            Self::Queue => "queue",
            Self::Batch => "batch",
            Self::Cron => "schedule",
            Self::Timezone => "time zone",
            Self::Kind => "kind",
            Self::Scale => "scale",
            Self::Concurrency => "concurrency",
            Self::Timeout => "timeout",
            Self::Memory => "memory",
            Self::Cpu => "cpu",
            Self::Sandbox => "sandbox",
            Self::Visibility => "visibility",
            Self::Payload => "payload",
            Self::MaxDeliveries => "max deliveries",
            Self::AckWait => "ack wait",
            Self::DeadLetter => "dead letters",
            Self::DedupeWindow => "dedupe window",
            Self::MaxAge => "max age",
            Self::Key => "key type",
            Self::Value => "value type",
            Self::Ttl => "ttl",
        })
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Send => "send to",
            Self::Read => "read",
            Self::Write => "write",
        })
    }
}
