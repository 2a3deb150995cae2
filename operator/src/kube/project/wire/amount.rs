//! Quantities as they are written: strings, and numbers too, which the API server accepts in a manifest.

use std::collections::BTreeMap;
use std::fmt;

use gantry_plan::quantity::Quantity;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

use super::Given;

/// Quantities by the resource's name.
pub type Amounts = Given<BTreeMap<String, Amount>>;

/// A quantity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// It was read.
    Known(Quantity),
    /// It is none. One bad object must not stop a watch of all, so this is no error here.
    Unreadable,
}

impl Amount {
    fn read(text: &str) -> Self {
        text.parse().map_or(Self::Unreadable, Self::Known)
    }

    /// In thousandths; what is unreadable is more than any node has.
    pub fn milli(self) -> i64 {
        match self {
            Self::Known(quantity) => quantity.milli(),
            Self::Unreadable => i64::MAX,
        }
    }

    /// In units; what is unreadable is more than any node has.
    pub fn value(self) -> i64 {
        match self {
            Self::Known(quantity) => quantity.value(),
            Self::Unreadable => i64::MAX,
        }
    }
}

struct Written;

impl Visitor<'_> for Written {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a quantity such as 500m or 2Gi")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
        Ok(Amount::read(text))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Amount, E> {
        Ok(Amount::read(&number.to_string()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Amount, E> {
        Ok(Amount::read(&number.to_string()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Amount, E> {
        Ok(Amount::read(&number.to_string()))
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}
