//! Prices: decimal strings as users write them, micro-units inside.

use super::{ParseError, shorten};

/// Decimals that a price may have.
const DECIMALS: usize = 6;
/// Micro-units in one unit.
const MICRO: i64 = 1_000_000;

/// Reads `0.12` as 120000 micro-units.
///
/// # Errors
/// [`ParseError::Price`] for signs, exponents, more than six decimals, or more than 9.2e12 units.
pub fn parse_price_micro(text: &str) -> Result<i64, ParseError> {
    micro(text).ok_or_else(|| ParseError::Price(shorten(text)))
}

fn micro(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > DECIMALS {
        return None;
    }
    let units: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: i64 = format!("{fraction:0<DECIMALS$}").parse().ok()?;
    units.checked_mul(MICRO)?.checked_add(part)
}

/// Prints 120000 micro-units as `0.12`.
pub fn print_price_micro(price_micro: i64) -> String {
    let sign = if price_micro < 0 { "-" } else { "" };
    let price = price_micro.unsigned_abs();
    let micro = MICRO.unsigned_abs();
    let text = format!("{sign}{}.{:0DECIMALS$}", price / micro, price % micro);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
