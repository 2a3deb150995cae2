//! Where in the input something is wrong, and what, in a sentence.

use std::fmt;
use std::sync::Arc;

/// A document of a source, or an item of a list in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    source: Arc<str>,
    document: usize,
    line: Option<usize>,
    item: Option<usize>,
}

impl Place {
    /// A source as a whole.
    pub fn of(source: &str) -> Self {
        Self { source: source.into(), document: 0, line: None, item: None }
    }

    /// The next document.
    pub fn next(&mut self) {
        self.document += 1;
        self.item = None;
    }

    /// The document begins at this line.
    pub fn at_line(&mut self, line: usize) {
        self.line = Some(line);
    }

    /// An item of the document's list, counted from 1.
    pub fn item(&self, item: usize) -> Self {
        Self { item: Some(item), ..self.clone() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if &*self.source == "-" { "standard input" } else { &self.source })?;
        if self.document > 0 {
            write!(f, ", document {}", self.document)?;
        }
        if let Some(line) = self.line {
            write!(f, " (from line {line})")?;
        }
        self.item.map_or(Ok(()), |item| write!(f, ", item {item}"))
    }
}

/// Something that is wrong with the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// Kind and name of the object, if they can be told.
    pub object: String,
    /// What.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
        if !self.object.is_empty() {
            write!(f, ", {}", self.object)?;
        }
        write!(f, ": {}", self.what)
    }
}
