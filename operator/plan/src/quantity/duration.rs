//! Durations as Kubernetes writes them: Go's `1h30m`, never negative.

use jiff::SignedDuration;

use super::{ParseError, shorten};

/// Units, longest name first where one is the beginning of another, in nanoseconds.
const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];
/// Digits of a fraction that matter to a nanosecond of an hour.
const FRACTION_DIGITS: usize = 13;

/// Reads `90s`, `5m`, `1h30m`, `1.5h`; `0` needs no unit.
///
/// # Errors
/// [`ParseError::Duration`] for anything else, negative durations and those above 2^63 - 1 nanoseconds (292 years) among it.
pub fn parse_duration(text: &str) -> Result<SignedDuration, ParseError> {
    let error = || ParseError::Duration(shorten(text));
    if text == "0" {
        return Ok(SignedDuration::ZERO);
    }
    let mut rest = text;
    let mut nanos = 0i128;
    while !rest.is_empty() {
        let (part, after) = read_part(rest).ok_or_else(error)?;
        nanos = nanos.checked_add(part).ok_or_else(error)?;
        rest = after;
    }
    let nanos = i64::try_from(nanos).map_err(|_| error())?;
    if text.is_empty() { Err(error()) } else { Ok(SignedDuration::from_nanos(nanos)) }
}

/// One number with its unit, in nanoseconds, and what follows.
fn read_part(text: &str) -> Option<(i128, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, rest) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + fraction.len() == 0 || fraction.contains('.') {
        return None;
    }
    let (unit, nanos) = UNITS.into_iter().find(|(unit, _)| rest.starts_with(unit))?;
    let units: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let shown: String = fraction.chars().take(FRACTION_DIGITS).collect();
    let part: i128 = format!("{shown:0<FRACTION_DIGITS$}").parse().ok()?;
    let part = part * nanos / 10i128.pow(FRACTION_DIGITS as u32);
    Some((i128::from(units) * nanos + part, &rest[unit.len()..]))
}

/// Prints whole seconds as `1h30m`, `90s` as `1m30s`, nothing as `0s`; what is below a second is left out.
pub fn print_duration(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().unsigned_abs();
    let parts = [(seconds / 3_600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let text: String = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}
