//! Kubernetes quantities: `128Mi`, `250m`, `1.5`, `1e3`.
//!
//! The grammar is that of Kubernetes' `apimachinery/pkg/api/resource/quantity.go`:
//! `<number><suffix>`, where the suffix is empty, decimal (`n u m k M G T P E`), binary
//! (`Ki Mi Gi Ti Pi Ei`) or a decimal exponent (`e3`, `E-2`). As there, what is finer than a
//! billionth is rounded up.

/// A quantity that is more than nothing: bytes of memory, cores of CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity {
    /// In billionths of the unit.
    nanos: u128,
}

/// Why a text is no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAQuantity {
    /// There is no number in front.
    NoNumber,
    /// What follows the number is no suffix. Holds the byte where it starts.
    UnknownSuffix(usize),
    /// Nothing, or less than nothing.
    NotPositive,
    /// Beyond what can be counted.
    TooLarge,
}

/// The billionths of a unit in one of each suffix.
const SUFFIXES: [(&str, u128); 16] = [
    ("", GIGA),
    ("n", 1),
    ("u", 1_000),
    ("m", 1_000_000),
    ("k", GIGA * 1_000),
    ("M", GIGA * 1_000_000),
    ("G", GIGA * GIGA),
    ("T", GIGA * GIGA * 1_000),
    ("P", GIGA * GIGA * 1_000_000),
    ("E", GIGA * GIGA * GIGA),
    ("Ki", GIGA << 10),
    ("Mi", GIGA << 20),
    ("Gi", GIGA << 30),
    ("Ti", GIGA << 40),
    ("Pi", GIGA << 50),
    ("Ei", GIGA << 60),
];

const GIGA: u128 = 1_000_000_000;

impl Quantity {
    /// In whole units, rounded up: bytes for memory.
    pub fn units(self) -> u128 {
        self.nanos.div_ceil(GIGA)
    }

    /// In thousandths of a unit, rounded up: millicores for CPU.
    pub fn millis(self) -> u128 {
        self.nanos.div_ceil(1_000_000)
    }
}

/// Reads a quantity.
///
/// # Errors
/// When the text does not follow the grammar, or is no more than nothing, or too much.
pub fn parse(text: &str) -> Result<Quantity, NotAQuantity> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, suffix) = unsigned.split_at(end.unwrap_or(unsigned.len()));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + fraction.len() == 0 || fraction.contains('.') {
        return Err(NotAQuantity::NoNumber);
    }
    let (factor, parts) =
        factor(suffix).ok_or(NotAQuantity::UnknownSuffix(text.len() - suffix.len()))?;
    // Only digits are left, so what does not parse is too long.
    let digits: u128 = format!("{whole}{fraction}")
        .parse()
        .map_err(|_| NotAQuantity::TooLarge)?;
    if text.starts_with('-') || digits == 0 {
        return Err(NotAQuantity::NotPositive);
    }
    let parts = parts.saturating_mul(power(fraction.len()));
    let nanos = digits.saturating_mul(factor);
    if nanos == u128::MAX {
        return Err(NotAQuantity::TooLarge);
    }
    Ok(Quantity {
        nanos: nanos.div_ceil(parts),
    })
}

/// What a suffix multiplies by, in billionths, and what it divides by.
fn factor(suffix: &str) -> Option<(u128, u128)> {
    if let Some((_, factor)) = SUFFIXES.iter().find(|(known, _)| *known == suffix) {
        return Some((*factor, 1));
    }
    let exponent: i8 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    let power = power(exponent.unsigned_abs().into());
    Some(if exponent < 0 {
        (GIGA, power)
    } else {
        (GIGA.saturating_mul(power), 1)
    })
}

/// Ten to some power, as far as there are numbers for it.
fn power(exponent: usize) -> u128 {
    10_u128.saturating_pow(u32::try_from(exponent).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_as_kubernetes_reads_them() {
        for (text, units, millis) in [
            ("128Mi", 134_217_728, 134_217_728_000),
            ("250m", 1, 250),
            ("1", 1, 1_000),
            ("1.5", 2, 1_500),
            (".5", 1, 500),
            ("5.", 5, 5_000),
            ("+2", 2, 2_000),
            ("1e3", 1_000, 1_000_000),
            ("1.5E-3", 1, 2),
            ("1e-100", 1, 1),
            ("2E", 2 * 10_u128.pow(18), 2 * 10_u128.pow(21)),
            ("2Ei", 2 << 60, (2 << 60) * 1_000),
            ("1k", 1_000, 1_000_000),
            ("1.5Ki", 1_536, 1_536_000),
            ("100u", 1, 1),
            ("1001n", 1, 1),
        ] {
            let read = parse(text).map(|quantity| (quantity.units(), quantity.millis()));
            assert_eq!(read, Ok((units, millis)), "{text}");
        }
        assert!(parse("1Gi").ok() > parse("1G").ok());
        assert_eq!(parse("1024Mi"), parse("1Gi"));
    }

    #[test]
    fn what_is_no_quantity() {
        use NotAQuantity::{NoNumber, NotPositive, TooLarge, UnknownSuffix};
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
            ("1e100", TooLarge),
            ("99999999999999999999999999999999999999999", TooLarge),
        ] {
            assert_eq!(parse(text), Err(why), "{text}");
        }
    }
}
