//! Kubernetes quantities: `128Mi`, `250m`, `1.5`, `1e3`.
//!
//! The grammar is that of Kubernetes' `apimachinery/pkg/api/resource/quantity.go`:
//! `<number><suffix>`, where the suffix is empty, decimal (`n u m k M G T P E`), binary
//! (`Ki Mi Gi Ti Pi Ei`) or a decimal exponent (`e3`, `E-2`).

/// Why a text is no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAQuantity {
    /// There is no number in front.
    NoNumber,
    /// What follows the number is no suffix. Holds where it starts.
    UnknownSuffix(usize),
    /// Nothing, or less than nothing.
    NotPositive,
}

/// Reads a quantity that is more than nothing: bytes for memory, cores for CPU.
///
/// The value is as near as a double comes, which is good enough to compare.
///
/// # Errors
/// When the text does not follow the grammar, or is zero or negative.
pub fn parse(text: &str) -> Result<f64, NotAQuantity> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = unsigned
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(digits);
    let number: f64 = number.parse().map_err(|_| NotAQuantity::NoNumber)?;
    let factor = factor(suffix).ok_or(NotAQuantity::UnknownSuffix(text.len() - suffix.len()))?;
    if text.starts_with('-') || number <= 0.0 {
        return Err(NotAQuantity::NotPositive);
    }
    Ok(number * factor)
}

fn factor(suffix: &str) -> Option<f64> {
    Some(match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 2_f64.powi(10),
        "Mi" => 2_f64.powi(20),
        "Gi" => 2_f64.powi(30),
        "Ti" => 2_f64.powi(40),
        "Pi" => 2_f64.powi(50),
        "Ei" => 2_f64.powi(60),
        exponent => 10_f64.powi(
            exponent
                .strip_prefix(['e', 'E'])?
                .parse::<i8>()
                .ok()?
                .into(),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_as_kubernetes_reads_them() {
        for (text, value) in [
            ("128Mi", 134_217_728.0),
            ("250m", 0.25),
            ("1", 1.0),
            ("1.5", 1.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("+2", 2.0),
            ("1e3", 1000.0),
            ("1E-3", 0.001),
            ("2E", 2e18),
            ("2Ei", 2.0 * 2_f64.powi(60)),
            ("1k", 1000.0),
            ("1Ki", 1024.0),
            ("100u", 0.0001),
        ] {
            let read = parse(text).unwrap_or(f64::NAN);
            assert!((read - value).abs() <= value * 1e-12, "{text}: {read}");
        }
    }

    #[test]
    fn what_is_no_quantity() {
        use NotAQuantity::{NoNumber, NotPositive, UnknownSuffix};
        for (text, why) in [
            ("", NoNumber),
            (".", NoNumber),
            ("Mi", NoNumber),
            ("1.2.3", NoNumber),
            ("lots", NoNumber),
            ("inf", NoNumber),
            ("--1", NoNumber),
            ("128MB", UnknownSuffix(3)),
            ("128mi", UnknownSuffix(3)),
            ("128 Mi", UnknownSuffix(3)),
            ("1K", UnknownSuffix(1)),
            ("-1ki", UnknownSuffix(2)),
            ("1e", UnknownSuffix(1)),
            ("1e999", UnknownSuffix(1)),
            ("1é", UnknownSuffix(1)),
            ("0", NotPositive),
            ("0.00Gi", NotPositive),
            ("-1", NotPositive),
        ] {
            assert_eq!(parse(text), Err(why), "{text}");
        }
    }
}
