//! Whether an answer is as a case says: texts by `*`, JSON by the parts that are named.

use serde_json::Value;

/// Whether `text` fits `pattern`, in which `*` stands for any text; the rest is compared as it is.
pub fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some(at) = left.find(piece) else { return false };
        left = &left[at + piece.len()..];
    }
    left.ends_with(last)
}

/// Compares a JSON value with what a case names of it.
///
/// An object needs the named keys; an array needs as many elements, in any order, or at least these where the first is `"..."`;
/// a text with `*` is a pattern; `"$any"` is any value but null. `{"$count": n}` is the length of an array, `{"$no": x}` an array
/// without an element like x, `{"$either": [x, y]}` what is like one of these.
///
/// # Errors
/// The first difference, with the place.
pub fn compare(wanted: &Value, found: &Value) -> Result<(), String> {
    at("", wanted, found)
}

fn at(place: &str, wanted: &Value, found: &Value) -> Result<(), String> {
    match (wanted, found) {
        (Value::String(any), _) if any == "$any" && !found.is_null() => Ok(()),
        (Value::Object(keys), _) if keys.contains_key("$either") => either(place, &keys["$either"], found),
        (Value::String(pattern), Value::String(text)) if fits(pattern, text) => Ok(()),
        (Value::Object(keys), Value::Array(list)) => of_list(place, keys, list),
        (Value::Object(keys), Value::Object(_)) => {
            keys.iter().try_for_each(|(key, value)| at(&format!("{place}/{key}"), value, found.get(key).unwrap_or(&Value::Null)))
        }
        (Value::Array(wanted), Value::Array(found)) => elements(place, wanted, found),
        _ if wanted == found => Ok(()),
        _ => Err(format!("{}: wanted {wanted}, found {}", if place.is_empty() { "/" } else { place }, short(found))),
    }
}

/// What a race decides is one of several answers, each of them written down.
fn either(place: &str, choices: &Value, found: &Value) -> Result<(), String> {
    let fits = choices.as_array().is_some_and(|choices| choices.iter().any(|one| at(place, one, found).is_ok()));
    if fits { Ok(()) } else { Err(format!("{place}: wanted one of {choices}, found {}", short(found))) }
}

fn of_list(place: &str, keys: &serde_json::Map<String, Value>, list: &[Value]) -> Result<(), String> {
    if let Some(count) = keys.get("$count") {
        let same = count.as_u64() == u64::try_from(list.len()).ok();
        return if same { Ok(()) } else { Err(format!("{place}: wanted {count} elements, found {}", list.len())) };
    }
    match keys.get("$no") {
        Some(unwanted) if list.iter().any(|one| at(place, unwanted, one).is_ok()) => Err(format!("{place}: has {unwanted}")),
        Some(_) => Ok(()),
        None => Err(format!("{place}: wanted an object, found an array")),
    }
}

/// Each wanted element takes one that is there; those that say most should stand first.
fn elements(place: &str, wanted: &[Value], found: &[Value]) -> Result<(), String> {
    let (open, wanted) = match wanted {
        [Value::String(dots), rest @ ..] if dots == "..." => (true, rest),
        all => (false, all),
    };
    if !open && wanted.len() != found.len() {
        return Err(format!("{place}: wanted {} elements, found {}: {}", wanted.len(), found.len(), short(&found.into())));
    }
    let mut left: Vec<&Value> = found.iter().collect();
    for one in wanted {
        let index = left.iter().position(|value| at(place, one, value).is_ok());
        left.remove(index.ok_or_else(|| format!("{place}: no element is like {one} in {}", short(&found.into())))?);
    }
    Ok(())
}

/// The beginning of a value, for a message.
pub fn short(value: &Value) -> String {
    const CHARS: usize = 400;
    let text = value.to_string();
    if text.chars().count() <= CHARS { text } else { text.chars().take(CHARS).chain("...".chars()).collect() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_star_stands_for_any_text_and_the_rest_is_literal() {
        for (pattern, text) in [("a", "a"), ("*", ""), ("a*c", "abc"), ("a*", "a"), ("*b*", "abc"), ("a*b*b", "abb")] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a", "ab"), ("a*c", "abd"), ("a*a", "a"), ("*x*", "abc"), ("a*b*b", "ab")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn only_the_named_keys_count() {
        assert!(compare(&json!({"a": {"b": 1}}), &json!({"a": {"b": 1, "c": 2}, "d": 3})).is_ok());
        assert_eq!(compare(&json!({"a": {"b": 2}}), &json!({"a": {"b": 1}})), Err("/a/b: wanted 2, found 1".to_owned()));
        assert!(compare(&json!({"a": "$any"}), &json!({"a": null})).is_err());
        assert!(compare(&json!({"a": null}), &json!({})).is_ok());
    }

    #[test]
    fn one_of_the_choices_is_enough_and_needed() {
        let wanted = json!({"m": {"$either": ["a*", "b"]}});
        assert!(compare(&wanted, &json!({"m": "abc"})).is_ok());
        assert!(compare(&wanted, &json!({"m": "b"})).is_ok());
        assert_eq!(compare(&wanted, &json!({"m": "c"})), Err("/m: wanted one of [\"a*\",\"b\"], found \"c\"".to_owned()));
        assert!(compare(&json!({"m": {"$either": "a"}}), &json!({"m": "a"})).is_err());
    }

    #[test]
    fn lists_are_compared_in_any_order() {
        let list = json!([{"n": "x", "v": 1}, {"n": "y"}]);
        assert!(compare(&json!([{"n": "y"}, {"n": "x"}]), &list).is_ok());
        assert!(compare(&json!([{"n": "x"}]), &list).is_err());
        assert!(compare(&json!(["...", {"n": "y"}]), &list).is_ok());
        assert!(compare(&json!(["...", {"n": "y"}, {"n": "y"}]), &list).is_err());
        assert!(compare(&json!({"$count": 2}), &list).is_ok());
        assert!(compare(&json!({"$no": {"n": "z"}}), &list).is_ok());
        assert!(compare(&json!({"$no": {"v": 1}}), &list).is_err());
    }
}
