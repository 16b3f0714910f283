//! The pages of `cloudc explain`: the wrong example has the mistake that the page is about and no other error, the
//! right one has nothing at all.

use cloudc_compiler::codes::{Code, PAGES};
use cloudc_compiler::diagnostic::Severity;
use libtest_mimic::{Failed, Trial};

use crate::archive::{Archive, Section};
use crate::compile;

pub(crate) fn trials() -> impl Iterator<Item = Trial> {
    PAGES
        .iter()
        .map(|(code, page)| Trial::test(format!("pages/{code}"), || run(*code, page)))
}

fn run(code: Code, page: &str) -> Result<(), Failed> {
    let examples = page.split("```").skip(1).step_by(2);
    let examples = examples.map(|block| block.split_once('\n').unwrap_or_default());
    for (heading, (language, text)) in ["wrong", "right"].into_iter().zip(examples) {
        let file = match language {
            "rust" => vec![Section::new("src/lib.rs", text)],
            "toml" => vec![
                Section::new("src/lib.rs", function(text)),
                Section::new("cloudc.toml", text),
            ],
            _ => continue,
        };
        let (found, text) = compile::check(&Archive {
            about: String::new(),
            sections: file.into_iter().chain(environment(text)).collect(),
        })?;
        let others = found
            .iter()
            .any(|found| found.code != code && found.severity == Severity::Error);
        let has = found.iter().any(|found| found.code == code);
        if heading == "wrong" && (!has || others) {
            return Err(format!(
                "the wrong example should have {code} and no other error:\n{text}"
            )
            .into());
        }
        if heading == "right" && !found.is_empty() {
            return Err(format!("the right example should have nothing:\n{text}").into());
        }
    }
    Ok(())
}

/// A `cloudc.toml` may say in a comment for which function it is.
fn function(text: &str) -> String {
    let given = text
        .split_once("# for `#[")
        .and_then(|(_, rest)| rest.split_once("]`"));
    let (attribute, _) = given.unwrap_or(("function(http = \"GET /hello\")", ""));
    format!("#[cloudc::{attribute}]\nasync fn hello() {{}}\n")
}

/// An example may say in a comment for which environment it is.
fn environment(text: &str) -> Option<Section> {
    let (_, rest) = text.split_once("--env ")?;
    let name = rest.split_whitespace().next()?;
    Some(Section::new("arguments", format!("--env {name}")))
}
