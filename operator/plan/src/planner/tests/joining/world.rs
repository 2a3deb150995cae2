//! A cluster whose hosts join one after the other, with a scheduler that takes pods as they come, by the judge.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::SignedDuration;

use crate::fixtures::*;
use crate::model::{Key, Node, Pod, Snapshot, Taint, Toleration};
use crate::planner::{Command, Plan};
use crate::scheduling::{HOST_LABEL, HOSTNAME, Judge, NodeAt};

const STARTUP: &str = "gantry.cloud/startup";
/// A pod is nominated for a node this often.
const NOMINATIONS_MAX: u8 = 2;
/// Things that happen to hosts at most.
const MAX_EVENTS: usize = 200;

/// Numbers that look like chance and are the same each time.
pub(super) struct Dice(u64);

impl Dice {
    pub fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below.max(1) as u64).unwrap()
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub hosts: usize,
    pub bought_later: usize,
    pub waiting: usize,
}

/// The cluster and what the operator remembers.
struct World {
    snapshot: Snapshot,
    plan: Plan,
    nominated: HashMap<(String, String), u8>,
    opened: Vec<String>,
    /// Nodes that take nobody but whom they were bought for, and who was given a toleration of which nodes' taint.
    kept: Vec<String>,
    let_in: HashMap<String, Vec<Toleration>>,
    dice: Dice,
}

/// Plans, buys, and lets the hosts join in some order until all did.
pub(super) fn joined(snapshot: Snapshot, seed: u64) -> Outcome {
    let mut world = World {
        snapshot,
        plan: Plan::default(),
        nominated: HashMap::new(),
        opened: Vec::new(),
        kept: Vec::new(),
        let_in: HashMap::new(),
        dice: Dice::of(seed),
    };
    let mut to_register = world.plan();
    let (hosts, mut bought_later, mut closed) = (to_register.len(), 0, Vec::new());
    for _ in 0..MAX_EVENTS {
        let at = world.dice.roll(to_register.len() + closed.len());
        let mut more = Vec::new();
        if at < to_register.len() {
            let name = to_register.remove(at);
            world.register(&name);
            closed.push(name);
        } else if let Some(name) = closed.get(at - to_register.len()).cloned() {
            more.extend(world.is_ready(&name));
        }
        more.extend(world.open_ready(&mut closed));
        bought_later += more.len();
        to_register.extend(more);
        if to_register.is_empty() && closed.is_empty() {
            break;
        }
    }
    Outcome { hosts, bought_later, waiting: world.snapshot.pods.iter().filter(|pod| pod.node_name.is_none()).count() }
}

impl World {
    /// Plans, buys and nominates; the answer is what was bought.
    fn plan(&mut self) -> Vec<String> {
        self.snapshot.now += SignedDuration::from_secs(1);
        self.plan = quick(&self.snapshot);
        assert_eq!(deleted(&self.plan), Vec::<&str>::new());
        let before = self.snapshot.hosts.len();
        self.snapshot = after(&self.snapshot, &self.plan);
        self.opened.clone().iter().for_each(|name| self.nominate(name));
        self.kept.clone().iter().for_each(|name| self.let_in(name));
        self.snapshot.hosts[before..].iter().map(|host| host.key.name.clone()).collect()
    }

    fn register(&mut self, name: &str) {
        let host = self.snapshot.hosts.iter_mut().find(|host| host.key.name == name).unwrap();
        host.joined = true;
        let mut labels = (*host.labels).clone();
        labels.extend([HOSTNAME, HOST_LABEL].map(|key| (key.to_owned(), name.to_owned())));
        let taints = vec![Taint { key: STARTUP.to_owned(), value: name.to_owned(), effect: "NoSchedule".to_owned() }];
        let allocatable = host.allocatable.clone();
        self.snapshot.nodes.push(Node { labels: labels.into(), allocatable, taints, ready: false, ..node(name, 0, 0) });
        self.schedule();
    }

    fn is_ready(&mut self, name: &str) -> Vec<String> {
        self.node(name).ready = true;
        self.plan()
    }

    /// Lets in to the ready nodes whom they were bought for; opens those whose pods are in, once no pod waits that depends on others. After each node the world is planned anew.
    fn open_ready(&mut self, closed: &mut Vec<String>) -> Vec<String> {
        let mut bought = self.plan();
        for name in closed.clone() {
            if self.node(&name).ready {
                closed.retain(|other| *other != name);
                self.kept.push(name.clone());
                self.let_in(&name);
                self.schedule();
                bought.extend(self.plan());
            }
        }
        while let Some(at) = (0..self.kept.len()).find(|at| !self.is_kept(&self.kept[*at])) {
            let name = self.kept.remove(at);
            self.nominate(&name);
            self.node(&name).taints.clear();
            self.opened.push(name);
            self.schedule();
            bought.extend(self.plan());
        }
        bought
    }

