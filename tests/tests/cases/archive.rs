//! The form of a case: words about it, then sections, each under a line `-- name --`.

use std::fmt;

/// A case.
#[derive(Clone)]
pub(crate) struct Archive {
    /// What the case shows.
    pub(crate) about: String,
    pub(crate) sections: Vec<Section>,
}

/// A file of the application, or what is asked and the answer.
#[derive(Clone)]
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Section {
    pub(crate) fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }

    /// What is asked of the application: `graph` for `-- want: graph --`.
    pub(crate) fn question(&self) -> Option<&str> {
        self.name.strip_prefix("want: ")
    }

    /// What is typed: `cloudc check` for `-- $ cloudc check --`.
    pub(crate) fn command(&self) -> Option<&str> {
        self.name.strip_prefix("$ ")
    }

    /// Whether it is a file of the application.
    pub(crate) fn is_file(&self) -> bool {
        self.question().is_none() && self.command().is_none() && self.name != "arguments"
    }
}

impl Archive {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut case = Self {
            about: String::new(),
            sections: Vec::new(),
        };
        for line in text.lines() {
            let name = line
                .strip_prefix("-- ")
                .and_then(|rest| rest.strip_suffix(" --"));
            if let Some(name) = name {
                case.sections.push(Section::new(name, ""));
                continue;
            }
            let into = case
                .sections
                .last_mut()
                .map_or(&mut case.about, |section| &mut section.text);
            into.push_str(line);
            into.push('\n');
        }
        if case.about.trim().is_empty() {
            return Err("a case starts with a sentence about what it shows".to_owned());
        }
        for section in &mut case.sections {
            // The empty line before the next section is for the eye.
            let end = section.text.trim_end().len();
            section.text.truncate(end);
            if end > 0 {
                section.text.push('\n');
            }
        }
        Ok(case)
    }

    /// The files of the application.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(|section| section.is_file())
    }

    pub(crate) fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }
}

impl fmt::Display for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.about.trim_end())?;
        for section in &self.sections {
            writeln!(f, "\n-- {} --", section.name)?;
            for line in section.text.trim_end().lines() {
                writeln!(f, "{}", line.trim_end())?;
            }
        }
        Ok(())
    }
}
