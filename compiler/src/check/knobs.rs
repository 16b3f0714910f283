//! Functions of one service that turn a knob differently: they share their pods, so they share its knobs.

use super::ident;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::graph::{Function, Graph, Knobs, Setting, Workload};

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
        found.extend(service.conflict("scale", |knobs| &knobs.scale));
        found.extend(service.conflict("concurrency", |knobs| &knobs.concurrency));
        found.extend(service.conflict("timeout", |knobs| &knobs.timeout));
        found.extend(service.conflict("memory", |knobs| &knobs.memory));
        found.extend(service.conflict("cpu", |knobs| &knobs.cpu));
        found.extend(service.conflict("sandbox", |knobs| &knobs.sandbox));
        found.extend(service.conflict("visibility", |knobs| &knobs.visibility));
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
    ) -> Option<Diagnostic> {
        let mut turned = self
            .functions
            .iter()
            .filter_map(|function| Some((*function, get(&function.knobs).as_ref()?)));
        let (first, kept) = turned.next()?;
        let mut others = turned.filter(|(_, set)| set.value != kept.value).peekable();
        others.peek()?;
        let label = |function: &Function| format!("in `{}`", ident(&function.path));
        let mut diagnostic = Diagnostic::error(
            codes::KNOB_CONFLICT,
            format!("the functions of the service `{}` disagree on `{knob}`", self.workload.name),
        )
        .at(kept.span, label(first))
        .help(format!(
            "they run in the same pods: write `{knob}` once, or move a function to a service of its \
             own with `service = \"…\"`"
        ));
        for (function, set) in others {
            diagnostic = diagnostic.at(set.span, label(function));
        }
        Some(diagnostic)
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
          [0..=1] in `one`
          [0..=2] in `two`
          help: they run in the same pods: write `scale` once, or move a function to a service of its own with `service = "…"`
        error CC304: the functions of the service `shop` disagree on `concurrency`
          [1] in `one`
          [2] in `two`
          help: they run in the same pods: write `concurrency` once, or move a function to a service of its own with `service = "…"`
        error CC304: the functions of the service `shop` disagree on `timeout`
          [1s] in `one`
          [2s] in `two`
          help: they run in the same pods: write `timeout` once, or move a function to a service of its own with `service = "…"`
        error CC304: the functions of the service `shop` disagree on `memory`
          [1Gi] in `one`
          [2Gi] in `two`
          help: they run in the same pods: write `memory` once, or move a function to a service of its own with `service = "…"`
        error CC304: the functions of the service `shop` disagree on `cpu`
          [1] in `one`
          [2] in `two`
          help: they run in the same pods: write `cpu` once, or move a function to a service of its own with `service = "…"`
        error CC304: the functions of the service `shop` disagree on `sandbox`
          [sandbox] in `one`
          [sandbox] in `two`
          help: they run in the same pods: write `sandbox` once, or move a function to a service of its own with `service = "…"`
        error CC304: the functions of the service `shop` disagree on `visibility`
          [visibility] in `one`
          [visibility] in `two`
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