    /// Whether pods wait that have their seat on the node, or pods that depend on others and have it on a host that is not open yet.
    fn is_kept(&self, name: &str) -> bool {
        let buys = self.plan.commands.iter().any(|command| matches!(command, Command::CreateHost { .. }));
        let waits = |key: &Key, node: &str| {
            let mut pods = self.snapshot.pods.iter().filter(|pod| pod.key == *key && pod.node_name.is_none());
            pods.any(|pod| node == name || pod.spec.follows_others() && !self.opened.iter().any(|open| open == node))
        };
        buys || self.plan.placed.iter().any(|(pod, node)| waits(pod, node))
    }

    fn seated(&self, name: &str) -> Vec<Key> {
        self.plan.placed.iter().filter(|(_, node)| node == name).map(|(pod, _)| pod.clone()).collect()
    }

    fn let_in(&mut self, name: &str) {
        let (key, operator, effect) = (STARTUP.to_owned(), "Equal".to_owned(), "NoSchedule".to_owned());
        let own = Toleration { key, operator, value: name.to_owned(), effect };
        let seated = self.seated(name);
        for pod in self.snapshot.pods.iter().filter(|pod| pod.node_name.is_none() && seated.contains(&pod.key)) {
            let given = self.let_in.entry(pod.uid.clone()).or_default();
            if !given.contains(&own) {
                given.push(own.clone());
            }
        }
    }

    fn node(&mut self, name: &str) -> &mut Node {
        self.snapshot.nodes.iter_mut().find(|node| node.name == name).unwrap()
    }

    fn nominate(&mut self, name: &str) {
        let seated = self.seated(name);
        for pod in self.snapshot.pods.iter_mut().filter(|pod| seated.contains(&pod.key)) {
            if pod.node_name.is_some() || pod.nominated_node.is_some() {
                continue;
            }
            let count = self.nominated.entry((pod.uid.to_string(), name.to_owned())).or_default();
            if *count < NOMINATIONS_MAX {
                *count += 1;
                Arc::make_mut(pod).nominated_node = Some(name.into());
            }
        }
    }

    /// Takes pods in some order, again and again, until nobody finds a node any more: whoever is bound wakes all others.
    fn schedule(&mut self) {
        let mut queue: Vec<usize> = (0..self.snapshot.pods.len()).filter(|at| self.snapshot.pods[*at].node_name.is_none()).collect();
        for at in (1..queue.len()).rev() {
            let other = self.dice.roll(at + 1);
            queue.swap(at, other);
        }
        loop {
            let before = queue.len();
            queue.retain(|at| !self.attempt(*at));
            if queue.len() == before {
                return;
            }
        }
    }

    /// One attempt: the nominated node first, then the emptiest of those that let the pod in. One that fails loses its nomination.
    fn attempt(&mut self, at: usize) -> bool {
        let pod = self.as_seen(at);
        let mut judge = Judge::of(&self.snapshot);
        let open: Vec<NodeAt> = judge.nodes().collect::<Vec<_>>().into_iter().filter(|node| judge.verdict(&pod, *node).is_ok()).collect();
        let nominated = pod.nominated_node.as_deref().and_then(|name| judge.node(name)).filter(|node| open.contains(node));
        let emptiest = open.into_iter().filter_map(|node| judge.name(node).map(str::to_owned)).max_by_key(|name| self.emptiness(name));
        let chosen = nominated.and_then(|node| judge.name(node).map(str::to_owned)).or(emptiest);
        let pod = self.snapshot.pod(at);
        pod.nominated_node = None;
        pod.unschedulable = chosen.is_none();
        pod.node_name = chosen.map(Into::into);
        !pod.unschedulable
    }

    /// The pod as the scheduler sees it: the planner is not shown what it tolerates for Gantry's sake.
    fn as_seen(&self, at: usize) -> Pod {
        let mut pod = (*self.snapshot.pods[at]).clone();
        if let Some(given) = self.let_in.get(&pod.uid) {
            pod.spec_mut().tolerations.extend(given.iter().cloned());
        }
        pod
    }

    /// LeastAllocated: the sum of the free shares of CPU and memory, in thousandths.
    fn emptiness(&self, name: &str) -> i64 {
        let node = self.snapshot.nodes.iter().find(|node| node.name == name).unwrap();
        let mut free = node.allocatable.clone();
        self.snapshot.pods.iter().filter(|pod| pod.node_name.as_deref() == Some(name)).for_each(|pod| free.sub(&pod.spec.requests));
        free.cpu_milli * 1_000 / node.allocatable.cpu_milli.max(1) + free.memory_bytes / (node.allocatable.memory_bytes / 1_000).max(1)
    }
}
