//! Kubernetes quantities, exactly: what `500m`, `1.5Gi` and `12e3` mean, without floating point.

mod duration;
mod parse;
mod price;
mod print;

use std::str::FromStr;

pub use duration::{parse_duration, print_duration};
pub use price::{parse_price_micro, print_price_micro};

/// Nano-units in one unit.
const NANO: i128 = 1_000_000_000;
/// Nano-units in one milli-unit.
const NANO_PER_MILLI: i128 = 1_000_000;
/// The largest amount, in units: Kubernetes caps there.
const MAX_UNITS: i128 = i64::MAX as i128;

/// What is wrong with a text that should be an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not a quantity.
    #[error("`{0}` is not a quantity: write a number with an optional suffix, as in 500m, 2 or 1.5Gi")]
    Quantity(String),
    /// Not a price.
    #[error("`{0}` is not a price: write a decimal number of at most 6 decimals, as in 0.12")]
    Price(String),
    /// Not a duration.
    #[error("`{0}` is not a duration: write numbers with units, as in 90s, 5m or 1h30m")]
    Duration(String),
}

/// How a quantity was written, and so how it is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// `500m`, `2`, `3k`.
    #[default]
    DecimalSi,
    /// `1Gi`.
    BinarySi,
    /// `12e3`.
    DecimalExponent,
}

/// An amount in nano-units. What is finer is rounded away from zero when read, what is beyond 2^63 - 1 units is capped, both as
/// Kubernetes does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Quantity {
    nano: i128,
    format: Format,
}

impl Quantity {
    /// So many nano-units, capped at 2^63 - 1 units.
    pub fn from_nano(nano: i128, format: Format) -> Self {
        Self { nano: nano.clamp(-MAX_UNITS * NANO, MAX_UNITS * NANO), format }
    }

    /// So many milli-units.
    pub fn from_milli(milli: i64) -> Self {
        Self::from_nano(i128::from(milli) * NANO_PER_MILLI, Format::DecimalSi)
    }

    /// So many bytes, printed with binary suffixes.
    pub fn from_bytes(bytes: i64) -> Self {
        Self::from_nano(i128::from(bytes) * NANO, Format::BinarySi)
    }

    /// Reads a quantity as the Kubernetes API does.
    ///
    /// # Errors
    /// [`ParseError::Quantity`] where the API server would reject it.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::parse(text).ok_or_else(|| ParseError::Quantity(shorten(text)))
    }

    /// Nano-units, exactly.
    pub fn nano(self) -> i128 {
        self.nano
    }

    /// How it was written.
    pub fn format(self) -> Format {
        self.format
    }

    /// Milli-units, rounded away from zero as Kubernetes does, saturating.
    pub fn milli(self) -> i64 {
        rounded(self.nano, NANO_PER_MILLI)
    }

    /// Whole units, rounded away from zero as Kubernetes does.
    pub fn value(self) -> i64 {
        rounded(self.nano, NANO)
    }
}

impl FromStr for Quantity {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

/// `nano / unit`, away from zero.
fn rounded(nano: i128, unit: i128) -> i64 {
    let up = nano / unit + if nano % unit == 0 { 0 } else { nano.signum() };
    i64::try_from(up).unwrap_or(if up > 0 { i64::MAX } else { i64::MIN })
}

/// Longest text that an error repeats, in characters.
const SHOWN_CHARS: usize = 40;

fn shorten(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests;
