//! Where the newest plan seats pods that wait, by node, and who was nominated there: what a join goes by.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use gantry_plan::Plan;
use gantry_plan::model::Key;

/// A pod is nominated for a node this often: the scheduler clears it after a failed attempt, and then it may be true no more.
const NOMINATIONS_MAX: u8 = 2;
/// Nominations that are remembered; with more, the memory begins anew.
const REMEMBERED_MAX: usize = 20_000;

/// Seats of the newest plan.
#[derive(Debug, Default)]
pub struct Seats(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    by_node: HashMap<String, Vec<Key>>,
    nominated: HashMap<(String, String), u8>,
}

impl Seats {
    /// Takes a plan's seats on the nodes that count.
    pub fn planned(&self, plan: &Plan, counts: impl Fn(&str) -> bool) {
        let mut by_node: HashMap<String, Vec<Key>> = HashMap::new();
        for (pod, node) in plan.placed.iter().filter(|(_, node)| counts(node)) {
            by_node.entry(node.clone()).or_default().push(pod.clone());
        }
        self.lock().by_node = by_node;
    }

    /// Pods that are to run on the node.
    pub fn on(&self, node: &str) -> Vec<Key> {
        self.lock().by_node.get(node).cloned().unwrap_or_default()
    }

    /// Nodes with seats.
    pub fn nodes(&self) -> Vec<String> {
        self.lock().by_node.keys().cloned().collect()
    }

    /// Whether the pod with this UID may be nominated for the node; counts it.
    pub fn may_nominate(&self, uid: &str, node: &str) -> bool {
        let mut inner = self.lock();
        if inner.nominated.len() >= REMEMBERED_MAX {
            inner.nominated.clear();
        }
        let count = inner.nominated.entry((uid.to_owned(), node.to_owned())).or_default();
        let may = *count < NOMINATIONS_MAX;
        *count = count.saturating_add(1);
        may
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_replaces_the_seats_of_the_one_before() {
        let (seats, key) = (Seats::default(), |name: &str| Key::new("apps", name));
        let plan = |placed: &[(&str, &str)]| Plan {
            placed: placed.iter().map(|(pod, node)| (key(pod), (*node).to_owned())).collect(),
            ..Plan::default()
        };
        seats.planned(&plan(&[("a", "h1"), ("b", "h1"), ("c", "static")]), |node| node != "static");
        assert_eq!((seats.on("h1"), seats.nodes()), (vec![key("a"), key("b")], vec!["h1".to_owned()]));
        seats.planned(&plan(&[("b", "h2")]), |_| true);
        assert_eq!((seats.on("h1"), seats.on("h2")), (vec![], vec![key("b")]));
    }

    #[test]
    fn a_pod_is_nominated_for_a_node_twice_and_no_more() {
        let seats = Seats::default();
        let tries = ["h1", "h1", "h1", "h2"].map(|node| seats.may_nominate("u", node));
        assert_eq!(tries, [true, true, false, true]);
    }
}
