//! Pieces of a schema in words: its type, its limits, its default.

use serde_json::Value;

/// The type of a field in words, with its limits.
pub fn type_of(schema: &Value) -> String {
    let limits = limits(schema);
    if limits.is_empty() { base_type(schema) } else { format!("{}, {}", base_type(schema), limits.join(", ")) }
}

fn base_type(schema: &Value) -> String {
    if schema["x-kubernetes-int-or-string"] == Value::Bool(true) {
        return "quantity".into();
    }
    if let Some(values) = schema["enum"].as_array() {
        let names: Vec<String> = values.iter().map(|v| format!("`{}`", plain(v))).collect();
        return format!("one of {}", names.join(", "));
    }
    match schema["type"].as_str().unwrap_or("any") {
        "array" => format!("list of {}", in_list(&schema["items"])),
        "object" if schema["additionalProperties"].is_object() => format!("map of string to {}", type_of(&schema["additionalProperties"])),
        "string" if schema["format"] == "date-time" => "time".into(),
        other => other.into(),
    }
}

fn in_list(items: &Value) -> String {
    match base_type(items).as_str() {
        "object" => "objects".into(),
        "string" => format!("strings{}", suffix(&limits(items))),
        other => other.into(),
    }
}

fn suffix(limits: &[String]) -> String {
    if limits.is_empty() { String::new() } else { format!(" of {}", limits.join(", ")) }
}

/// Quantities have a length too, but their rules say more.
fn limits(schema: &Value) -> Vec<String> {
    let kinds = [
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " entries"),
        ("minProperties", "maxProperties", " entries"),
    ];
    let is_quantity = schema["x-kubernetes-int-or-string"] == Value::Bool(true);
    kinds.iter().filter(|_| !is_quantity).filter_map(|(low, high, unit)| range(&schema[low], &schema[high], unit)).collect()
}

fn range(low: &Value, high: &Value, unit: &str) -> Option<String> {
    match (low.as_f64(), high.as_f64()) {
        (None, None) => None,
        (Some(low), None) => Some(format!("at least {low}{unit}")),
        (None, Some(high)) => Some(format!("at most {high}{unit}")),
        (Some(low), Some(high)) => Some(format!("{low} to {high}{unit}")),
    }
}

/// A default as one writes it in YAML, in one line.
pub fn default_of(schema: &Value) -> String {
    match &schema["default"] {
        Value::Null => String::new(),
        Value::Object(_) => "see below".into(),
        other => format!("`{}`", plain(other)),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

/// The sentences of the rules that hang on a schema itself.
pub fn sentences(schema: &Value) -> Vec<&str> {
    let rules = schema["x-kubernetes-validations"].as_array();
    rules.into_iter().flatten().filter_map(|rule| rule["message"].as_str()).collect()
}

/// Text that may stand in a cell of a table.
pub fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_are_told_with_their_limits() {
        let cases = [
            (json!({"type": "integer", "minimum": 0.0, "maximum": 5000.0}), "integer, 0 to 5000"),
            (json!({"type": "string", "maxLength": 63}), "string, at most 63 characters"),
            (json!({"type": "array", "maxItems": 8, "items": {"type": "object"}}), "list of objects, at most 8 entries"),
            (json!({"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 9}}), "list of strings of 1 to 9 characters"),
            (json!({"x-kubernetes-int-or-string": true, "maxLength": 32}), "quantity"),
            (json!({"type": "string", "enum": ["A", "B"]}), "one of `A`, `B`"),
            (json!({"type": "object", "additionalProperties": {"type": "string"}}), "map of string to string"),
        ];
        for (schema, expected) in cases {
            assert_eq!(type_of(&schema), expected);
        }
    }
}
