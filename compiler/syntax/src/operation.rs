//! What the methods of a resource do. This table is the only place that says it: the compiler makes
//! the graph's edges of it, and the runtime has no method that is not in it.

/// What a function does with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Put a message into a queue.
    Send,
    /// Look into a cache.
    Read,
    /// Change a cache.
    Write,
}

const QUEUE: &[(&str, &[Operation])] = &[
    ("send", &[Operation::Send]),
    ("send_after", &[Operation::Send]),
    ("send_all", &[Operation::Send]),
    ("send_once", &[Operation::Send]),
    ("sender", &[Operation::Send]),
];

const CACHE: &[(&str, &[Operation])] = &[
    ("contains", &[Operation::Read]),
    ("get", &[Operation::Read]),
    ("get_or_set_with", &[Operation::Read, Operation::Write]),
    ("reader", &[Operation::Read]),
    ("remove", &[Operation::Write]),
    ("set", &[Operation::Write]),
    ("set_for", &[Operation::Write]),
    ("writer", &[Operation::Write]),
];

/// What a method of a `Queue` static does; `None` for a method that it does not have.
pub fn queue_operation(method: &str) -> Option<&'static [Operation]> {
    find(QUEUE, method)
}

/// What a method of a `Cache` static does; `None` for a method that it does not have.
pub fn cache_operation(method: &str) -> Option<&'static [Operation]> {
    find(CACHE, method)
}

/// The methods of a `Queue` static, sorted by name.
pub fn queue_operations() -> &'static [(&'static str, &'static [Operation])] {
    QUEUE
}

/// The methods of a `Cache` static, sorted by name.
pub fn cache_operations() -> &'static [(&'static str, &'static [Operation])] {
    CACHE
}

fn find(table: &[(&str, &'static [Operation])], method: &str) -> Option<&'static [Operation]> {
    table
        .iter()
        .find(|(name, _)| *name == method)
        .map(|(_, operations)| *operations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods() {
        assert_eq!(queue_operation("send"), Some(&[Operation::Send][..]));
        assert_eq!(
            cache_operation("get_or_set_with"),
            Some(&[Operation::Read, Operation::Write][..])
        );
        assert_eq!(queue_operation("get"), None);
        assert_eq!(cache_operation("send"), None);
    }

    #[test]
    fn sorted() {
        assert!(QUEUE.is_sorted_by_key(|(name, _)| *name));
        assert!(CACHE.is_sorted_by_key(|(name, _)| *name));
    }
}
