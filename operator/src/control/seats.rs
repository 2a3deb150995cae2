//! Where the newest plan seats pods that wait, by node, and who was nominated there: what a join goes by.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use gantry_plan::model::Key;
use gantry_plan::{Command, Plan};

/// A pod is nominated for a node this often, or let in: the scheduler clears a nomination after a failed attempt, and then it may be true
/// no more.
const NOMINATIONS_MAX: u8 = 2;
/// Nominations that are remembered; with more, the memory begins anew.
const REMEMBERED_MAX: usize = 20_000;

/// Seats of the newest plan.
#[derive(Debug, Default)]
pub struct Seats(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    by_node: HashMap<String, Vec<Key>>,
    /// Pods for which all joining nodes are kept: they have a seat on a host that is not open yet.
    followers: Option<usize>,
    nominated: HashMap<(String, String), u8>,
}

impl Seats {
    /// Takes a plan's seats on the nodes that count. `follows` tells of pods for which all joining nodes are kept, `is_open` of nodes.
    pub fn planned(&self, plan: &Plan, counts: impl Fn(&str) -> bool, follows: impl Fn(&Key) -> bool, is_open: impl Fn(&str) -> bool) {
        let mut by_node: HashMap<String, Vec<Key>> = HashMap::new();
        for (pod, node) in plan.placed.iter().filter(|(_, node)| counts(node)) {
            by_node.entry(node.clone()).or_default().push(pod.clone());
        }
        let bought = plan.commands.iter().flat_map(|command| match command {
            Command::CreateHost { pods, .. } => pods.as_slice(),
            Command::DeleteHost { .. } => &[],
        });
        let seated = by_node.iter().filter(|(node, _)| !is_open(node)).flat_map(|(_, pods)| pods);
        let followers = bought.chain(seated).filter(|pod| follows(pod)).count();
        let mut inner = self.lock();
        (inner.by_node, inner.followers) = (by_node, Some(followers));
    }

    /// Pods for which all joining nodes are kept; unknown before the first plan.
    pub fn followers(&self) -> Option<usize> {
        self.lock().followers
    }

    /// Pods that are to run on the node.
    pub fn on(&self, node: &str) -> Vec<Key> {
        self.lock().by_node.get(node).cloned().unwrap_or_default()
    }

    /// Nodes with seats.
    pub fn nodes(&self) -> Vec<String> {
        self.lock().by_node.keys().cloned().collect()
    }

    /// Whether the pod with this UID may be nominated for the node, or let in; counts it.
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
        let planned = |plan| seats.planned(&plan, |node| node != "static", |pod| pod.name == "b", |node| node == "h2");
        assert_eq!(seats.followers(), None);
        planned(plan(&[("a", "h1"), ("b", "h1"), ("c", "static")]));
        assert_eq!((seats.on("h1"), seats.nodes(), seats.followers()), (vec![key("a"), key("b")], vec!["h1".to_owned()], Some(1)));
        planned(plan(&[("b", "h2")]));
        assert_eq!((seats.on("h1"), seats.on("h2"), seats.followers()), (vec![], vec![key("b")], Some(0)));
    }

    #[test]
    fn a_pod_is_nominated_for_a_node_twice_and_no_more() {
        let seats = Seats::default();
        let tries = ["h1", "h1", "h1", "h2"].map(|node| seats.may_nominate("u", node));
        assert_eq!(tries, [true, true, false, true]);
    }
}
