//! Prints a JSON body as Python would: Nova's validation errors quote it that way, keys in the order they were sent.
use std::fmt::{self, Write as _};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value whose objects keep their order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Py {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(String),
    List(Vec<Py>),
    Dict(Vec<(String, Py)>),
}

impl Py {
    pub(crate) fn get(&self, key: &str) -> Option<&Py> {
        match self {
            Self::Dict(items) => items.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn items(&self) -> &[Py] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn entries(&self) -> &[(String, Py)] {
        match self {
            Self::Dict(items) => items,
            _ => &[],
        }
    }

    /// Python's `repr()`.
    pub(crate) fn repr(&self) -> String {
        let mut out = String::new();
        write_repr(self, &mut out);
        out
    }

    /// Python's `str()`: a string without quotes, all else as `repr()`.
    pub(crate) fn text(&self) -> String {
        self.as_str().map_or_else(|| self.repr(), str::to_owned)
    }
}

fn write_repr(value: &Py, out: &mut String) {
    match value {
        Py::None => out.push_str("None"),
        Py::Bool(true) => out.push_str("True"),
        Py::Bool(false) => out.push_str("False"),
        Py::Int(number) => {
            let _ = write!(out, "{number}");
        }
        Py::Float(number) => {
            let _ = write!(out, "{number:?}");
        }
        Py::Str(text) => write_str(text, out),
        Py::List(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                out.push_str(if n > 0 { ", " } else { "" });
                write_repr(item, out);
            }
            out.push(']');
        }
        Py::Dict(items) => {
            out.push('{');
            for (n, (key, item)) in items.iter().enumerate() {
                out.push_str(if n > 0 { ", " } else { "" });
                write_str(key, out);
                out.push_str(": ");
                write_repr(item, out);
            }
            out.push('}');
        }
    }
}

fn write_str(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out.push(quote);
}

struct PyVisitor;

impl<'de> Visitor<'de> for PyVisitor {
    type Value = Py;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Py, E> {
        Ok(Py::None)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Py, E> {
        Ok(Py::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Py, E> {
        Ok(Py::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Py, E> {
        Ok(Py::Int(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Py, E> {
        Ok(Py::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Py, E> {
        Ok(Py::Str(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Py, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Py::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Py, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = map.next_entry()? {
            items.push(item);
        }
        Ok(Py::Dict(items))
    }
}

impl<'de> Deserialize<'de> for Py {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::Py;

    #[test]
    fn a_body_is_quoted_as_python_quotes_it() {
        let body = r#"{"name": "x", "networks": [{"uuid": "9a"}], "n": 1, "ok": true, "none": null, "it's": "a\"b'"}"#;
        let py: Py = serde_json::from_str(body).unwrap();
        assert_eq!(py.repr(), r#"{'name': 'x', 'networks': [{'uuid': '9a'}], 'n': 1, 'ok': True, 'none': None, "it's": 'a"b\''}"#);
    }
}
