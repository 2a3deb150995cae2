//! Objects from files, taken in one at a time, and the snapshot that they make.

mod amounts;
mod body;
mod finish;
mod json;
mod kinds;
mod notes;
mod place;
mod pools;
mod take;
mod yaml;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use gantry_plan::model::{Class, DaemonSet, Key, Labels, Node, Pod, Snapshot, Volume, VolumeClaim};

pub use kinds::Kind;
pub use notes::{Blind, Note};
pub use place::{Place, Problem};

use super::decision::Decision;
use crate::kube::objects::{CloudObject, HostObject, PoolObject};
use crate::kube::project::{Drivers, Interner, wire};

/// Objects that one input may have.
pub const OBJECTS_MAX: usize = 5_000_000;
/// Problems that are told; reading ends then.
pub const PROBLEMS_MAX: usize = 20;
/// Bytes of one object in a list.
pub const OBJECT_BYTES_MAX: usize = 16 << 20;
/// Bytes of one YAML document.
pub const YAML_BYTES_MAX: usize = 64 << 20;
/// Bytes looked at before the first character that is not blank.
const BLANK_BYTES_MAX: usize = 1 << 20;

/// What has been read so far.
#[derive(Debug, Default)]
pub struct Input {
    interner: Interner,
    pods: BTreeMap<Key, Arc<Pod>>,
    /// Pods whose priority only their class tells.
    unranked: BTreeMap<Key, String>,
    ranks: BTreeMap<String, wire::PriorityClass>,
    nodes: BTreeMap<String, Node>,
    drivers: BTreeMap<String, Drivers>,
    namespaces: BTreeMap<String, Labels>,
    claims: BTreeMap<Key, VolumeClaim>,
    volumes: BTreeMap<String, Volume>,
    classes: BTreeMap<String, Class>,
    required_drivers: BTreeMap<String, bool>,
    daemon_sets: BTreeMap<Key, DaemonSet>,
    hosts: BTreeMap<Key, HostObject>,
    pools: BTreeMap<Key, PoolObject>,
    clouds: BTreeMap<Key, CloudObject>,
    decision: Option<Decision>,
    /// Objects by kind, and those of other kinds that were passed over.
    seen: BTreeMap<Kind, usize>,
    ignored: BTreeMap<String, usize>,
    repeated: usize,
    objects: usize,
    problems: Vec<Problem>,
}

/// What was read, whole.
#[derive(Debug)]
pub struct World {
    /// What is known.
    pub snapshot: Snapshot,
    /// What is not, and what that means for the plan.
    pub notes: Vec<Note>,
    /// What the plan must not do for want of knowledge.
    pub blind: Blind,
    /// The decision that it is, if it is one.
    pub decision: Option<Decision>,
}

impl World {
    /// Everything that the plan rests on without knowing it, and what it leaves out for that.
    pub fn notes(&self) -> Vec<Note> {
        let held = [&self.blind.to_buy, &self.blind.to_delete].into_iter().flatten();
        held.map(|why| Note(why.clone())).chain(self.notes.iter().cloned()).collect()
    }
}

impl Input {
    /// Takes in all objects of one source, JSON or YAML, which its first character tells. What is wrong is kept for [`Input::finish`].
    pub fn read(&mut self, source: &str, reader: impl Read) {
        let mut reader = BufReader::with_capacity(1 << 18, reader);
        match first(&mut reader) {
            Ok(Some(b'{' | b'[')) => json::read(self, source, reader),
            Ok(Some(_)) => yaml::read(self, source, reader),
            Ok(None) => {}
            Err(error) => self.problem(Place::of(source), "", format!("it cannot be read: {error}")),
        }
    }

    /// Objects taken in so far.
    pub fn objects(&self) -> usize {
        self.objects
    }

    fn problem(&mut self, place: Place, object: &str, what: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { place, object: object.to_owned(), what });
        }
    }

    /// Whether there is a point in reading on.
    fn is_full(&self) -> bool {
        self.problems.len() >= PROBLEMS_MAX || self.objects >= OBJECTS_MAX
    }
}

/// The first byte that is not blank.
fn first(reader: &mut impl BufRead) -> std::io::Result<Option<u8>> {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    if reader.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
        reader.consume(BYTE_ORDER_MARK.len());
    }
    for _ in 0..BLANK_BYTES_MAX {
        match reader.fill_buf()?.first() {
            Some(b' ' | b'\t' | b'\r' | b'\n') => reader.consume(1),
            other => return Ok(other.copied()),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
