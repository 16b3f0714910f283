//! Compiles the files of a case in this process: no cargo, no disk, unless the case has a Cargo.toml.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cloudc_compiler::config::{Config, Settings};
use cloudc_compiler::diagnostic::{self, Diagnostic, Severity};
use cloudc_compiler::graph::{Answer, Graph, Resource, why};
use cloudc_compiler::load::cache::Cache;
use cloudc_compiler::project::files::{Disk, Files, Memory};
use cloudc_compiler::project::target::TargetCfg;
use cloudc_compiler::project::{About, Crate, Dependency, Options, Project, cargo};
use cloudc_compiler::report::{Style, render_json, render_text};
use cloudc_compiler::span::Sources;
use cloudc_compiler::{Analysis, analyse, emit, lower, render};

use crate::archive::{Archive, Section};

/// What `rustc --print cfg` says of the target, as far as cases ask.
const TARGET: &str = "panic=\"unwind\"\ntarget_arch=\"x86_64\"\ntarget_endian=\"little\"\ntarget_env=\"gnu\"\n\
    target_family=\"unix\"\ntarget_os=\"linux\"\ntarget_pointer_width=\"64\"\ntarget_vendor=\"unknown\"\nunix";

const STYLE: Style = Style {
    color: false,
    unicode: true,
    width: 100,
};

/// A compiled case.
struct Compiled {
    analysis: Analysis,
    manifests: emit::Tree,
}

/// The case with every answer as it is. A case whose application has mistakes wants to see them, asked or not.
pub(crate) fn answer(case: &Archive) -> Result<Archive, String> {
    let compiled = compile(case)?;
    let mut answered = case.clone();
    let asks = |name: &str| {
        case.sections
            .iter()
            .any(|section| section.question() == Some(name))
    };
    if !compiled.analysis.diagnostics.is_empty() && !asks("check") && !asks("json") {
        answered.sections.push(Section::new("want: check", ""));
    }
    for section in &mut answered.sections {
        if let Some(question) = section.name.strip_prefix("want: ") {
            section.text = compiled.answer(question)?;
        }
    }
    Ok(answered)
}

/// All that there is to say about a case, and how a person reads it.
pub(crate) fn check(case: &Archive) -> Result<(Vec<Diagnostic>, String), String> {
    let compiled = compile(case)?;
    let text = compiled.answer("check")?;
    Ok((compiled.analysis.diagnostics, text))
}

fn compile(case: &Archive) -> Result<Compiled, String> {
    let options = arguments(case)?;
    let folder;
    let files: Box<dyn Files>;
    let project = if case.section("Cargo.toml").is_some() {
        folder = crate::shell::write(case);
        files = Box::new(Disk);
        cargo::find(&folder.path(""), &options.project).map_err(|found| found.message)?
    } else {
        let memory = case.files().map(|file| {
            (
                Path::new("/app").join(&file.name),
                file.text.clone().into_bytes(),
            )
        });
        files = Box::new(Memory(memory.collect()));
        project()
    };
    let mut sources = Sources::default();
    let (settings, found) = settings(case, options.environment.as_deref(), &project, &mut sources);
    let mut analysis = analyse(
        &project,
        files.as_ref(),
        &Cache::empty(),
        sources,
        settings.target,
    )
    .map_err(|error| error.to_string())?;
    analysis.diagnostics.extend(found);
    let mut manifests = BTreeMap::new();
    if analysis
        .diagnostics
        .iter()
        .all(|found| found.severity != Severity::Error)
    {
        match lower::lower(&analysis.graph, &settings) {
            Ok(lowered) => {
                manifests = emit::yaml::manifests(&lowered).map_err(|error| error.to_string())?
            }
            Err(found) => analysis.diagnostics.extend(found),
        }
    }
    diagnostic::sort(&mut analysis.diagnostics);
    Ok(Compiled {
        analysis,
        manifests,
    })
}

