//! `cloudc explain`

use super::arguments::{Explain, MessageFormat};
use super::{DONE, output};
use crate::codes::{self, PAGES};
use crate::diagnostic::Diagnostic;
use crate::span::Sources;
use crate::text::nearest;

pub(super) fn run(arguments: &Explain) -> u8 {
    let Some(code) = &arguments.code else {
        for (_, page) in PAGES {
            let title = page.lines().next().unwrap_or_default();
            output::print(&format!("{}\n", title.trim_start_matches("# ")));
        }
        return DONE;
    };
    match codes::find(code) {
        Some((_, page)) => {
            output::print(page);
            DONE
        }
        None => {
            let found = Diagnostic::error(codes::UNRESOLVED, format!("there is no code `{code}`"));
            let known = PAGES.iter().map(|(code, _)| code.0);
            let help = match nearest(code, known) {
                Some(near) => format!("there is {near}; `cloudc explain` lists all"),
                None => "`cloudc explain` lists all".to_owned(),
            };
            let found = [found.help(help)];
            output::report(&found, &Sources::default(), MessageFormat::Text)
        }
    }
}
