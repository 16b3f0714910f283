//! A session with the real binary: the files of a case in a folder of their own, and commands typed there.

use cloudc_tests::app::{App, Done};

use crate::archive::{Archive, Section};

/// The case with what each command prints.
pub(crate) fn answer(case: &Archive) -> Archive {
    let app = write(case);
    let mut answered = case.clone();
    for section in &mut answered.sections {
        if let Some(command) = section.command() {
            let done = app.run(env!("CARGO_BIN_EXE_cloudc-under-test"), command);
            section.text = transcript(&done, &app);
        }
    }
    answered
}

/// The files of a case in a new folder.
pub(crate) fn write(case: &Archive) -> App {
    let app = App::empty();
    for Section { name, text } in case.files() {
        app.write(name, text);
    }
    app
}

/// What came out: the standard output, then the standard error under a line of its own, then the exit code.
fn transcript(done: &Done, app: &App) -> String {
    let folder = app.path("");
    let real = folder.canonicalize().expect("the folder is there");
    let general = |text: &str| {
        [real.as_path(), folder.as_path()]
            .iter()
            .fold(text.to_owned(), |text, path| {
                text.replace(path.to_string_lossy().trim_end_matches('/'), "[folder]")
            })
    };
    let mut transcript = general(&done.out);
    if !done.err.is_empty() {
        transcript.push_str("[standard error]\n");
        transcript.push_str(&general(&done.err));
    }
    if !transcript.is_empty() && !transcript.ends_with('\n') {
        transcript.push('\n');
    }
    match done.code {
        Some(code) => transcript.push_str(&format!("[exit code {code}]\n")),
        None => transcript.push_str("[ended by a signal]\n"),
    }
    transcript
}
