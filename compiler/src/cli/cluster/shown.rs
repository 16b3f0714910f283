//! What a person sees of a deploy: a table that changes on a terminal, lines elsewhere.

use std::io::{self, IsTerminal as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::cli::arguments::MessageFormat;
use crate::cli::output;
use crate::cluster::{Event, Options, Row, State, Stop};
use crate::span::Sources;

/// How often the clock of a workload on its way moves.
const TICK: Duration = Duration::from_millis(120);

/// The person in front of it: where events go, and where the wish to stop comes from.
#[derive(Clone)]
pub(super) struct Shown {
    inner: Arc<Mutex<Inner>>,
    stop: Stop,
}

struct Inner {
    format: MessageFormat,
    table: Option<Table>,
    told: Vec<Row>,
}

/// The table of a terminal.
struct Table {
    bars: MultiProgress,
    rows: Vec<(String, ProgressBar)>,
}

impl Shown {
    pub(super) fn new(format: MessageFormat, stop: Stop) -> Self {
        let is_terminal = io::stderr().is_terminal() && format == MessageFormat::Text;
        let table = is_terminal.then(|| Table {
            bars: MultiProgress::new(),
            rows: Vec::new(),
        });
        let inner = Inner {
            format,
            table,
            told: Vec::new(),
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
            stop,
        }
    }

    /// Options of work that ends when this person wants it to.
    pub(super) fn heeded(&self, options: &Options) -> Options {
        Options {
            stop: self.stop.clone(),
            ..options.clone()
        }
    }

    /// Shows an event.
    pub(super) fn event(&self, event: Event) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Done(line) => inner.line(&line),
            Event::Warning(warning) => {
                let format = inner.format;
                let show = || {
                    output::report_beside(&[warning], &Sources::default(), format);
                };
                match &inner.table {
                    Some(table) => table.bars.suspend(show),
                    None => show(),
                }
            }
            Event::States(rows) => inner.states(rows),
        }
    }

    /// Leaves the table as it stands.
    pub(super) fn end(&self) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.table = None;
    }
}

impl Inner {
    fn line(&self, line: &str) {
        match &self.table {
            _ if self.format == MessageFormat::Json => {}
            Some(table) => table.bars.suspend(|| output::note(line)),
            None => output::note(line),
        }
    }

    fn states(&mut self, rows: Vec<Row>) {
        if let Some(table) = &mut self.table {
            table.show(&rows);
        } else {
            for row in rows.iter().filter(|row| !self.told.contains(row)) {
                self.line(&row.to_string());
            }
        }
        self.told = rows;
    }
}

impl Table {
    fn show(&mut self, rows: &[Row]) {
        let width = rows.iter().map(|row| row.workload.len()).max().unwrap_or(0);
        for row in rows {
            let known = self
                .rows
                .iter()
                .position(|(workload, _)| *workload == row.workload);
            let index = known.unwrap_or_else(|| {
                let bar = self.bars.add(ProgressBar::new_spinner());
                bar.enable_steady_tick(TICK);
                self.rows.push((row.workload.clone(), bar));
                self.rows.len() - 1
            });
            let Some((_, bar)) = self.rows.get(index) else {
                continue;
            };
            let (template, ended) = match row.state {
                State::Ready(_) => ("{spinner:.green} {msg}", true),
                State::Coming(_) => ("{spinner} {msg}", false),
                State::Hangs(_) => ("{spinner:.yellow} {msg}", false),
                State::Failed(_) => ("{spinner:.red} {msg}", true),
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                let signs = match row.state {
                    State::Failed(_) => ["✗", "✗"],
                    State::Ready(_) => ["✓", "✓"],
                    _ => ["·", "…"],
                };
                bar.set_style(style.tick_strings(&signs));
            }
            let text = format!(
                "{:<width$}  {:<7} {}",
                row.workload,
                row.state.word(),
                row.state.text()
            );
            if ended {
                bar.finish_with_message(text);
            } else {
                bar.reset();
                bar.set_message(text);
            }
        }
    }
}
