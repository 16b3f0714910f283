//! When a schedule runs next, as the CronJobs of Kubernetes decide it.
//!
//! Kubernetes asks `Next` of robfig/cron v3, and this is the same walk: it looks at a point in time field
//! by field, and where one does not fit, it goes on to the next month, day, hour or minute. Where clocks
//! change, what comes out is nobody's rule but follows from the steps: an hour is sixty minutes later,
//! whatever the clock says then. So a time that is skipped in spring does not run, one that is there
//! twice in autumn runs twice, and where clocks change by half an hour, the hours after it are walked at
//! their half, and what runs at a full hour is left out until midnight. A clock that did better than the
//! cluster would be of no help.

use std::cell::Cell;

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{Offset, TimeZone};

use crate::cron::Cron;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// After so many years without a match there is none.
const YEARS: i16 = 5;

impl Cron {
    /// The first point in time after this one at which the schedule runs in a time zone, at a full
    /// minute. `None` when there is none within five years, or before the end of all calendars.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let walk = Walk {
            cron: self,
            zone,
            offset: Cell::default(),
            date: Cell::default(),
        };
        let mut at = At::start(after);
        let last_year = walk.date(walk.clock(at.second)?)?.year() + YEARS;
        // Each turn begins where a larger field may have changed.
        while walk.date(walk.clock(at.second)?)?.year() <= last_year {
            if walk.to_month(&mut at)?
                && walk.to_day(&mut at)?
                && walk.to_hour(&mut at)?
                && walk.to_minute(&mut at)?
            {
                return Timestamp::from_second(at.second).ok();
            }
        }
        None
    }

    /// Both kinds of day have to fit where one is open, and one is enough where both are given.
    fn has_day(&self, date: civil::Date, clock: Clock) -> bool {
        let day = self.days >> date.day() & 1 == 1;
        let weekday = self.weekdays >> clock.weekday() & 1 == 1;
        if self.any_day || self.any_weekday {
            day && weekday
        } else {
            day || weekday
        }
    }

    fn has_month(&self, date: civil::Date) -> bool {
        self.months >> date.month() & 1 == 1
    }

    fn has_hour(&self, clock: Clock) -> bool {
        self.hours >> clock.hour() & 1 == 1
    }

    fn has_minute(&self, clock: Clock) -> bool {
        self.minutes >> clock.minute() & 1 == 1
    }
}

/// Where the walk is.
struct At {
    /// Since 1970.
    second: i64,
    /// Whether it has left its start: from then on it is at the beginning of something.
    left: bool,
}

impl At {
    /// The second after.
    fn start(after: Timestamp) -> Self {
        // A time before 1970 has a negative fraction.
        let whole = after.as_second() - i64::from(after.subsec_nanosecond() < 0);
        Self {
            second: whole + 1,
            left: false,
        }
    }

    /// Leaves the start, to the beginning of what it is in.
    fn leave(&mut self, beginning: impl FnOnce() -> Option<i64>) -> Option<()> {
        if !self.left {
            self.left = true;
            self.second = beginning()?;
        }
        Some(())
    }
}

/// What clocks show: seconds since 1970 as if they were in UTC.
#[derive(Clone, Copy)]
struct Clock(i64);

impl Clock {
    /// Days since 1970.
    fn days(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    fn weekday(self) -> i64 {
        // 1970 began on a Thursday.
        (self.days() + 4).rem_euclid(7)
    }

    fn hour(self) -> i64 {
        self.0.rem_euclid(DAY) / HOUR
    }

    fn minute(self) -> i64 {
        self.0.rem_euclid(HOUR) / MINUTE
    }

    fn midnight(self) -> Self {
        Self(self.0 - self.0.rem_euclid(DAY))
    }

    fn days_later(self, days: i64) -> Self {
        Self(self.0 + days * DAY)
    }
}

struct Walk<'a> {
    cron: &'a Cron,
    zone: &'a TimeZone,
    /// The last offset that was looked up, and from and until when it holds: most steps stay in it.
    offset: Cell<Option<(i64, i64, i64)>>,
    /// The last date that was looked up, and its days since 1970.
    date: Cell<Option<(i64, civil::Date)>>,
}

