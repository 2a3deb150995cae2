//! What a case may name by `$`: ids found in the cloud, what an answer gave, bodies used by many cases.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

/// Key by which an object takes over the keys of a named one.
const MERGE: &str = "$";

/// Named values.
#[derive(Clone, Debug, Default)]
pub struct Values(BTreeMap<String, Value>);

impl Values {
    /// Those that are the same everywhere: what is too long, too many or nowhere.
    pub fn new() -> Self {
        let mut values = Self::default();
        values.set("nowhere", json!("00000000-0000-0000-0000-000000000000"));
        values.set("chars61", json!("t".repeat(61)));
        values.set("chars256", json!("v".repeat(256)));
        values.set("tags51", (0..51).map(|n| format!("t{n}")).collect());
        values.set("metadata130", Value::Object((0..130).map(|n| (format!("k{n}"), json!("v"))).collect()));
        // Nova takes 65,535 characters of base64: 49,149 bytes and not 49,152.
        values.set("user_data_full", json!("YWFh".repeat(16_383)));
        values.set("user_data_over", json!("YWFh".repeat(16_384)));
        values.set("chars120000", json!("x".repeat(120_000)));
        values
    }

    /// Names a value.
    pub fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// The value of that name.
    ///
    /// # Errors
    /// If there is none.
    pub fn get(&self, name: &str) -> Result<&Value> {
        self.0.get(name).with_context(|| format!("the case names ${name}, which nothing has set"))
    }

    /// Puts named values in: `"$name"` becomes the value, `"a ${name}"` a text with it, `{"$": "name", ...}` the named object with more keys.
    /// The words of the patterns (`$any`, `$count`, `$no`) stay.
    ///
    /// # Errors
    /// If a name is not set.
    pub fn fill(&self, template: &Value) -> Result<Value> {
        match template {
            Value::String(text) => self.fill_text(text),
            Value::Array(list) => list.iter().map(|one| self.fill(one)).collect(),
            Value::Object(keys) => self.fill_object(keys),
            other => Ok(other.clone()),
        }
    }

    /// A text with `${name}`s put in.
    ///
    /// # Errors
    /// If a name is not set.
    pub fn text(&self, template: &str) -> Result<String> {
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, left) = after.split_once('}').with_context(|| format!("'{template}' has ${{ without }}"))?;
            text.push_str(before);
            match self.get(name)? {
                Value::String(value) => text.push_str(value),
                value => text.push_str(&value.to_string()),
            }
            rest = left;
        }
        text.push_str(rest);
        Ok(text)
    }

    fn fill_text(&self, text: &str) -> Result<Value> {
        match text.strip_prefix('$') {
            Some("any") => Ok(json!(text)),
            Some(name) if !name.starts_with('{') => self.fill(self.get(name)?),
            _ => self.text(text).map(Value::String),
        }
    }

    fn fill_object(&self, keys: &Map<String, Value>) -> Result<Value> {
        let mut filled = match keys.get(MERGE) {
            Some(Value::String(name)) => {
                self.fill(self.get(name)?)?.as_object().cloned().with_context(|| format!("${name} is no object"))?
            }
            _ => Map::new(),
        };
        for (key, value) in keys.iter().filter(|(key, _)| *key != MERGE) {
            // A named object loses a key by null.
            match (self.fill(value)?, keys.contains_key(MERGE)) {
                (Value::Null, true) => filled.remove(key),
                (value, _) => filled.insert(self.text(key)?, value),
            };
        }
        Ok(Value::Object(filled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        let mut values = Values::default();
        values.set("id", json!("x1"));
        values.set("good", json!({"name": "n", "image": "$id", "zone": "a"}));
        values
    }

    #[test]
    fn names_are_put_into_texts_and_objects() {
        let filled = values().fill(&json!({"a": "$id", "b": ["p-${id}", 1], "c": {"$": "good", "name": "m", "zone": null}})).unwrap();
        assert_eq!(filled, json!({"a": "x1", "b": ["p-x1", 1], "c": {"name": "m", "image": "x1"}}));
    }

    #[test]
    fn a_name_that_nothing_set_is_an_error() {
        assert!(values().fill(&json!("$who")).is_err());
        assert!(values().text("${who}").is_err());
    }

    #[test]
    fn words_of_patterns_stay() {
        assert_eq!(values().fill(&json!({"a": "$any", "b": {"$count": 2}})).unwrap(), json!({"a": "$any", "b": {"$count": 2}}));
    }
}
