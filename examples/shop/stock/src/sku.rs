//! The number on the shelf.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A product's number: two to twenty capital letters, digits and dashes, like `BIKE-28`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sku(String);

/// Text that is no [`Sku`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSku(String);

impl FromStr for Sku {
    type Err = BadSku;

    fn from_str(text: &str) -> Result<Self, BadSku> {
        let known = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
        if (2..=20).contains(&text.len()) && text.bytes().all(known) {
            Ok(Sku(text.to_owned()))
        } else {
            Err(BadSku(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Sku {
    type Error = BadSku;

    fn try_from(text: String) -> Result<Self, BadSku> {
        text.parse()
    }
}

impl From<Sku> for String {
    fn from(sku: Sku) -> String {
        sku.0
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for BadSku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no product number", self.0)
    }
}

impl std::error::Error for BadSku {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sku_is_short_and_plain() {
        assert!("BIKE-28".parse::<Sku>().is_ok());
        for bad in [
            "",
            "B",
            "bike-28",
            "BIKE 28",
            "BIKE-28-WITH-A-VERY-LONG-TAIL",
        ] {
            assert!(bad.parse::<Sku>().is_err(), "{bad:?}");
        }
    }
}