/// The steps to the next match of one field. Each is true where a match was found, and false where a
/// larger field began anew, which has to be looked at again.
impl Walk<'_> {
    fn to_month(&self, at: &mut At) -> Option<bool> {
        loop {
            let clock = self.clock(at.second)?;
            if self.cron.has_month(self.date(clock)?) {
                return Some(true);
            }
            at.leave(|| {
                let first = clock.days_later(1 - i64::from(self.date(clock)?.day()));
                self.second(first.midnight())
            })?;
            let clock = self.clock(at.second)?;
            let days = i64::from(self.date(clock)?.days_in_month());
            at.second = self.second(clock.days_later(days))?;
            if self.date(self.clock(at.second)?)?.month() == 1 {
                return Some(false);
            }
        }
    }

    fn to_day(&self, at: &mut At) -> Option<bool> {
        loop {
            let clock = self.clock(at.second)?;
            if self.cron.has_day(self.date(clock)?, clock) {
                return Some(true);
            }
            at.leave(|| self.second(clock.midnight()))?;
            at.second = self.second(self.clock(at.second)?.days_later(1))?;
            // Midnight was skipped: forward from late in the evening, back from early in the morning.
            let hour = self.clock(at.second)?.hour();
            let hours = if hour > 12 { 24 - hour } else { -hour };
            at.second += hours * HOUR;
            if self.date(self.clock(at.second)?)?.day() == 1 {
                return Some(false);
            }
        }
    }

    fn to_hour(&self, at: &mut At) -> Option<bool> {
        loop {
            let clock = self.clock(at.second)?;
            if self.cron.has_hour(clock) {
                return Some(true);
            }
            at.leave(|| self.second(Clock(clock.0 - clock.0.rem_euclid(HOUR))))?;
            at.second += HOUR;
            if self.clock(at.second)?.hour() == 0 {
                return Some(false);
            }
        }
    }

    fn to_minute(&self, at: &mut At) -> Option<bool> {
        loop {
            let clock = self.clock(at.second)?;
            if self.cron.has_minute(clock) {
                let late = clock.0.rem_euclid(MINUTE);
                if late != 0 {
                    at.left = true;
                    at.second += MINUTE - late;
                }
                return Some(late == 0);
            }
            let second = at.second - at.second.rem_euclid(MINUTE);
            at.leave(|| Some(second))?;
            at.second += MINUTE;
            if self.clock(at.second)?.minute() == 0 {
                return Some(false);
            }
        }
    }

    fn clock(&self, second: i64) -> Option<Clock> {
        Some(Clock(second + self.offset(second)?))
    }

    /// When clocks show this. Where they show it never or twice it is what Go's `time.Date` takes: the
    /// offset at the time that follows from the offset at the time as if it were in UTC.
    fn second(&self, clock: Clock) -> Option<i64> {
        let near = clock.0 - self.offset(clock.0)?;
        Some(clock.0 - self.offset(near)?)
    }

    /// Offsets that are the same at two times three hours apart are the same in between: clocks are not
    /// changed and changed back so soon.
    fn offset(&self, second: i64) -> Option<i64> {
        const SPAN: i64 = 3 * HOUR;
        if let Some((from, until, offset)) = self.offset.get()
            && (from..=until).contains(&second)
        {
            return Some(offset);
        }
        let look_up = |second| {
            let at = Timestamp::from_second(second).ok()?;
            Some(i64::from(self.zone.to_offset(at).seconds()))
        };
        let offset = look_up(second)?;
        if look_up(second + SPAN) == Some(offset) {
            self.offset.set(Some((second, second + SPAN, offset)));
        }
        Some(offset)
    }

    fn date(&self, clock: Clock) -> Option<civil::Date> {
        let days = clock.days();
        if let Some((known, date)) = self.date.get()
            && known == days
        {
            return Some(date);
        }
        let shown = Timestamp::from_second(clock.0).ok()?;
        let date = Offset::UTC.to_datetime(shown).date();
        self.date.set(Some((days, date)));
        Some(date)
    }
}

#[cfg(test)]
mod tests;
