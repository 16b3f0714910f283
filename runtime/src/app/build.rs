//! From registrations to an application, by the rules of the compiler's graph.

use std::collections::BTreeMap;

use super::{App, Cache, Function, Kind, Queue, Scale, Workload, defaults};
use crate::registry::{FunctionRegistration, ResourceRegistration, Settings, Trigger};

/// The registrations are sorted by name and path.
pub(super) fn build(
    functions: &[&'static FunctionRegistration],
    resources: &[&'static ResourceRegistration],
) -> App {
    let mut app = App::default();
    for resource in resources {
        match resource.settings {
            Settings::Queue { .. } => app.queues.extend(queue(resource)),
            Settings::Cache { ttl } => app.caches.push(Cache {
                name: resource.name,
                path: resource.path,
                ttl,
            }),
        }
    }
    twice(
        &mut app.faults,
        "functions",
        functions.iter().map(|f| (f.name, f.path)),
    );
    twice(
        &mut app.faults,
        "queues",
        app.queues.iter().map(|q| (q.name, q.path)),
    );
    twice(
        &mut app.faults,
        "caches",
        app.caches.iter().map(|c| (c.name, c.path)),
    );
    consumers(&mut app, functions);
    workloads(&mut app, functions);
    app
}

fn queue(resource: &ResourceRegistration) -> Option<Queue> {
    let Settings::Queue {
        max_deliveries,
        ack_wait,
        dead_letter,
        dedupe,
        max_age,
    } = resource.settings
    else {
        return None;
    };
    let dead_letter = dead_letter.unwrap_or(defaults::DEAD_LETTER);
    Some(Queue {
        name: resource.name,
        path: resource.path,
        max_deliveries: max_deliveries.or(defaults::max_deliveries(dead_letter)),
        ack_wait: ack_wait.unwrap_or(defaults::ACK_WAIT),
        dead_letter,
        dedupe: dedupe.unwrap_or(defaults::DEDUPE),
        max_age,
        consumer: None,
    })
}

/// Things of one name, which stand beside each other.
fn twice<'a>(
    faults: &mut Vec<String>,
    what: &str,
    things: impl Iterator<Item = (&'a str, &'a str)>,
) {
    let mut before: Option<(&str, &str)> = None;
    for (name, path) in things {
        if let Some((_, other)) = before.filter(|(known, _)| *known == name) {
            faults.push(format!(
                "two {what} are called `{name}`: {other} and {path}; give one of them another `name = \"…\"`"
            ));
        }
        before = Some((name, path));
    }
}

fn queue_of(trigger: &Trigger) -> Option<&'static str> {
    match trigger {
        Trigger::Queue { queue, .. } | Trigger::Batch { queue, .. } => Some(queue()),
        Trigger::Http { .. } | Trigger::Schedule { .. } => None,
    }
}

/// Tells each queue its consumer.
fn consumers(app: &mut App, functions: &[&'static FunctionRegistration]) {
    for (index, function) in functions.iter().enumerate() {
        let Some(name) = queue_of(&function.trigger) else {
            continue;
        };
        let Some(queue) = app.queues.iter_mut().find(|queue| queue.name == name) else {
            app.faults.push(format!(
                "{} consumes the queue `{name}`, which is not linked into this program",
                function.path
            ));
            continue;
        };
        let Some(first) = queue.consumer.and_then(|first| functions.get(first)) else {
            queue.consumer = Some(index);
            continue;
        };
        app.faults.push(format!(
            "{} and {} both consume the queue `{name}`, so each would get some of its messages; write a \
             queue for each of them",
            first.path, function.path
        ));
    }
}

/// HTTP functions of one service share a workload; every other function is one by itself.
fn workloads(app: &mut App, functions: &[&'static FunctionRegistration]) {
    let mut groups: BTreeMap<(String, Kind, usize), Vec<usize>> = BTreeMap::new();
    for (index, function) in functions.iter().enumerate() {
        let alone = |kind| (function.name.to_owned(), kind, index);
        let key = match function.trigger {
            Trigger::Http { .. } => (service(function), Kind::Service, 0),
            Trigger::Queue { .. } | Trigger::Batch { .. } => alone(Kind::Consumer),
            Trigger::Schedule { .. } => alone(Kind::Schedule),
        };
        groups.entry(key).or_default().push(index);
    }
    let mut of = vec![0; functions.len()];
    for ((name, kind, _), members) in groups {
        for member in &members {
            if let Some(workload) = of.get_mut(*member) {
                *workload = app.workloads.len();
            }
        }
        let workload = workload(app, name, kind, members, functions);
        app.workloads.push(workload);
    }
    for pair in app.workloads.windows(2) {
        if let [service, other] = pair
            && service.name == other.name
            && service.kind == Kind::Service
        {
            app.faults.push(format!(
                "a service and a function that is deployed by itself are both called `{}`; give one of \
                 them another name",
                other.name
            ));
        }
    }
    app.functions = functions
        .iter()
        .zip(of)
        .map(|(function, workload)| Function {
            name: function.name,
            path: function.path,
            trigger: &function.trigger,
            workload,
        })
        .collect();
}

/// What its attribute says, or the crate's name.
fn service(function: &FunctionRegistration) -> String {
    let named = function.service.map(str::to_owned);
    named.unwrap_or_else(|| {
        let krate = function.path.split("::").next().unwrap_or_default();
        krate.replace('_', "-").to_lowercase()
    })
}

/// For each knob counts what the first function says that turns it.
fn workload(
    app: &App,
    name: String,
    kind: Kind,
    members: Vec<usize>,
    functions: &[&'static FunctionRegistration],
) -> Workload {
    let of = || members.iter().filter_map(|member| functions.get(*member));
    let ack_wait = of()
        .find_map(|function| queue_of(&function.trigger))
        .and_then(|queue| app.queue(queue))
        .map_or(defaults::ACK_WAIT, |queue| queue.ack_wait);
    let (scale, concurrency, timeout) = defaults::limits(kind, ack_wait);
    let written = of().find_map(|function| function.scale);
    let scale = written.map_or(scale, |(min, max)| Scale { min, max });
    let concurrency = of()
        .find_map(|function| function.concurrency)
        .unwrap_or(concurrency);
    let timeout = of()
        .find_map(|function| function.timeout)
        .unwrap_or(timeout);
    Workload {
        name,
        kind,
        functions: members,
        concurrency,
        timeout,
        scale,
    }
}
