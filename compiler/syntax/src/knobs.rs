//! The keys that say how a function runs.

use std::time::Duration;

use crate::arguments::Arguments;
use crate::error::{Error, Spanned};
use crate::value;

/// What a function may turn, as written; `None` where the user said nothing.
#[derive(Clone, Debug, Default)]
pub struct Knobs {
    /// How few and how many pods. Not for a schedule.
    pub scale: Option<Spanned<Scale>>,
    /// Calls at the same time in one pod, at least 1. Not for a schedule.
    pub concurrency: Option<Spanned<u32>>,
    /// How long one call may take, at least a millisecond.
    pub timeout: Option<Spanned<Duration>>,
    /// The text as written; the compiler checks that it is a quantity.
    pub memory: Option<Spanned<String>>,
    /// The text as written; the compiler checks that it is a quantity.
    pub cpu: Option<Spanned<String>>,
    /// How the pod is isolated.
    pub sandbox: Option<Spanned<Sandbox>>,
    /// Who may call it; HTTP functions only.
    pub visibility: Option<Spanned<Visibility>>,
}

/// Pods at the least and at the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// At the least; 0 where the workload may sleep.
    pub min: u32,
    /// At the most, at least 1; `None` for no limit.
    pub max: Option<u32>,
}

/// How a pod is isolated from its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// `"none"`: the cluster's own container runtime.
    None,
    /// `"gvisor"`.
    Gvisor,
}

/// Who may call an HTTP service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// `"public"`: anyone who reaches the cluster's ingress.
    Public,
    /// `"private"`: only pods of the cluster.
    Private,
}

const LEAST_TIMEOUT: Duration = Duration::from_millis(1);

/// The knobs among the keys of a function.
pub(crate) fn read(args: &Arguments, errors: &mut Vec<Error>) -> Knobs {
    let sandboxes = [("gvisor", Sandbox::Gvisor), ("none", Sandbox::None)];
    let visibilities = [
        ("public", Visibility::Public),
        ("private", Visibility::Private),
    ];
    Knobs {
        scale: args.read("scale", value::scale, errors),
        concurrency: args.read("concurrency", value::count, errors),
        timeout: args.read(
            "timeout",
            |timeout| value::duration(timeout, LEAST_TIMEOUT),
            errors,
        ),
        memory: args.read("memory", value::string, errors),
        cpu: args.read("cpu", value::string, errors),
        sandbox: args.read(
            "sandbox",
            |sandbox| value::choice(sandbox, &sandboxes),
            errors,
        ),
        visibility: args.read(
            "visibility",
            |visibility| value::choice(visibility, &visibilities),
            errors,
        ),
    }
}
