//! Functions of one service that turn a knob differently: they share their pods, so they share its knobs.

use super::ident;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::graph::{Function, Graph, Knobs, Sandbox, Scale, Setting, Visibility, Workload};
use crate::text::duration;

pub(super) fn check(graph: &Graph, found: &mut Vec<Diagnostic>) {
    for workload in &graph.workloads {
        let functions: Vec<_> = workload
            .functions
            .iter()
            .filter_map(|id| graph.functions.get(id.0))
            .collect();
        if functions.len() < 2 {
            continue;
        }
        let service = Service {
            workload,
            functions: &functions,
        };
        found.extend(service.conflict("scale", |knobs| &knobs.scale, |value| scale(*value)));
        found.extend(service.conflict(
            "concurrency",
            |knobs| &knobs.concurrency,
            ToString::to_string,
        ));
        found.extend(service.conflict("timeout", |knobs| &knobs.timeout, |value| duration(*value)));
        found.extend(service.conflict("memory", |knobs| &knobs.memory, Clone::clone));
        found.extend(service.conflict("cpu", |knobs| &knobs.cpu, Clone::clone));
        found.extend(service.conflict(
            "sandbox",
            |knobs| &knobs.sandbox,
            |value| match value {
                Sandbox::None => "none".to_owned(),
                Sandbox::Gvisor => "gvisor".to_owned(),
            },
        ));
        found.extend(service.conflict(
            "visibility",
            |knobs| &knobs.visibility,
            |value| match value {
                Visibility::Public => "public".to_owned(),
                Visibility::Private => "private".to_owned(),
            },
        ));
    }
}

/// A workload with its functions.
struct Service<'a> {
    workload: &'a Workload,
    functions: &'a [&'a Function],
}

impl<'a> Service<'a> {
    /// The first function that turns the knob, against all that turn it differently.
    fn conflict<T: PartialEq + 'a>(
        &self,
        knob: &str,
        get: impl Fn(&'a Knobs) -> &'a Option<Setting<T>>,
        show: impl Fn(&T) -> String,
    ) -> Option<Diagnostic> {
        let mut turned = self
            .functions
            .iter()
            .filter_map(|function| Some((*function, get(&function.knobs).as_ref()?)));
        let (first, kept) = turned.next()?;
        let mut others = turned.filter(|(_, set)| set.value != kept.value).peekable();
        others.peek()?;
        let label = |function: &Function, set: &Setting<T>| {
            format!("{} in `{}`", show(&set.value), ident(&function.path))
        };
        let mut diagnostic = Diagnostic::error(
            codes::KNOB_CONFLICT,
            format!("the functions of the service `{}` disagree on `{knob}`", self.workload.name),
        )
        .at(kept.span, label(first, kept))
        .help(format!(
            "they run in the same pods: write `{knob}` once, or move a function to a service of its \
             own with `service = \"…\"`"
        ));
        for (function, set) in others {
            diagnostic = diagnostic.at(set.span, label(function, set));
        }
        Some(diagnostic)
    }
}

fn scale(scale: Scale) -> String {
    match scale.max {
        Some(max) => format!("{}..={max}", scale.min),
        None => format!("{}..", scale.min),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::testing::App;
    use crate::graph::{Knobs, Sandbox, Scale, Visibility};

    #[test]
    fn every_knob_in_conflict() {
        let mut app = App::new();
        let one = app.http("shop", "one", "GET", "/one");
        let two = app.http("shop", "two", "GET", "/two");
        for (function, n) in [(one, 1), (two, 2)] {
            let knobs = Knobs {
                scale: app.set(
                    &format!("0..={n}"),
                    Scale {
                        min: 0,
                        max: (n == 1).then_some(1),
                    },
                ),
                concurrency: app.set(&format!("{n}"), n),
                timeout: app.set(&format!("{n}s"), Duration::from_secs(n.into())),
                memory: app.set(&format!("{n}Gi"), format!("{n}Gi")),
                cpu: app.set(&format!("{n}"), format!("{n}")),
                sandbox: app.set(
                    "sandbox",
                    if n == 1 {
                        Sandbox::None
                    } else {
                        Sandbox::Gvisor
                    },
                ),
                visibility: app.set(
                    "visibility",
                    if n == 1 {
                        Visibility::Public
                    } else {
                        Visibility::Private
                    },
                ),
            };
            *app.knobs(function) = knobs;
        }
        insta::assert_snapshot!(app.report(), @r#"
        error CC304: the functions of the service `shop` disagree on `scale`
          [0..=1] 0..=1 in `one`
          [0..=2] 0.. in `two`
          help: they run in the same pods: write `scale` once, or move a function to a service of its own with `service = "…"`
        error CC304: the functions of the service `shop` disagree on `concurrency`
          [1] 1 in `one`
          [2] 2 in `two`
          help: they run in the same pods: write `concurrency` once, or move a function to a service of its own with `service = "…"`
        error CC304: the functions of the service `shop` disagree on `timeout`
          [1s] 1s in `one`
          [2s] 2s in `two`
          help: they run in the same pods: write `timeout` once, or move a function to a service of its own with `service = "…"`
        error CC304: the functions of the service `shop` disagree on `memory`
          [1Gi] 1Gi in `one`
          [2Gi] 2Gi in `two`
          help: they run in the same pods: write `memory` once, or move a function to a service of its own with `service = "…"`
        error CC304: the functions of the service `shop` disagree on `cpu`
          [1] 1 in `one`
          [2] 2 in `two`
          help: they run in the same pods: write `cpu` once, or move a function to a service of its own with `service = "…"`
        error CC304: the functions of the service `shop` disagree on `sandbox`
          [sandbox] none in `one`
          [sandbox] gvisor in `two`
          help: they run in the same pods: write `sandbox` once, or move a function to a service of its own with `service = "…"`
        error CC304: the functions of the service `shop` disagree on `visibility`
          [visibility] public in `one`
          [visibility] private in `two`
          help: they run in the same pods: write `visibility` once, or move a function to a service of its own with `service = "…"`
        "#);
    }

    #[test]
    fn one_value_written_twice_is_no_conflict() {
        let mut app = App::new();
        for (name, concurrency) in [("one", Some(5)), ("two", None), ("three", Some(5))] {
            let function = app.http("shop", name, "GET", &format!("/{name}"));
            let setting = concurrency.and_then(|value| app.set("5", value));
            app.knobs(function).concurrency = setting;
        }
        assert_eq!(app.report(), "");
    }

    #[test]
    fn two_services_may_differ() {
        let mut app = App::new();
        for (service, seconds) in [("shop", 5), ("search", 6)] {
            let function = app.http(service, service, "GET", "/");
            app.timeout(function, seconds);
        }
        assert_eq!(app.report(), "");
    }
}
