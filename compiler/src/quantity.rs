//! Kubernetes quantities, as far as the lowering computes with them.
//!
//! The rules are those of `k8s.io/apimachinery/pkg/api/resource`.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

const SUFFIXES: [(&str, u128); 13] = [
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("Ti", 1 << 40),
    ("Pi", 1 << 50),
    ("Ei", 1 << 60),
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("P", 1_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000),
    ("", 1),
];

/// A quantity in thousandths of its unit, rounded up: millicores for CPU. `None` for what is no quantity;
/// exponents (`1e3`) are not taken.
pub fn millis(text: &str) -> Option<u128> {
    let (number, thousandths) = match text.strip_suffix('m') {
        Some(number) => (number, 1),
        None => SUFFIXES
            .iter()
            .find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, factor * 1000)))?,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty())
        || !digits(whole)
        || !digits(fraction)
        || fraction.len() > 9
    {
        return None;
    }
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let number: u128 = format!("{whole}{fraction}").parse().ok()?;
    Some(number.checked_mul(thousandths)?.div_ceil(scale))
}

/// A quantity in whole units, rounded up: bytes for memory.
pub fn units(text: &str) -> Option<u128> {
    Some(millis(text)?.div_ceil(1000))
}

/// The CPU limit that goes with a request: four times as much, at least one core. So a pod can start
/// quickly and work off a burst, and one that runs away still can't starve its node.
pub(crate) fn cpu_limit(request: &str) -> Quantity {
    let limit = millis(request).unwrap_or(0).saturating_mul(4).max(1000);
    Quantity(if limit.is_multiple_of(1000) {
        (limit / 1000).to_string()
    } else {
        format!("{limit}m")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_kubernetes_reads() {
        for (text, expected) in [
            ("250m", Some(250)),
            ("1", Some(1000)),
            ("0.5", Some(500)),
            (".5", Some(500)),
            ("1.5Gi", Some(1_610_612_736_000)),
            ("128Mi", Some(134_217_728_000)),
            ("2k", Some(2_000_000)),
            ("", None),
            ("m", None),
            ("Mi", None),
            ("-1", None),
            ("1 Gi", None),
            ("lots", None),
            ("99999999999999999999999999999999999999999", None),
        ] {
            assert_eq!(millis(text), expected, "{text}");
        }
    }

    #[test]
    fn limits_cpu_at_four_times_the_request_but_at_least_a_core() {
        assert_eq!(cpu_limit("100m").0, "1");
        assert_eq!(cpu_limit("500m").0, "2");
        assert_eq!(cpu_limit("330m").0, "1320m");
    }
}
