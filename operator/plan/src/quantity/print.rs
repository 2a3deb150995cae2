//! Prints a quantity in Kubernetes' canonical form: no fraction, no precision lost, the largest suffix.

use std::fmt::{Display, Formatter, Result};

use super::{Format, NANO, Quantity};

/// Below this many units a binary quantity is printed as a decimal one, as Kubernetes does.
const BINARY_FROM: i128 = 1_024;
const DECIMAL: [(&str, u32); 10] =
    [("E", 27), ("P", 24), ("T", 21), ("G", 18), ("M", 15), ("k", 12), ("", 9), ("m", 6), ("u", 3), ("n", 0)];
const BINARY: [(&str, u32); 7] = [("Ei", 60), ("Pi", 50), ("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10), ("", 0)];

impl Display for Quantity {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if self.nano == 0 {
            return f.write_str("0");
        }
        let binary = self.format == Format::BinarySi && self.nano % NANO == 0 && (self.nano / NANO).abs() >= BINARY_FROM;
        if binary {
            return binary_si(self.nano / NANO, f);
        }
        decimal(self.nano, self.format, f)
    }
}

fn binary_si(units: i128, f: &mut Formatter<'_>) -> Result {
    let fits = |twos: u32| units % (1i128 << twos) == 0;
    let (suffix, twos) = BINARY.into_iter().find(|(_, twos)| fits(*twos)).unwrap_or(("", 0));
    write!(f, "{}{suffix}", units / (1i128 << twos))
}

fn decimal(nano: i128, format: Format, f: &mut Formatter<'_>) -> Result {
    let fits = |tens: u32| nano % 10i128.pow(tens) == 0;
    let (suffix, tens) = DECIMAL.into_iter().find(|(_, tens)| fits(*tens)).unwrap_or(("n", 0));
    let number = nano / 10i128.pow(tens);
    match (format, i64::from(tens) - 9) {
        (Format::DecimalExponent, 0) => write!(f, "{number}"),
        (Format::DecimalExponent, exponent) => write!(f, "{number}e{exponent}"),
        _ => write!(f, "{number}{suffix}"),
    }
}
