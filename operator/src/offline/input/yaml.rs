//! YAML, one document at a time.

use std::io::{BufRead, Read};

use serde_json::Value;
use serde_saphyr::{Options, budget, options};

use super::body::Body;
use super::{Input, Place, YAML_BYTES_MAX};

/// Levels of nesting.
const DEPTH_MAX: usize = 100;
/// Values of one document.
const NODES_MAX: usize = 5_000_000;

/// Reads all documents.
pub(super) fn read(input: &mut Input, source: &str, reader: impl BufRead) {
    let mut place = Place::of(source);
    let mut documents = Documents { lines: reader, line: 0 };
    while !input.is_full() {
        match documents.next() {
            Ok(Some(document)) if document.text.trim().is_empty() => {}
            Ok(Some(document)) => {
                place.next();
                place.at_line(document.line);
                take(input, &place, &document.text);
            }
            Ok(None) => return,
            Err(what) => {
                place.next();
                return input.problem(place, "", what);
            }
        }
    }
}

fn take(input: &mut Input, place: &Place, text: &str) {
    let tree: Result<Value, _> = serde_saphyr::from_str_with_options(text, limits());
    match tree {
        Ok(Value::Null) => {}
        Ok(Value::Array(items)) => take_items(input, place, "", items),
        Ok(Value::Object(mut map)) => match map.remove("items") {
            Some(Value::Array(items)) => {
                let kind = map.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
                take_items(input, place, kind.strip_suffix("List").unwrap_or_default(), items);
            }
            Some(Value::Null) => {}
            Some(_) => input.problem(place.clone(), "", "items: it is no list".into()),
            None => input.take(place.clone(), "", &Body::Tree(Value::Object(map))),
        },
        Ok(_) => input.problem(place.clone(), "", "it is neither an object nor a list of objects; write objects as kubectl does".into()),
        Err(error) => input.problem(place.clone(), "", format!("it is no YAML: {error}")),
    }
}

fn take_items(input: &mut Input, place: &Place, kind: &str, items: Vec<Value>) {
    for (at, item) in items.into_iter().enumerate() {
        if !input.is_full() {
            input.take(place.item(at + 1), kind, &Body::Tree(item));
        }
    }
}

fn limits() -> Options {
    options! {
        budget: budget! {
            max_depth: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_events: NODES_MAX * 2,
            max_total_scalar_bytes: YAML_BYTES_MAX,
        },
        with_snippet: false,
        // A node may be called n, and a zone no: only true and false are truths.
        strict_booleans: true,
    }
}

struct Document {
    text: String,
    line: usize,
}

struct Documents<R> {
    lines: R,
    line: usize,
}

impl<R: BufRead> Documents<R> {
    /// The lines up to the next marker: `---` at the begin of a line is one even within a text.
    fn next(&mut self) -> Result<Option<Document>, String> {
        let mut document = Document { text: String::new(), line: self.line + 1 };
        loop {
            let room = YAML_BYTES_MAX - document.text.len() + 1;
            let mut bytes = Vec::new();
            let read = self.lines.by_ref().take(room as u64).read_until(b'\n', &mut bytes);
            if read.map_err(|error| format!("it cannot be read: {error}"))? == 0 {
                return Ok((!document.text.is_empty()).then_some(document));
            }
            self.line += 1;
            let line = std::str::from_utf8(&bytes)
                .map_err(|_| format!("line {} is no text in UTF-8: give JSON or YAML, not packed", self.line))?;
            if is_marker(line, "---") || is_marker(line, "...") {
                // What follows the marker on its line belongs to the next document.
                let rest = &line[3..];
                if document.text.trim().is_empty() && rest.trim().is_empty() {
                    document.line = self.line + 1;
                    continue;
                }
                if rest.trim().is_empty() || rest.trim_start().starts_with('#') {
                    return Ok(Some(document));
                }
                return Err(format!("line {} has text after the marker {}; put it on a line of its own", self.line, &line[..3]));
            }
            let is_directive = line.starts_with('%') && document.text.trim().is_empty();
            document.text.push_str(if is_directive { "\n" } else { line });
            if document.text.len() > YAML_BYTES_MAX {
                return Err(format!("a document of YAML may have {} MiB; write a large one as JSON", YAML_BYTES_MAX >> 20));
            }
        }
    }
}

fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}
