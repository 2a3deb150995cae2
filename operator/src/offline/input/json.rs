//! JSON, one object at a time: a list of 150,000 pods is never in memory as a whole.

use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::body::Body;
use super::{Input, OBJECT_BYTES_MAX, Place};

/// Reads all documents: objects, lists of them, one after the other with or without line breaks.
pub(super) fn read(input: &mut Input, source: &str, reader: impl Read) {
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let mut place = Place::of(source);
    while !input.is_full() {
        match deserializer.end() {
            Ok(()) => return,
            Err(error) if error.is_io() => return input.problem(place, "", format!("it cannot be read further: {error}")),
            Err(_) => place.next(),
        }
        let document = Document { input, place: &place };
        if let Err(error) = document.deserialize(&mut deserializer) {
            return input.problem(place, "", told(&error));
        }
    }
}

fn told(error: &serde_json::Error) -> String {
    if error.is_eof() {
        let (line, column) = (error.line(), error.column());
        return format!(
            "it ends in the middle, at line {line}, column {column}: it was cut off, or is still being written; write it again"
        );
    }
    format!("it is no JSON: {error}; what follows was not read")
}

/// A document: an object, a list object, or a plain list.
struct Document<'a> {
    input: &'a mut Input,
    place: &'a Place,
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut parts: Vec<String> = Vec::new();
        let (mut kind, mut listed) = (String::new(), false);
        while let Some(key) = map.next_key::<String>()? {
            if key == "items" {
                listed = true;
                map.next_value_seed(Items { input: self.input, place: self.place, kind: kind.strip_suffix("List").unwrap_or_default() })?;
                continue;
            }
            let value: Box<RawValue> = map.next_value()?;
            if key == "kind" {
                kind = serde_json::from_str(value.get()).map_err(A::Error::custom)?;
            }
            let name = serde_json::to_string(&key).map_err(A::Error::custom)?;
            parts.push(format!("{name}:{}", value.get()));
        }
        if !listed {
            self.input.take(self.place.clone(), "", &Body::Json(&format!("{{{}}}", parts.join(","))));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        Items { input: self.input, place: self.place, kind: "" }.visit_seq(seq)
    }
}

/// The items of a list, of this kind where they do not say one.
struct Items<'a> {
    input: &'a mut Input,
    place: &'a Place,
    kind: &'a str,
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut count = 0;
        while let Some(item) = seq.next_element::<Box<RawValue>>()? {
            count += 1;
            if self.input.is_full() {
                continue;
            }
            let (place, text) = (self.place.item(count), item.get());
            if text.len() > OBJECT_BYTES_MAX {
                self.input.problem(
                    place,
                    "",
                    format!("it has {} bytes, and no object of a cluster has above {OBJECT_BYTES_MAX}", text.len()),
                );
            } else {
                self.input.take(place, self.kind, &Body::Json(text));
            }
        }
        Ok(())
    }
}
