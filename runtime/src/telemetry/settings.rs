//! What the environment says of telemetry, by the names that OpenTelemetry has fixed.

use axum::http::Uri;

/// What is sent, and as whom.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// Where spans go; `None` for nowhere.
    pub(super) traces: Option<String>,
    /// Where metrics go; `None` for nowhere.
    pub(super) metrics: Option<String>,
    /// `service.name`.
    pub(super) service: String,
    /// `service.instance.id`: two pods that count must not look like one.
    pub(super) instance: Option<String>,
}

/// Reads them by name.
///
/// # Errors
///
/// Which variable has a value that this cannot follow.
pub(super) fn read(
    app: &str,
    workload: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Settings, String> {
    // An empty variable is one that is not set.
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let is_disabled = variable("OTEL_SDK_DISABLED").is_some_and(|value| value == "true");
    let endpoint = |signal: &str, path: &str| {
        if is_disabled || variable(&format!("OTEL_{signal}_EXPORTER")).as_deref() == Some("none") {
            return Ok(None);
        }
        endpoint(signal, path, &variable)
    };
    Ok(Settings {
        traces: endpoint("TRACES", "v1/traces")?,
        metrics: endpoint("METRICS", "v1/metrics")?,
        service: variable("OTEL_SERVICE_NAME").unwrap_or_else(|| format!("{app}-{workload}")),
        instance: variable("HOSTNAME"),
    })
}

/// Where a signal goes: its own address as it is, or its path below the one of all.
fn endpoint(
    signal: &str,
    path: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Option<String>, String> {
    const ALL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
    let own = format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT");
    let (name, address) = match (variable(&own), variable(ALL)) {
        (Some(address), _) => (&*own, address),
        (None, Some(base)) => (ALL, format!("{}/{path}", base.trim_end_matches('/'))),
        (None, None) => return Ok(None),
    };
    let is_http = address.parse::<Uri>().is_ok_and(|uri| {
        uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https"))
    });
    if !is_http {
        return Err(format!(
            "{name} is no address of a receiver: set it to one like http://collector:4318"
        ));
    }
    for name in [
        format!("OTEL_EXPORTER_OTLP_{signal}_PROTOCOL"),
        "OTEL_EXPORTER_OTLP_PROTOCOL".to_owned(),
    ] {
        match variable(&name).as_deref() {
            None => continue,
            Some("http/protobuf") => break,
            Some(other) => {
                return Err(format!(
                    "{name} is {other:?}, which this cannot speak: leave it out, or set it to http/protobuf, and the \
                     endpoint to the receiver's port for that, which is 4318 where nobody says otherwise"
                ));
            }
        }
    }
    for what in ["CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"] {
        for name in [
            format!("OTEL_EXPORTER_OTLP_{signal}_{what}"),
            format!("OTEL_EXPORTER_OTLP_{what}"),
        ] {
            if variable(&name).is_some() {
                return Err(format!(
                    "{name} is set, which this cannot follow: leave it out, and send to a receiver in the cluster over http, or to one \
                     whose certificate is from a public authority"
                ));
            }
        }
    }
    Ok(Some(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Settings, String> {
        read("shop", "charge", |name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn places(variables: &[(&str, &str)]) -> (Option<String>, Option<String>) {
        let settings = of(variables).expect("settings");
        (settings.traces, settings.metrics)
    }

    const ALL: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/");

    #[test]
    fn nothing_is_sent_unless_somebody_says_where() {
        assert_eq!(places(&[]), (None, None));
        assert_eq!(places(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]), (None, None));
        // Nor does it matter then what it would be sent as.
        assert_eq!(
            places(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]),
            (None, None)
        );
        assert_eq!(places(&[ALL, ("OTEL_SDK_DISABLED", "true")]), (None, None));
    }

    #[test]
    fn where_each_signal_goes() {
        let traces = Some("http://collector:4318/v1/traces".to_owned());
        let metrics = Some("http://collector:4318/v1/metrics".to_owned());
        assert_eq!(places(&[ALL]), (traces.clone(), metrics.clone()));
        assert_eq!(
            places(&[ALL, ("OTEL_METRICS_EXPORTER", "none")]),
            (traces, None)
        );
        let own = (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "https://traces.example.com/in",
        );
        let traces = Some("https://traces.example.com/in".to_owned());
        assert_eq!(places(&[own]), (traces.clone(), None));
        assert_eq!(places(&[own, ALL]), (traces, metrics));
    }

    #[test]
    fn who_sends_it() {
        assert_eq!(of(&[]).expect("settings").service, "shop-charge");
        let named = of(&[("OTEL_SERVICE_NAME", "till"), ("HOSTNAME", "charge-1")]);
        let named = named.expect("settings");
        assert_eq!(
            (named.service.as_str(), named.instance.as_deref()),
            ("till", Some("charge-1"))
        );
    }

    #[test]
    fn what_it_cannot_follow() {
        let error = of(&[ALL, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]).expect_err("no gRPC");
        assert!(
            error.starts_with("OTEL_EXPORTER_OTLP_PROTOCOL is \"grpc\""),
            "{error}"
        );
        // The signal's own says more.
        let own = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf");
        let metrics = ("OTEL_METRICS_EXPORTER", "none");
        assert!(of(&[ALL, own, metrics, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]).is_ok());
        let own = ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/etc/ca.pem");
        let error = of(&[ALL, own]).expect_err("public authorities alone");
        assert!(
            error.starts_with("OTEL_EXPORTER_OTLP_CERTIFICATE is set"),
            "{error}"
        );
        assert!(of(&[own]).is_ok(), "nothing is sent");
        for address in ["collector:4318", "/v1/traces", "grpc://collector:4317"] {
            let error = of(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", address)]);
            let error = error.expect_err(address);
            assert!(
                error.starts_with("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
                "{error}"
            );
        }
    }
}
