//! What the driver knows of a host beyond its object: answers of OpenStack, lost at a restart and asked for again.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard};

use gantry_plan::host::{Deletion, Left, Leftover, Part, Patience, PortSeen, ServerSeen, Sweep, TokenSeen, VolumeSeen, Witness};
use jiff::Timestamp;

use crate::bootstrap::api_time::ApiTime;

/// What is remembered of one host.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The server, as last seen.
    pub server: ServerSeen,
    /// When that was asked.
    pub server_at: Option<Timestamp>,
    /// What looking for an unrecorded server has shown.
    pub sweep: Sweep,
    /// The server's deletion.
    pub deletion: Deletion,
    /// Other servers that bore the host's UID in some list, and what came of deleting them.
    pub strays: BTreeMap<String, Deletion>,
    /// The first port of the server.
    pub port: PortSeen,
    /// The root volume.
    pub volume: VolumeSeen,
    /// When that was asked.
    pub volume_at: Option<Timestamp>,
    /// A part whose creation got so many unclear answers, the last of them then.
    pub unclear_part: Option<(Part, Timestamp, u32)>,
    /// Parts to be deleted, gone or not.
    pub parts_left: Option<Vec<Left>>,
    /// What this process knows of the parts that were ever asked for.
    pub witness: Witness,
    /// Parts that this process asked for.
    pub parts_asked: Vec<Part>,
    /// The bootstrap token.
    pub token: TokenSeen,
    /// How long the host's stage has been watched.
    pub patience: Patience,
    /// The last refusal of an eviction.
    pub eviction_refused: Option<(Timestamp, String)>,
    /// Since when the first of the pods that it was bought for finds no room.
    pub wanted_since: Option<Timestamp>,
    /// Since when no plan has needed it, while it is on its way.
    pub unneeded_since: Option<Timestamp>,
    /// Since when its node has been ready and waits for its company.
    pub ready_since: Option<Timestamp>,
    /// Whether the API server would not have its pods let in before others.
    pub keeps_nobody: bool,
    /// When this process lifted its node's startup taint.
    pub opened_at: Option<Timestamp>,
}

impl Memory {
    /// Changes what is remembered of the deletion of a part.
    pub fn part(&mut self, part: &Leftover, change: impl FnOnce(&mut Deletion)) {
        if let Some(left) = self.parts_left.iter_mut().flatten().find(|left| left.what == *part) {
            change(&mut left.deletion);
        }
    }

    /// Whether nobody can have asked for this part before.
    pub fn is_first_asking(&self, part: Part) -> bool {
        self.witness == Witness::FromBirth && !self.parts_asked.contains(&part)
    }

    /// The part is about to be asked for.
    pub fn asked_for(&mut self, part: Part) {
        if !self.parts_asked.contains(&part) {
            self.parts_asked.push(part);
        }
    }

    /// One more unclear answer to the creation of this part.
    pub fn part_unclear(&mut self, part: Part, now: Timestamp) {
        let before = self.unclear_part.filter(|(other, ..)| *other == part).map_or(0, |(_, _, answers)| answers);
        self.unclear_part = Some((part, now, before.saturating_add(1)));
    }
}

/// Memories by Host UID, and what was learned of the API server's clock.
#[derive(Debug, Default)]
pub struct Memories {
    hosts: Mutex<HashMap<String, Memory>>,
    /// What time the API server has.
    pub api_time: ApiTime,
}

impl Memories {
    /// A copy of what is remembered of the host.
    pub fn get(&self, uid: &str) -> Memory {
        self.lock().get(uid).cloned().unwrap_or_default()
    }

    /// Changes what is remembered.
    pub fn update(&self, uid: &str, change: impl FnOnce(&mut Memory)) {
        change(self.lock().entry(uid.to_owned()).or_default());
    }

    /// Since when the host's node has been ready and waits to be opened: from now on, if this is the first that is heard of it.
    pub fn ready_since(&self, uid: &str, now: Timestamp) -> Timestamp {
        *self.lock().entry(uid.to_owned()).or_default().ready_since.get_or_insert(now)
    }

    /// Since when no plan has needed the host.
    pub fn unneeded_since(&self, uid: &str) -> Option<Timestamp> {
        self.lock().get(uid)?.unneeded_since
    }

    /// When this process opened the host's node.
    pub fn opened_at(&self, uid: &str) -> Option<Timestamp> {
        self.lock().get(uid)?.opened_at
    }

    /// Forgets hosts that are no more.
    pub fn retain(&self, exists: impl Fn(&str) -> bool) {
        self.lock().retain(|uid, _| exists(uid));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Memory>> {
        self.hosts.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unclear_answers_are_counted_by_part() {
        let (mut memory, now) = (Memory::default(), Timestamp::UNIX_EPOCH);
        for part in [Part::Port(0), Part::Port(0), Part::Port(1)] {
            memory.part_unclear(part, now);
        }
        assert_eq!(memory.unclear_part, Some((Part::Port(1), now, 1)));
    }
}
