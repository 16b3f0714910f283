//! The points in time of a schedule, as the attribute's grammar read them.

/// A set bit for each value that a field may have: bit 0 for 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cron {
    /// From 0 to 59.
    pub minutes: u64,
    /// From 0 to 23.
    pub hours: u32,
    /// Days of the month, from 1 to 31.
    pub days: u32,
    /// From 1 to 12.
    pub months: u16,
    /// Days of the week, from 0, which is Sunday, to 6.
    pub weekdays: u8,
    /// Whether the days of the month are left open with `*`.
    pub any_day: bool,
    /// Whether the days of the week are left open with `*`.
    pub any_weekday: bool,
}
