//! Fields that may be absent or null.

use std::ops::Deref;

use serde::{Deserialize, Deserializer};

/// A value; its default where the field is absent or null, which Go writes for what is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given<T>(pub T);

impl<T> Deref for Given<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value: Option<T>| Self(value.unwrap_or_default()))
    }
}
