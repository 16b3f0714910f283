use std::time::Duration;

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use crate::cron::Cron;

/// As the attribute's expansion writes it.
fn cron(text: &str) -> Cron {
    let read = cloudc_syntax::Cron::parse(text).expect(text);
    Cron {
        minutes: read.minutes.bits,
        hours: read.hours.bits as u32,
        days: read.days.bits as u32,
        months: read.months.bits as u16,
        weekdays: read.weekdays.bits as u8,
        any_day: read.days.any,
        any_weekday: read.weekdays.any,
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().expect(text)
}

/// The runs after this time, as many as are given.
fn runs(zone: &str, text: &str, after: &str, expected: &[&str]) {
    let (schedule, zone) = (cron(text), TimeZone::get(zone).expect(zone));
    let mut at = time(after);
    for expected in expected {
        let next = schedule.next(at, &zone).expect("it runs again");
        let shown = next.to_zoned(zone.clone());
        let shown = shown.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        assert_eq!(shown, *expected, "{text} after {at}");
        at = next;
    }
}

#[test]
fn in_utc() {
    let utc = |text, after, expected: &[&str]| runs("UTC", text, after, expected);
    utc(
        "*/15 * * * *",
        "2026-02-28T23:44:59Z",
        &[
            "2026-02-28T23:45:00+00:00",
            "2026-03-01T00:00:00+00:00",
            "2026-03-01T00:15:00+00:00",
        ],
    );
    // A fraction of a second before, and none.
    utc(
        "0 12 * * *",
        "2026-01-01T11:59:59.999Z",
        &["2026-01-01T12:00:00+00:00"],
    );
    utc(
        "0 12 * * *",
        "2026-01-01T12:00:00Z",
        &["2026-01-02T12:00:00+00:00"],
    );
    utc(
        "30 4 1,31 1-3 *",
        "2026-01-15T00:00:00Z",
        &[
            "2026-01-31T04:30:00+00:00",
            "2026-02-01T04:30:00+00:00",
            "2026-03-01T04:30:00+00:00",
            "2026-03-31T04:30:00+00:00",
            "2027-01-01T04:30:00+00:00",
        ],
    );
    // Before 1970, where a fraction counts backwards.
    utc(
        "* * * * *",
        "1969-12-31T23:58:59.5Z",
        &["1969-12-31T23:59:00+00:00", "1970-01-01T00:00:00+00:00"],
    );
}

#[test]
fn kinds_of_days() {
    let utc = |text, expected: &[&str]| runs("UTC", text, "2026-05-31T12:00:00Z", expected);
    // Both given: one is enough. 2026-06-01 is a Monday.
    utc(
        "0 0 3 * mon",
        &[
            "2026-06-01T00:00:00+00:00",
            "2026-06-03T00:00:00+00:00",
            "2026-06-08T00:00:00+00:00",
        ],
    );
    utc(
        "0 0 * * mon",
        &["2026-06-01T00:00:00+00:00", "2026-06-08T00:00:00+00:00"],
    );
    utc(
        "0 0 3 * ?",
        &["2026-06-03T00:00:00+00:00", "2026-07-03T00:00:00+00:00"],
    );
    // A star with a step is no open field.
    utc(
        "0 0 */15 * wed",
        &[
            "2026-06-01T00:00:00+00:00",
            "2026-06-03T00:00:00+00:00",
            "2026-06-10T00:00:00+00:00",
            "2026-06-16T00:00:00+00:00",
        ],
    );
    // Leap days, four years apart.
    utc(
        "0 0 29 2 *",
        &["2028-02-29T00:00:00+00:00", "2032-02-29T00:00:00+00:00"],
    );
}

#[test]
fn never() {
    for text in ["0 0 30 2 *", "0 0 31 4,6 *"] {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        assert_eq!(cron(text).next(time("2026-01-01T00:00:00Z"), &zone), None);
    }
    // 2100 has no leap day: eight years are more than five.
    let leap = cron("0 0 29 2 *");
    assert_eq!(
        leap.next(time("2096-03-01T00:00:00Z"), &TimeZone::UTC),
        None
    );
    assert_eq!(
        cron("0 0 1 1 *").next(Timestamp::MAX, &TimeZone::UTC),
        None,
        "the calendar ends"
    );
    assert_eq!(leap.next(Timestamp::MIN, &TimeZone::UTC), None);
}

/// 2026: forward on 29 March from 02:00 to 03:00, back on 25 October from 03:00 to 02:00.
#[test]
fn in_berlin() {
    let berlin = |text, after, expected: &[&str]| runs("Europe/Berlin", text, after, expected);
    berlin(
        "30 2 * * *",
        "2026-03-27T12:00:00Z",
        &[
            "2026-03-28T02:30:00+01:00",
            "2026-03-30T02:30:00+02:00",
            "2026-03-31T02:30:00+02:00",
        ],
    );
    berlin(
        "0 3 * * *",
        "2026-03-28T12:00:00Z",
        &["2026-03-29T03:00:00+02:00", "2026-03-30T03:00:00+02:00"],
    );
    berlin(
        "*/30 * * * *",
        "2026-03-29T00:00:00Z",
        &[
            "2026-03-29T01:30:00+01:00",
            "2026-03-29T03:00:00+02:00",
            "2026-03-29T03:30:00+02:00",
        ],
    );
    // From inside of the hour before the gap.
    berlin(
        "15 4 * * *",
        "2026-03-29T00:59:59Z",
        &["2026-03-29T04:15:00+02:00"],
    );
    berlin(
        "30 2 * * *",
        "2026-10-24T12:00:00Z",
        &[
            "2026-10-25T02:30:00+02:00",
            "2026-10-25T02:30:00+01:00",
            "2026-10-26T02:30:00+01:00",
        ],
    );
    berlin(
        "0 * * * *",
        "2026-10-24T23:30:00Z",
        &[
            "2026-10-25T02:00:00+02:00",
            "2026-10-25T02:00:00+01:00",
            "2026-10-25T03:00:00+01:00",
        ],
    );
    berlin(
        "0 3 * * *",
        "2026-10-24T12:00:00Z",
        &["2026-10-25T03:00:00+01:00", "2026-10-26T03:00:00+01:00"],
    );
    berlin(
        "@daily",
        "2026-10-24T12:00:00Z",
        &["2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"],
    );
}

/// 2026: forward on 8 March at 02:00, back on 1 November at 02:00.
#[test]
fn in_new_york() {
    let new_york = |text, after, expected: &[&str]| runs("America/New_York", text, after, expected);
    new_york(
        "30 2 * * *",
        "2026-03-06T12:00:00Z",
        &["2026-03-07T02:30:00-05:00", "2026-03-09T02:30:00-04:00"],
    );
    new_york(
        "15 2 8 3 *",
        "2026-03-01T12:00:00Z",
        &["2027-03-08T02:15:00-05:00"],
    );
    new_york(
        "0 1 * * *",
        "2026-10-31T12:00:00Z",
        &[
            "2026-11-01T01:00:00-04:00",
            "2026-11-01T01:00:00-05:00",
            "2026-11-02T01:00:00-05:00",
        ],
    );
    new_york(
        "45 1 1 11 *",
        "2026-11-01T05:50:00Z",
        &["2026-11-01T01:45:00-05:00", "2027-11-01T01:45:00-04:00"],
    );
    new_york(
        "0 0 1 * *",
        "2026-10-15T12:00:00Z",
        &["2026-11-01T00:00:00-04:00", "2026-12-01T00:00:00-05:00"],
    );
}

/// Half an hour: in 2026 back on 5 April from 02:00 to 01:30, forward on 4 October from 02:00 to 02:30.
/// The walk by whole hours then comes to the half of each hour, and misses its beginning until midnight.
#[test]
fn on_lord_howe_island() {
    let island =
        |text, after, expected: &[&str]| runs("Australia/Lord_Howe", text, after, expected);
    island(
        "45 1 * * *",
        "2026-04-04T00:00:00Z",
        &[
            "2026-04-05T01:45:00+11:00",
            "2026-04-05T01:45:00+10:30",
            "2026-04-06T01:45:00+10:30",
        ],
    );
    island(
        "0 2 * * *",
        "2026-04-04T00:00:00Z",
        &["2026-04-06T02:00:00+10:30"],
    );
    island(
        "15 2 * * *",
        "2026-10-02T16:00:00Z",
        &["2026-10-05T02:15:00+11:00"],
    );
    island(
        "45 2 * * *",
        "2026-10-02T18:00:00Z",
        &["2026-10-04T02:45:00+11:00", "2026-10-05T02:45:00+11:00"],
    );
    island(
        "0 3 * * *",
        "2026-10-02T18:00:00Z",
        &["2026-10-05T03:00:00+11:00"],
    );
    island(
        "*/30 * * * *",
        "2026-10-03T15:00:00Z",
        &[
            "2026-10-04T02:30:00+11:00",
            "2026-10-04T03:00:00+11:00",
            "2026-10-04T03:30:00+11:00",
        ],
    );
}

/// Midnight was skipped on 4 November 2018.
#[test]
fn where_a_day_began_at_one() {
    let sao_paulo =
        |text, after, expected: &[&str]| runs("America/Sao_Paulo", text, after, expected);
    sao_paulo(
        "@daily",
        "2018-11-02T12:00:00Z",
        &["2018-11-03T00:00:00-03:00", "2018-11-05T00:00:00-02:00"],
    );
    sao_paulo(
        "0 7 5 * *",
        "2018-10-20T12:00:00Z",
        &["2018-11-05T07:00:00-02:00", "2018-12-05T07:00:00-02:00"],
    );
    sao_paulo(
        "0 7 4 11 *",
        "2018-10-20T12:00:00Z",
        &["2018-11-04T07:00:00-02:00"],
    );
}

/// By looking at every minute.
fn naive(cron: &Cron, after: Timestamp, minutes: i32) -> Option<Timestamp> {
    let second = after.as_second();
    let mut at = Timestamp::from_second(second - second.rem_euclid(60)).expect("a time");
    for _ in 0..minutes {
        at += Duration::from_secs(60);
        let shown = Offset::UTC.to_datetime(at);
        let has = |set: u64, value: i8| set >> value & 1 == 1;
        let day = has(cron.days.into(), shown.day());
        let weekday = shown.weekday().to_sunday_zero_offset();
        let weekday = has(cron.weekdays.into(), weekday);
        let day = match (cron.any_day, cron.any_weekday) {
            (false, false) => day || weekday,
            _ => day && weekday,
        };
        if day
            && has(cron.minutes, shown.minute())
            && has(cron.hours.into(), shown.hour())
            && has(cron.months.into(), shown.month())
        {
            return Some(at);
        }
    }
    None
}

fn field(min: u32, max: u32) -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("*".to_owned()),
        2 => (min..=max).prop_map(|value| value.to_string()),
        1 => (1u32..20).prop_map(|step| format!("*/{step}")),
        2 => (min..=max, min..=max).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        1 => (min..=max, min..=max).prop_map(|(a, b)| format!("{a},{b}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn as_if_every_minute_was_looked_at(
        fields in (field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6)),
        after in 1_500_000_000_000i64..2_500_000_000_000,
    ) {
        const MINUTES: i32 = 30 * 24 * 60;
        let (minutes, hours, days, months, weekdays) = fields;
        let cron = cron(&format!("{minutes} {hours} {days} {months} {weekdays}"));
        let after = Timestamp::from_millisecond(after).expect("a time");
        let next = cron.next(after, &TimeZone::UTC);
        match naive(&cron, after, MINUTES) {
            Some(expected) => prop_assert_eq!(next, Some(expected)),
            None => prop_assert!(next.is_none_or(|next| next > after + MINUTES.minutes())),
        }
    }
}

/// Every run of a year of minutes, over both changes of the clocks.
#[test]
fn a_year_of_minutes() {
    let zone = TimeZone::get("Europe/Berlin").expect("a zone");
    let (schedule, end) = (cron("* * * * *"), time("2027-01-01T00:00:00Z"));
    let mut at = time("2026-01-01T00:00:00Z");
    let mut runs = 0;
    while at < end {
        let next = schedule.next(at, &zone).expect("it runs again");
        assert_eq!(next.as_second(), at.as_second() + 60);
        (at, runs) = (next, runs + 1);
    }
    assert_eq!(runs, 365 * 24 * 60);
}
