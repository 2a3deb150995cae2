//! Reads a quantity: digits, a point, and a suffix or an exponent, exactly as Kubernetes' grammar has it.

use super::{Format, MAX_UNITS, NANO, Quantity};

/// Longest text that is read, in bytes. The API server's own limit on a whole object is far above what anyone writes here.
const MAX_BYTES: usize = 1_024;
/// Exponents are clamped here: beyond it every number of [`MAX_BYTES`] digits is zero or capped.
const MAX_EXPONENT: i64 = 4 * MAX_BYTES as i64;
/// Digits of the largest amount in nano-units, and one more to know that it is exceeded.
const MAX_DIGITS: i64 = 38;

/// What stands behind the number.
struct Suffix {
    /// Power of two.
    twos: u32,
    /// Power of ten.
    tens: i64,
    format: Format,
}

pub(super) fn parse(text: &str) -> Option<Quantity> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + fraction.len() == 0 || fraction.contains('.') {
        return None;
    }
    let suffix = read_suffix(suffix)?;
    let digits = whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').collect();
    let tens = suffix.tens - fraction.len() as i64 + NANO.ilog10() as i64;
    let nano = scaled(doubled(digits, suffix.twos), tens);
    Some(Quantity::from_nano(if negative { -nano } else { nano }, suffix.format))
}

fn read_suffix(text: &str) -> Option<Suffix> {
    let decimal = |tens| Some(Suffix { twos: 0, tens, format: Format::DecimalSi });
    let binary = |twos| Some(Suffix { twos, tens: 0, format: Format::BinarySi });
    match text {
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "" => decimal(0),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        _ => read_exponent(text),
    }
}

/// `e3`, `E-3`, `e+3`.
fn read_exponent(text: &str) -> Option<Suffix> {
    let exponent: i64 = text.strip_prefix(['e', 'E'])?.parse().ok()?;
    let tens = exponent.clamp(-MAX_EXPONENT, MAX_EXPONENT);
    Some(Suffix { twos: 0, tens, format: Format::DecimalExponent })
}

/// The number with these decimal digits, times `2^twos`, as digits. At most 60 passes over at most [`MAX_BYTES`] digits.
fn doubled(mut digits: Vec<u8>, twos: u32) -> Vec<u8> {
    for _ in 0..twos {
        let mut carry = 0;
        for digit in digits.iter_mut().rev() {
            let twice = *digit * 2 + carry;
            *digit = twice % 10;
            carry = twice / 10;
        }
        if carry > 0 {
            digits.insert(0, carry);
        }
    }
    digits
}

/// `digits * 10^tens`, rounded up, capped.
fn scaled(digits: Vec<u8>, tens: i64) -> i128 {
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    let digits = &digits[zeros..];
    if digits.is_empty() {
        return 0;
    }
    let kept = digits.len() as i64 + tens;
    if kept > MAX_DIGITS {
        return MAX_UNITS * NANO;
    }
    let mut nano = 0i128;
    for place in 0..kept.max(0) {
        nano = nano.saturating_mul(10).saturating_add(i128::from(digits.get(place as usize).copied().unwrap_or(0)));
    }
    let lost = digits.iter().skip(kept.max(0) as usize).any(|digit| *digit != 0);
    nano.saturating_add(i128::from(lost))
}
