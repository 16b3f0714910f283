//! Limits that the target would refuse, and quantities that are none.
//!
//! What is wrong on any target, such as a scale that ends before it starts, the grammar has refused.

use std::time::Duration;

use super::ident;
use crate::codes;
use crate::config::Target;
use crate::diagnostic::Diagnostic;
use crate::graph::quantity::{self, NotAQuantity};
use crate::graph::{Function, Graph, Setting, Trigger};
use crate::text::duration;

/// `max-revision-timeout-seconds` of Knative Serving, as it comes.
const KNATIVE_TIMEOUT: Duration = Duration::from_secs(600);

/// `container-concurrency-max-limit` of Knative Serving, as it comes.
const KNATIVE_CONCURRENCY: u32 = 1000;

/// No program starts in less memory than this many bytes.
const LITTLE_MEMORY: f64 = 1024.0 * 1024.0;

/// A pod that wants more cores than this waits for ever.
const MUCH_CPU: f64 = 256.0;

pub(super) fn check(graph: &Graph, target: Target, found: &mut Vec<Diagnostic>) {
    for function in &graph.functions {
        let knobs = &function.knobs;
        if target == Target::Knative && matches!(function.trigger, Trigger::Http { .. }) {
            found.extend(knative_timeout(function));
            found.extend(knative_concurrency(function));
        }
        found.extend(knobs.memory.as_ref().and_then(|memory| {
            not_a_quantity("memory", memory, "256Mi").or_else(|| little_memory(memory))
        }));
        found.extend(
            knobs
                .cpu
                .as_ref()
                .and_then(|cpu| not_a_quantity("cpu", cpu, "250m").or_else(|| much_cpu(cpu))),
        );
    }
}

fn knative_timeout(function: &Function) -> Option<Diagnostic> {
    let set = function
        .knobs
        .timeout
        .as_ref()
        .filter(|set| set.value > KNATIVE_TIMEOUT)?;
    let (name, most) = (ident(&function.path), duration(KNATIVE_TIMEOUT));
    let message = format!(
        "`{name}` may take {}, and Knative lets a request take {most}",
        duration(set.value)
    );
    Some(
        Diagnostic::error(codes::BEYOND_TARGET, message)
            .at(set.span, format!("more than {most}"))
            .help("answer at once, send to a queue, and do the work in a queue function"),
    )
}

fn knative_concurrency(function: &Function) -> Option<Diagnostic> {
    let set = function
        .knobs
        .concurrency
        .as_ref()
        .filter(|set| set.value > KNATIVE_CONCURRENCY)?;
    let message = format!(
        "`{}` takes {} calls at a time, and Knative gives a pod {KNATIVE_CONCURRENCY} at the most",
        ident(&function.path),
        set.value
    );
    Some(
        Diagnostic::error(codes::BEYOND_TARGET, message)
            .at(set.span, format!("more than {KNATIVE_CONCURRENCY}"))
            .help(format!("write `concurrency = {KNATIVE_CONCURRENCY}` or less, and let more pods start: `scale`")),
    )
}

fn not_a_quantity(knob: &str, set: &Setting<String>, example: &str) -> Option<Diagnostic> {
    let text = &set.value;
    let (message, label, help) = match quantity::parse(text).err()? {
        NotAQuantity::NotPositive => (
            format!("`{knob}` is `{text}`, and a pod needs some"),
            "nothing, or less than nothing".to_owned(),
            format!("write something like `{knob} = \"{example}\"`"),
        ),
        NotAQuantity::NoNumber => (
            format!("`{text}` is no quantity of {knob}"),
            "a quantity starts with a number".to_owned(),
            format!("write something like `{knob} = \"{example}\"`"),
        ),
        NotAQuantity::UnknownSuffix(at) => {
            let (number, suffix) = text.split_at(at);
            let help = match nearest_suffix(knob, suffix) {
                Some(near) => format!("did you mean `{knob} = \"{number}{near}\"`?"),
                None => format!("write something like `{knob} = \"{example}\"`"),
            };
            (
                format!("`{text}` is no quantity of {knob}"),
                format!("Kubernetes has no suffix `{suffix}`"),
                help,
            )
        }
    };
    Some(
        Diagnostic::error(codes::BAD_QUANTITY, message)
            .at(set.span, label)
            .help(help),
    )
}

/// `MB`, `mb`, `MiB` and their like as Kubernetes writes them; of CPU there are thousandths.
fn nearest_suffix(knob: &str, suffix: &str) -> Option<&'static str> {
    let letters = suffix.trim().to_ascii_lowercase();
    if knob == "cpu" {
        return letters.starts_with('m').then_some("m");
    }
    let letters = letters.strip_suffix('b').unwrap_or(&letters);
    let known = [
        "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
    ];
    known
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(letters))
}

fn number(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    &text[..end.unwrap_or(text.len())]
}

