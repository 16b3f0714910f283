//! Names that are too long for what they become in the cluster.

use crate::codes;
use crate::config::Target;
use crate::diagnostic::Diagnostic;
use crate::graph::{Graph, Workload, WorkloadKind};

/// KEDA makes a HorizontalPodAutoscaler `keda-hpa-<name>` for a ScaledObject and puts that name into
/// a label, which takes 63 characters.
const SCALED_OBJECT: usize = 54;

/// A CronJob's Jobs are named `<name>-<11 digits>`; Kubernetes refuses a longer CronJob.
const CRON_JOB: usize = 52;

/// A revision of a Knative Service is named `<name>-<suffix>`, and is a label too: that leaves `-` and
/// ten characters for the suffix.
const KNATIVE_SERVICE: usize = 52;

/// The name of a Service is a DNS label (RFC 1123).
const SERVICE: usize = 63;

/// A pod of a StatefulSet is labelled `controller-revision-hash: <name>-<ten characters>`, so a longer
/// StatefulSet gets no pods (kubernetes/kubernetes#64023).
const STATEFUL_SET: usize = 52;

/// The name of a Job is a label of its pod.
const JOB: usize = 63;

/// The longest name that the compiler makes from the application's is that of a Service.
const APP: usize = SERVICE - "-nats-monitoring".len();

/// With caches it is that of the bundled server's StatefulSet.
const APP_WITH_CACHES: usize = STATEFUL_SET - "-valkey".len();

/// With queues it is that of the provisioner's Job: ten digits of a hash stand behind it.
const APP_WITH_QUEUES: usize = JOB - "-provision-".len() - 10;

/// `JSMaxNameLen` of nats-server: the name of a stream is the name of a folder.
const STREAM: usize = 255;

/// What the name of a queue's stream has around the queue's own name and the application's.
const STREAM_EXTRA: usize = "--dead".len();

pub(super) fn check(graph: &Graph, target: Target, found: &mut Vec<Diagnostic>) {
    let (longest, application) = longest_app(graph);
    if graph.app.len() > longest {
        found.push(
            too_long(&graph.app, longest, application)
                .help("give the package a shorter name in its Cargo.toml"),
        );
    }
    for workload in &graph.workloads {
        let (limit, becomes) = limit(workload, target);
        if workload.name.chars().count() > limit {
            found.push(too_long(&workload.name, limit, becomes).at(workload.span, "this name"));
        }
    }
    let limit = STREAM.saturating_sub(STREAM_EXTRA + graph.app.len());
    for queue in &graph.queues {
        if queue.name.len() > limit {
            let becomes = "NATS stream of this application";
            found.push(too_long(&queue.name, limit, becomes).at(queue.span, "this name"));
        }
    }
}

/// How long the name of this application may be, and how such an application is called.
pub(crate) fn longest_app(graph: &Graph) -> (usize, &'static str) {
    if !graph.queues.is_empty() {
        (APP_WITH_QUEUES, "package of an application with queues")
    } else if !graph.caches.is_empty() {
        (APP_WITH_CACHES, "package of an application with caches")
    } else {
        (APP, "package of an application")
    }
}

fn limit(workload: &Workload, target: Target) -> (usize, &'static str) {
    match (workload.kind, target) {
        (WorkloadKind::Service, Target::Knative) => (KNATIVE_SERVICE, "Knative Service"),
        (WorkloadKind::Service, Target::Kubernetes) => (SERVICE, "Service"),
        (WorkloadKind::Consumer, _) => (SCALED_OBJECT, "ScaledObject"),
        (WorkloadKind::Schedule, _) => (CRON_JOB, "CronJob"),
    }
}

fn too_long(name: &str, limit: usize, becomes: &str) -> Diagnostic {
    let length = name.chars().count();
    Diagnostic::error(
        codes::NAME_TOO_LONG,
        format!("`{name}` is {length} characters long, and a {becomes} takes {limit}"),
    )
    .help("choose a shorter one: `name = \"…\"`, or `service = \"…\"` for a service")
}

#[cfg(test)]
mod tests {
    use super::super::Target;
    use super::super::testing::App;

    /// A consumer, a schedule and a service whose names have so many characters.
    fn app(length: usize) -> App {
        let mut app = App::new();
        let orders = app.queue("ORDERS");
        let sender = app.http(&"s".repeat(length), "place", "POST", "/");
        app.sends(sender, orders);
        app.consumer(&"c".repeat(length), orders);
        app.schedule(&"t".repeat(length), "@daily", "Etc/UTC");
        app
    }

    #[test]
    fn names_at_their_limit() {
        assert_eq!(app(52).report(), "");
        let found = |length, target| {
            app(length)
                .report_for(target, true)
                .matches("CC302")
                .count()
        };
        assert_eq!(
            found(53, Target::Knative),
            2,
            "the CronJob and the Knative Service"
        );
        assert_eq!(found(53, Target::Kubernetes), 1, "the CronJob");
        assert_eq!(found(54, Target::Kubernetes), 1);
        assert_eq!(found(55, Target::Kubernetes), 2, "the ScaledObject too");
        assert_eq!(found(63, Target::Kubernetes), 2);
        assert_eq!(found(64, Target::Kubernetes), 3, "all of them");
    }

    #[test]
    fn what_is_said() {
        insta::assert_snapshot!(app(55).report_for(Target::Kubernetes, true), @r#"
        error CC302: `ccccccccccccccccccccccccccccccccccccccccccccccccccccccc` is 55 characters long, and a ScaledObject takes 54
          [ccccccccccccccccccccccccccccccccccccccccccccccccccccccc] this name
          help: choose a shorter one: `name = "…"`, or `service = "…"` for a service
        error CC302: `ttttttttttttttttttttttttttttttttttttttttttttttttttttttt` is 55 characters long, and a CronJob takes 52
          [ttttttttttttttttttttttttttttttttttttttttttttttttttttttt] this name
          help: choose a shorter one: `name = "…"`, or `service = "…"` for a service
        "#);
    }

    #[test]
    fn a_package_with_a_long_name() {
        let app = |length| {
            let mut app = App::new();
            app.rename_app(&"a".repeat(length));
            app.report()
        };
        assert_eq!(app(47), "");
        let resources = |length, queue| {
            let mut app = App::new();
            app.rename_app(&"a".repeat(length));
            let place = app.http("shop", "place", "POST", "/");
            let cache = app.cache("PRICES");
            app.reads(place, cache);
            if queue {
                let orders = app.queue("ORDERS");
                app.sends(place, orders);
                app.consumer("charge", orders);
            }
            app.report()
        };
        assert_eq!(resources(45, false) + &resources(42, true), "");
        let wrong = resources(46, false) + &resources(43, true);
        assert!(
            wrong.contains("with caches takes 45") && wrong.contains("with queues takes 42"),
            "{wrong}"
        );
        insta::assert_snapshot!(app(48), @r"
        error CC302: `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` is 48 characters long, and a package of an application takes 47
          help: give the package a shorter name in its Cargo.toml
        ");
    }

    #[test]
    fn a_queue_whose_stream_has_no_room() {
        let mut app = App::new();
        let orders = app.queue(&"Q".repeat(250));
        app.consumer("charge", orders);
        let sender = app.http("shop", "place", "POST", "/");
        app.sends(sender, orders);
        let report = app.report();
        assert!(report.contains("CC302"), "{report}");
    }
}