/// The package `app` with nothing but `src/lib.rs` and the runtime.
fn project() -> Project {
    let root = PathBuf::from("/app");
    Project {
        folder: root.clone(),
        crates: vec![Crate {
            package: "app".to_owned(),
            name: "app".to_owned(),
            folder: root.clone(),
            file: root.join("src/lib.rs"),
            edition_2015: false,
            features: Vec::new(),
            dependencies: ["cloudc", "serde", "tokio"]
                .map(|name| {
                    (
                        name.to_owned(),
                        if name == "cloudc" {
                            Dependency::Cloudc
                        } else {
                            Dependency::Foreign
                        },
                    )
                })
                .to_vec(),
        }],
        cfg: TargetCfg::parse(TARGET),
        runtime: None,
        about: About::default(),
        root,
    }
}

#[derive(Default)]
struct Given {
    project: Options,
    environment: Option<String>,
}

/// What the section `arguments` says, in the words of the command line.
fn arguments(case: &Archive) -> Result<Given, String> {
    let mut given = Given::default();
    let text = case
        .section("arguments")
        .map_or("", |section| &section.text);
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .map(str::to_owned)
                .ok_or(format!("{word} takes a value"))
        };
        match word {
            "-p" => given.project.package = Some(value()?),
            "--features" => given.project.features.push(value()?),
            "--all-features" => given.project.all_features = true,
            "--no-default-features" => given.project.no_default_features = true,
            "--env" => given.environment = Some(value()?),
            other => return Err(format!("a case knows no argument {other}")),
        }
    }
    Ok(given)
}

fn settings(
    case: &Archive,
    environment: Option<&str>,
    project: &Project,
    sources: &mut Sources,
) -> (Settings, Vec<Diagnostic>) {
    let text = case
        .section("cloudc.toml")
        .map_or("", |section| &section.text);
    let file = sources.add(
        "cloudc.toml",
        &project.folder.join("cloudc.toml"),
        Arc::from(text),
    );
    let (config, mut found) = Config::parse(text, file);
    let settings = config.settings(environment).unwrap_or_else(|unknown| {
        found.push(unknown);
        Settings::default()
    });
    (settings, found)
}

impl Compiled {
    fn answer(&self, question: &str) -> Result<String, String> {
        let Analysis {
            graph,
            sources,
            diagnostics,
        } = &self.analysis;
        let words: Vec<&str> = question.split(' ').collect();
        Ok(match words.as_slice() {
            ["check"] if diagnostics.is_empty() => "nothing to say\n".to_owned(),
            ["check"] => render_text(diagnostics, sources, STYLE),
            ["json"] => render_json(diagnostics, sources),
            ["edges"] => edges(graph),
            ["graph"] => render::tree(graph, sources),
            ["graph.json"] => render::json(graph, sources),
            ["graph.mmd"] => render::mermaid(graph, sources),
            ["graph.dot"] => render::dot(graph, sources),
            ["why", function, resource] => match why(graph, function, resource) {
                Answer::Edges(function, resource, edges) => {
                    render::why(graph, sources, function, resource, &edges)
                }
                other => return Err(format!("{other:?}")),
            },
            [path] => match self.manifests.get(*path) {
                Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                None => {
                    let known: Vec<&str> = self.manifests.keys().map(String::as_str).collect();
                    return Err(format!(
                        "nothing is called {path}; there is {}",
                        known.join(", ")
                    ));
                }
            },
            _ => return Err(format!("nobody knows what `want: {question}` means")),
        })
    }
}

/// Who does what to which, a line each.
fn edges(graph: &Graph) -> String {
    let line = |edge: &cloudc_compiler::graph::Edge| {
        let function = &graph.functions[edge.function.0].name;
        let resource = match edge.resource {
            Resource::Queue(id) => &graph.queues[id.0].name,
            Resource::Cache(id) => &graph.caches[id.0].name,
        };
        let operation = format!("{:?}", edge.operation).to_lowercase();
        format!("{function}: {operation} {resource}\n")
    };
    if graph.edges.is_empty() {
        return "none\n".to_owned();
    }
    graph.edges.iter().map(line).collect()
}