fn much_cpu(set: &Setting<String>) -> Option<Diagnostic> {
    let text = &set.value;
    if quantity::parse(text).ok()? <= MUCH_CPU {
        return None;
    }
    let message = format!("`cpu = \"{text}\"` is more than {MUCH_CPU} cores: no node has them");
    Some(
        Diagnostic::warning(codes::BAD_QUANTITY, message)
            .at(set.span, "in cores")
            .help(format!(
                "did you mean `cpu = \"{}m\"`, in thousandths?",
                number(text)
            )),
    )
}

fn little_memory(set: &Setting<String>) -> Option<Diagnostic> {
    let text = &set.value;
    if quantity::parse(text).ok()? >= LITTLE_MEMORY {
        return None;
    }
    Some(
        Diagnostic::warning(
            codes::BAD_QUANTITY,
            format!("`memory = \"{text}\"` is less than 1 MiB: nothing runs in it"),
        )
        .at(
            set.span,
            if text.ends_with('m') {
                "`m` is a thousandth"
            } else {
                "in bytes"
            },
        )
        .help(format!("did you mean `memory = \"{}Mi\"`?", number(text))),
    )
}

#[cfg(test)]
mod tests {
    use super::super::Target;
    use super::super::testing::App;

    fn http(turn: impl FnOnce(&mut App, crate::graph::FunctionId)) -> App {
        let mut app = App::new();
        let function = app.http("shop", "place", "POST", "/");
        turn(&mut app, function);
        app
    }

    #[test]
    fn what_knative_lets_through() {
        let app = |seconds, calls| {
            http(|app, function| {
                app.timeout(function, seconds);
                let concurrency = app.set(&format!("{calls}"), calls);
                app.knobs(function).concurrency = concurrency;
            })
        };
        assert_eq!(app(600, 1000).report(), "");
        insta::assert_snapshot!(app(601, 1001).report(), @r"
        error CC315: `place` may take 601s, and Knative lets a request take 10m
          [601s] more than 10m
          help: answer at once, send to a queue, and do the work in a queue function
        error CC315: `place` takes 1001 calls at a time, and Knative gives a pod 1000 at the most
          [1001] more than 1000
          help: write `concurrency = 1000` or less, and let more pods start: `scale`
        ");
        assert_eq!(app(601, 1001).report_for(Target::Kubernetes, true), "");
    }

    #[test]
    fn a_schedule_may_take_its_time() {
        let mut app = App::new();
        let function = app.schedule("sweep", "@daily", "Etc/UTC");
        app.timeout(function, 7_200);
        assert_eq!(app.report(), "");
    }

    fn memory(text: &str) -> String {
        http(|app, function| {
            let memory = app.set(text, text.to_owned());
            app.knobs(function).memory = memory;
        })
        .report()
    }

    fn cpu(text: &str) -> String {
        http(|app, function| {
            let cpu = app.set(text, text.to_owned());
            app.knobs(function).cpu = cpu;
        })
        .report()
    }

    #[test]
    fn quantities() {
        assert_eq!(
            memory("256Mi") + &memory("1Mi") + &memory("1e9") + &memory("1.5Gi"),
            ""
        );
        assert_eq!(cpu("250m") + &cpu("0.5") + &cpu("2"), "");
        insta::assert_snapshot!(
            memory("256MB") + &memory("lots") + &memory("0") + &memory("12 bytes"),
            @r#"
        error CC316: `256MB` is no quantity of memory
          [256MB] Kubernetes has no suffix `MB`
          help: did you mean `memory = "256M"`?
        error CC316: `lots` is no quantity of memory
          [lots] a quantity starts with a number
          help: write something like `memory = "256Mi"`
        error CC316: `memory` is `0`, and a pod needs some
          [0] nothing, or less than nothing
          help: write something like `memory = "256Mi"`
        error CC316: `12 bytes` is no quantity of memory
          [12 bytes] Kubernetes has no suffix ` bytes`
          help: write something like `memory = "256Mi"`
        "#
        );
        insta::assert_snapshot!(memory("256") + &memory("256m"), @r#"
        warning CC316: `memory = "256"` is less than 1 MiB: nothing runs in it
          [256] in bytes
          help: did you mean `memory = "256Mi"`?
        warning CC316: `memory = "256m"` is less than 1 MiB: nothing runs in it
          [256m] `m` is a thousandth
          help: did you mean `memory = "256Mi"`?
        "#);
        insta::assert_snapshot!(cpu("-1") + &cpu("250mi") + &cpu("half") + &cpu("500") + &cpu("250M"), @r#"
        error CC316: `cpu` is `-1`, and a pod needs some
          [-1] nothing, or less than nothing
          help: write something like `cpu = "250m"`
        error CC316: `250mi` is no quantity of cpu
          [250mi] Kubernetes has no suffix `mi`
          help: did you mean `cpu = "250m"`?
        error CC316: `half` is no quantity of cpu
          [half] a quantity starts with a number
          help: write something like `cpu = "250m"`
        warning CC316: `cpu = "500"` is more than 256 cores: no node has them
          [500] in cores
          help: did you mean `cpu = "500m"`, in thousandths?
        warning CC316: `cpu = "250M"` is more than 256 cores: no node has them
          [250M] in cores
          help: did you mean `cpu = "250m"`, in thousandths?
        "#);
    }
}
