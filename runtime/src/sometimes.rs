//! Conditions that a test suite has to have seen true.

/// A place that says `sometimes!`. Whether it was reached, and its condition true, the worlds know:
/// each test and each simulation for itself.
#[cfg(feature = "test")]
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Site {
    /// The source file, as rustc was given it.
    pub file: &'static str,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
    /// What should be true at some time: the text that was given, or the condition as it was written.
    pub text: &'static str,
}

/// A place that is linked into this program, whether it is reached or not.
#[cfg(feature = "test")]
#[derive(Debug)]
pub struct SiteRegistration(pub &'static Site);

#[cfg(feature = "test")]
inventory::collect!(SiteRegistration);

/// All places that are linked into this program, by file, line and column.
#[cfg(feature = "test")]
pub fn sites() -> Vec<&'static Site> {
    let mut sites: Vec<_> = inventory::iter::<SiteRegistration>
        .into_iter()
        .map(|site| site.0)
        .collect();
    sites.sort_unstable();
    sites
}

/// Tells the current world of a condition, if there is one.
#[cfg(feature = "test")]
pub fn hit(site: &'static Site, condition: bool) {
    crate::testing::sometimes_hit(site, condition);
}

/// Says that a condition should be true at some time, or a simulation has not tried enough: one in
/// which it never was fails, and names it. It may be false as often as it likes. `cloudc test` refuses one that was
/// true in no test at all, reached or not.
///
/// ```
/// # use cloudc::sometimes;
/// # let attempt = 1;
/// sometimes!(attempt > 1);
/// sometimes!(attempt > 1, "an order is charged again");
/// ```
///
/// Without the feature `test` it does no more than to compute the condition.
#[cfg(feature = "test")]
#[macro_export]
macro_rules! sometimes {
    ($condition:expr $(,)?) => {
        $crate::sometimes!(@ $condition, ::core::stringify!($condition))
    };
    ($condition:expr, $text:literal $(,)?) => {
        $crate::sometimes!(@ $condition, $text)
    };
    (@ $condition:expr, $text:expr) => {{
        let condition: bool = $condition;
        static SITE: $crate::__private::Site = $crate::__private::Site {
            file: ::core::file!(),
            line: ::core::line!(),
            column: ::core::column!(),
            text: $text,
        };
        $crate::__private::inventory::submit! {
            $crate::__private::SiteRegistration(&SITE)
        }
        $crate::__private::sometimes(&SITE, condition);
    }};
}

/// Says that a condition should be true at some time, or a simulation has not tried enough. Without the
/// feature `test`, as here, it does no more than to compute the condition.
#[cfg(not(feature = "test"))]
#[macro_export]
macro_rules! sometimes {
    ($condition:expr $(, $text:literal)? $(,)?) => {{
        let _: bool = $condition;
    }};
}
