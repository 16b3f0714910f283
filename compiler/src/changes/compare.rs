//! What every comparison does.

use std::collections::BTreeMap;
use std::time::Duration;

use super::change::{Change, Setting, Subject};
use crate::text;

/// The same thing in both lists, or in one of them, by its name.
pub(super) fn pairs<'a, T>(
    old: &'a [T],
    new: &'a [T],
    name: impl Fn(&'a T) -> &'a str,
) -> BTreeMap<&'a str, (Option<&'a T>, Option<&'a T>)> {
    let mut pairs: BTreeMap<_, (Option<&T>, Option<&T>)> = BTreeMap::new();
    for one in old {
        pairs.entry(name(one)).or_default().0 = Some(one);
    }
    for one in new {
        pairs.entry(name(one)).or_default().1 = Some(one);
    }
    pairs
}

/// The change of a setting; `None` where both values are the same.
pub(super) fn setting(
    of: &Subject,
    setting: Setting,
    old: Option<String>,
    new: Option<String>,
) -> Option<Change> {
    (old != new).then(|| Change::setting(of.clone(), setting, old, new))
}

/// A duration as users write it.
pub(super) fn millis(millis: u64) -> String {
    text::duration(Duration::from_millis(millis))
}

/// Whether a bound is lower than it was; `None` is no bound.
pub(super) fn is_less<T: Ord>(old: Option<T>, new: Option<T>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => new < old,
        (None, new) => new.is_some(),
        (Some(_), None) => false,
    }
}
