//! What the settings and the graph don't give each other.

use crate::codes;
use crate::config::{Nats, Target};
use crate::diagnostic::Diagnostic;
use crate::graph::{Sandbox, WorkloadKind};

use super::context::Context;

/// Everything that keeps this graph from being lowered with these settings.
pub(super) fn check(cx: Context<'_>) -> Vec<Diagnostic> {
    let mut found = sandboxes(cx);
    found.extend(namespace(cx));
    found.extend(broker(cx));
    found.extend(egress(cx));
    found
}

/// What the grammar of `cloudc.toml` can't know: the namespace that nobody wrote, and the cluster's as configured.
fn namespace(cx: Context<'_>) -> Option<Diagnostic> {
    let namespace = cx.namespace();
    if !cx.settings.is_of_the_cluster(namespace) {
        return None;
    }
    let (code, whose) = match cx.settings.namespace {
        Some(_) => (codes::CONFIG_VALUE, "cloudc.toml names"),
        None => (codes::NAME_COLLISION, "the application's name gives"),
    };
    let message = format!("{whose} the namespace `{namespace}`, which is the cluster's own");
    let help = "write another one in cloudc.toml: `namespace = \"…\"`";
    Some(Diagnostic::error(code, message).help(help))
}

/// A Knative Service takes a runtime class only where the cluster's flag is on.
fn sandboxes(cx: Context<'_>) -> Vec<Diagnostic> {
    if cx.settings.target != Target::Knative || cx.settings.knative.runtime_class {
        return Vec::new();
    }
    let sandboxed = cx
        .workloads()
        .map(|(_, workload)| workload)
        .filter(|workload| {
            workload.kind == WorkloadKind::Service && workload.limits.sandbox == Sandbox::Gvisor
        });
    sandboxed
        .map(|workload| {
            let message = format!(
                "the service `{}` cannot have a sandbox: Knative takes no runtime class by default",
                workload.name
            );
            let mut diagnostic = Diagnostic::error(codes::SANDBOX_UNAVAILABLE, message).help(
                "turn on `kubernetes.podspec-runtimeclassname` in the cluster's `config-features` and write \
                 `[knative] runtime_class = true` in cloudc.toml, or use `target = \"kubernetes\"`",
            );
            for function in cx.functions(workload) {
                if let Some(setting) = &function.knobs.sandbox {
                    diagnostic = diagnostic.at(setting.span, "asked for here");
                }
            }
            if diagnostic.labels.is_empty() {
                diagnostic = diagnostic.at(workload.span, "");
            }
            diagnostic
        })
        .collect()
}

/// KEDA reads a queue's lag from the broker's monitoring, under the account's name.
fn broker(cx: Context<'_>) -> Option<Diagnostic> {
    let Nats::Existing(nats) = &cx.settings.nats else {
        return None;
    };
    let scaled = cx
        .graph
        .workloads
        .iter()
        .any(|workload| workload.kind == WorkloadKind::Consumer);
    if cx.settings.target != Target::Knative || !scaled {
        return None;
    }
    let missing: Vec<&str> = [
        nats.account.is_none().then_some("account = \"NAME\""),
        nats.monitoring
            .is_none()
            .then_some("monitoring = \"HOST:8222\""),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!missing.is_empty()).then(|| {
        Diagnostic::error(
            codes::CONFIG_VALUE,
            "KEDA cannot see this broker's queues, so it cannot scale the functions behind them",
        )
        .at(nats.span, "")
        .help(format!("add {}", missing.join(" and ")))
    })
}

/// An egress rule for a function that does not exist would protect nothing and say nothing.
fn egress(cx: Context<'_>) -> Vec<Diagnostic> {
    let known: Vec<&str> = cx
        .graph
        .functions
        .iter()
        .map(|function| function.name.as_str())
        .collect();
    let named = cx
        .settings
        .egress
        .iter()
        .flat_map(|egress| &egress.functions);
    named
        .filter(|name| !known.contains(&name.value.as_str()))
        .map(|name| {
            let message = format!("the application has no function `{}`", name.value);
            let diagnostic =
                Diagnostic::error(codes::CONFIG_VALUE, message).at(name.span, "named here");
            diagnostic.help(crate::config::one_of(&name.value, &known))
        })
        .collect()
}
