//! The last decisions, each with the snapshot that it rests on: shared with the planning loop, written out only when somebody asks.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use gantry_plan::model::Snapshot;
use gantry_plan::{Command, Plan};
use jiff::Timestamp;
use serde::Serialize;

/// Decisions that are kept.
const KEPT_MAX: usize = 16;
/// Nodes and Hosts that all kept decisions hold together, beyond the newest one: those are copies, pods are shared.
const OBJECTS_MAX: usize = 10_000;

/// The ring; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Journal(Arc<Mutex<Ring>>);

#[derive(Debug, Default)]
struct Ring {
    decisions: VecDeque<Arc<Decision>>,
    last: u64,
}

/// One plan that led to something.
#[derive(Debug)]
pub struct Decision {
    /// Counts from 1 in each process.
    pub id: u64,
    /// What was known.
    pub snapshot: Arc<Snapshot>,
    /// What was decided.
    pub plan: Arc<Plan>,
}

/// A line of the list.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    id: u64,
    time: Timestamp,
    commands: Vec<String>,
    pods: usize,
    unplaced: usize,
}

impl Journal {
    /// Keeps a decision.
    pub fn keep(&self, snapshot: Arc<Snapshot>, plan: Arc<Plan>) {
        let mut ring = self.lock();
        ring.last += 1;
        let decision = Decision { id: ring.last, snapshot, plan };
        ring.decisions.push_front(Arc::new(decision));
        ring.shrink();
    }

    /// What is kept, newest first.
    pub fn list(&self) -> Vec<Line> {
        self.lock().decisions.iter().map(|decision| decision.line()).collect()
    }

    /// The decision of this id.
    pub fn get(&self, id: u64) -> Option<Arc<Decision>> {
        self.lock().decisions.iter().find(|decision| decision.id == id).cloned()
    }

    /// The newest.
    pub fn latest(&self) -> Option<Arc<Decision>> {
        self.lock().decisions.front().cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Ring {
    fn shrink(&mut self) {
        let mut objects = 0;
        let fits = |decision: &Arc<Decision>| {
            objects += decision.snapshot.nodes.len() + decision.snapshot.hosts.len();
            objects <= OBJECTS_MAX
        };
        let kept = self.decisions.iter().take(KEPT_MAX).map(fits).take_while(|fits| *fits).count();
        self.decisions.truncate(kept.max(1));
    }
}

impl Decision {
    /// All of it, in the form that `gantry plan -f` reads. The model has no secrets.
    pub fn document(&self) -> String {
        crate::offline::decision::write(&self.snapshot, &self.plan)
    }

    fn line(&self) -> Line {
        let told = |command: &Command| match command {
            Command::CreateHost { pool, flavor, zone, reason, .. } => format!("CreateHost {pool} {flavor} {zone}: {reason}"),
            Command::DeleteHost { host, reason, .. } => format!("DeleteHost {host}: {reason}"),
        };
        Line {
            id: self.id,
            time: self.snapshot.now,
            commands: self.plan.commands.iter().map(told).collect(),
            pods: self.snapshot.pods.len(),
            unplaced: self.plan.unplaced.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gantry_plan::model::{Key, Node};

    fn keep(journal: &Journal, nodes: usize) {
        let snapshot = Snapshot { nodes: vec![Node::default(); nodes], ..Snapshot::default() };
        let command = Command::DeleteHost { host: Key::new("apps", "a"), uid: "u".into(), reason: "it is empty".into() };
        journal.keep(Arc::new(snapshot), Arc::new(Plan { commands: vec![command], ..Plan::default() }));
    }

    fn ids(journal: &Journal) -> Vec<u64> {
        journal.list().iter().map(|line| line.id).collect()
    }

    #[test]
    fn the_newest_are_kept_and_listed_first() {
        let journal = Journal::default();
        (0..20).for_each(|_| keep(&journal, 1));
        assert_eq!(ids(&journal), (5..=20).rev().collect::<Vec<u64>>());
        assert_eq!(journal.list()[0].commands, ["DeleteHost apps/a: it is empty"]);
        assert_eq!((journal.latest().map(|d| d.id), journal.get(4).map(|d| d.id), journal.get(5).map(|d| d.id)), (Some(20), None, Some(5)));
    }

    #[test]
    fn big_ones_are_fewer_and_the_newest_is_always_kept() {
        let journal = Journal::default();
        (0..4).for_each(|_| keep(&journal, OBJECTS_MAX / 3));
        assert_eq!(ids(&journal), [4, 3, 2]);
        keep(&journal, OBJECTS_MAX + 1);
        assert_eq!(ids(&journal), [5]);
    }
}
