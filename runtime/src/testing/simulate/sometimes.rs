//! What shall be true in some run.

use std::collections::BTreeMap;
use std::fmt;

use crate::sometimes::Site;

/// Where a `sometimes!` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteId {
    /// As `file!()` has it.
    pub file: &'static str,
    /// From 1.
    pub line: u32,
    /// The condition, as it is written.
    pub text: &'static str,
}

impl From<&'static Site> for SiteId {
    fn from(site: &'static Site) -> Self {
        Self {
            file: site.file,
            line: site.line,
            text: site.text,
        }
    }
}

/// Where the body of a simulation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// As `file!()` has it.
    pub file: &'static str,
    /// The first line, from 1.
    pub first: u32,
    /// The last line.
    pub last: u32,
}

/// A `sometimes!` that was never true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Missed {
    pub(super) site: SiteId,
    pub(super) reached: bool,
}

/// Those that were reached and never true, and those in the body that were not even reached. Others that
/// were not reached belong to somebody else's test.
pub(super) fn missed(seen: &BTreeMap<SiteId, bool>, all: &[SiteId], body: &Body) -> Vec<Missed> {
    let unheld = seen.iter().filter(|(_, held)| !**held);
    let unheld = unheld.map(|(site, _)| (*site, true));
    let unseen = all
        .iter()
        .filter(|site| body.has(site) && !seen.contains_key(site))
        .map(|site| (*site, false));
    let missed: BTreeMap<_, _> = unheld.chain(unseen).collect();
    let missed = missed.into_iter();
    missed
        .map(|(site, reached)| Missed { site, reached })
        .collect()
}

impl Body {
    fn has(&self, site: &SiteId) -> bool {
        site.file == self.file && (self.first..=self.last).contains(&site.line)
    }
}

impl fmt::Display for SiteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: sometimes!({})", self.file, self.line, self.text)
    }
}
