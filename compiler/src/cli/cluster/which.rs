//! Which application a command is about.

use super::arguments::Which;
use super::session::report;
use crate::cli::{REFUSED, open, output};
use crate::codes;
use crate::diagnostic::Diagnostic;

/// An application's name and namespace.
pub(super) struct Known {
    pub(super) app: String,
    pub(super) namespace: String,
}

/// Finds it. What is wrong has been reported when this returns an exit code.
pub(super) fn find(which: &Which) -> Result<Known, u8> {
    let format = which.project.message_format;
    if let Some(app) = &which.app {
        let namespace = which.namespace.as_ref().unwrap_or(app);
        let strange = [app, namespace].into_iter().find(|name| !is_label(name));
        if let Some(name) = strange {
            let found = Diagnostic::error(
                codes::NO_SUCH_NAME,
                format!("`{name}` is no name of an application or namespace"),
            );
            let help = "with --app, write names as the cluster has them: lower case letters, digits, hyphens";
            return Err(report(&[found.help(help)], format));
        }
        return Ok(Known {
            app: app.clone(),
            namespace: namespace.clone(),
        });
    }
    let opened = open::open(&which.project).map_err(|found| report(&[found], format))?;
    if opened.is_refused() {
        output::report_beside(
            &opened.analysis.diagnostics,
            &opened.analysis.sources,
            format,
        );
        return Err(REFUSED);
    }
    let app = opened.analysis.graph.app;
    Ok(Known {
        namespace: opened.settings.namespace(&app).to_owned(),
        app,
    })
}

fn is_label(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len())
        && name.bytes().all(known)
        && !name.starts_with('-')
        && !name.ends_with('-')
}
