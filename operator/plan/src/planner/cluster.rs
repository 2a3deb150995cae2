//! What runs where: the snapshot indexed by node name.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::demand::is_daemon;
use crate::model::{DaemonSet, Host, Node, Pod, Snapshot, Taint};
use crate::resources::Resources;
use crate::scheduling::{NODE_UNSCHEDULABLE, NodeView, Storage, is_joining, kept_taints, runs_daemon};

/// How long after its creation a host whose node is not ready and carries nothing is taken to be on its way.
const JOIN_GRACE: jiff::SignedDuration = jiff::SignedDuration::from_mins(15);

/// What is bound or nominated to a node.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// The sum of what the pods ask for.
    pub requests: Resources,
    /// Pods that are neither a DaemonSet's nor static.
    pub workload: usize,
}

/// The snapshot, indexed.
pub(crate) struct Cluster<'a> {
    pub snapshot: &'a Snapshot,
    pub nodes: BTreeMap<&'a str, &'a Node>,
    hosts: BTreeMap<&'a str, &'a Host>,
    loads: HashMap<&'a str, Load>,
    /// Node, namespace and name of each DaemonSet that has its pod there already.
    daemons: HashSet<(&'a str, &'a str, &'a str)>,
    /// Volumes attached, by node and driver.
    volumes: HashMap<&'a str, BTreeMap<&'a str, BTreeSet<String>>>,
}

impl<'a> Cluster<'a> {
    pub fn of(snapshot: &'a Snapshot) -> Self {
        let mut cluster = Self {
            snapshot,
            nodes: snapshot.nodes.iter().map(|node| (node.name.as_str(), node)).collect(),
            hosts: BTreeMap::new(),
            loads: HashMap::new(),
            daemons: HashSet::new(),
            volumes: HashMap::new(),
        };
        for host in &snapshot.hosts {
            let entry = cluster.hosts.entry(&host.key.name).or_insert(host);
            if (is_live(host), &host.key) > (is_live(entry), &entry.key) {
                *entry = host;
            }
        }
        for pod in &snapshot.pods {
            cluster.count(pod);
        }
        cluster
    }

    fn count(&mut self, pod: &'a Pod) {
        let Some(node) = pod.place() else {
            return;
        };
        let load = self.loads.entry(node).or_default();
        load.requests.add(&pod.spec.requests);
        load.workload += usize::from(!pod.mirror && !is_daemon(pod));
        if let Some((_, owner)) = pod.owner.as_ref().filter(|_| is_daemon(pod)) {
            self.daemons.insert((node, &pod.key.namespace, owner));
        }
    }

    /// The host of this name; a live one, if there are several.
    pub fn host(&self, name: &str) -> Option<&'a Host> {
        self.hosts.get(name).copied()
    }

    /// Workload pods bound or nominated to a node.
    pub fn workload(&self, node: &str) -> usize {
        self.loads.get(node).map_or(0, |load| load.workload)
    }

    /// What a node has left for pods, after those that are there and the DaemonSets' pods that will be.
    pub fn free(&self, view: &NodeView<'_>, allocatable: &Resources) -> Resources {
        let mut free = allocatable.clone();
        if let Some(load) = view.name.and_then(|name| self.loads.get(name)) {
            free.sub(&load.requests);
        }
        for set in self.snapshot.daemon_sets.iter().filter(|set| self.awaits_daemon(view, set)) {
            free.sub(&one_pod(&set.pod.spec.requests));
        }
        free
    }

    /// What a node has for pods when nothing but DaemonSets' pods is there.
    pub fn empty(&self, view: &NodeView<'_>, allocatable: &Resources) -> Resources {
        let mut empty = allocatable.clone();
        self.daemons(view).for_each(|set| empty.sub(&one_pod(&set.pod.spec.requests)));
        empty
    }

    /// The DaemonSets that have a pod on such a node.
    pub fn daemons(&self, view: &NodeView<'_>) -> impl Iterator<Item = &'a DaemonSet> {
        self.snapshot.daemon_sets.iter().filter(move |set| runs_daemon(set, view))
    }

    /// Volumes that are attached to a node or will be, by driver, as far as pods that wait share the driver.
    pub fn attached(&self, node: &str) -> impl Iterator<Item = (&'a str, i64)> {
        self.volumes.get(node).into_iter().flatten().map(|(driver, volumes)| (*driver, volumes.len() as i64))
    }

    /// Counts volumes of pods that run or are nominated, for these drivers only.
    pub fn count_volumes(&mut self, drivers: &HashSet<&str>) {
        let storage = Storage::of(&self.snapshot.volumes);
        for pod in self.snapshot.pods.iter().filter(|pod| !drivers.is_empty() && !pod.spec.claims.is_empty()) {
            let Some(node) = pod.place() else {
                continue;
            };
            let ask = storage.ask(pod).map(|ask| ask.attaches).unwrap_or_default();
            for (driver, volume) in ask.into_iter().filter(|(driver, _)| drivers.contains(driver)) {
                self.volumes.entry(node).or_default().entry(driver).or_default().insert(volume);
            }
        }
    }

    /// Whether a pod of the set will come to such a node and is not there yet.
    pub fn awaits_daemon(&self, view: &NodeView<'_>, set: &DaemonSet) -> bool {
        runs_daemon(set, view) && !self.has_daemon(view, set)
    }

    fn has_daemon(&self, view: &NodeView<'_>, set: &DaemonSet) -> bool {
        view.name.is_some_and(|name| self.daemons.contains(&(name, set.key.namespace.as_str(), set.key.name.as_str())))
    }

    /// Whether a node is on its way to being ready for the first time.
    pub fn joins(&self, node: &Node, host: &Host) -> bool {
        let young = self.snapshot.now.duration_since(host.created) < JOIN_GRACE;
        is_joining(node) || (!node.ready && young && self.workload(&node.name) == 0)
    }

    /// When hosts that are taken to be on their way only for their age no longer are.
    pub fn grace_ends(&self) -> impl Iterator<Item = jiff::Timestamp> {
        let nodes = self.nodes.values().filter_map(|node| Some((node, self.host(&node.name)?)));
        let by_age = nodes.filter(|(node, host)| is_live(host) && self.joins(node, host) && !is_joining(node));
        by_age.filter_map(|(_, host)| host.created.checked_add(JOIN_GRACE).ok())
    }
}

/// Whether a host is capacity now or later.
pub(crate) fn is_live(host: &Host) -> bool {
    !host.deleting && !host.failed
}

/// A node's taints, without those that a joining one sheds.
pub(crate) fn own_taints(node: &Node, joining: Option<&Host>) -> Vec<Taint> {
    joining.map_or_else(|| node.taints.clone(), |host| kept_taints(&node.taints, host))
}

/// The taints that pods meet on a node: those of a cordon too, without those that a joining node sheds.
pub(crate) fn met_taints(node: &Node, joining: Option<&Host>) -> Vec<Taint> {
    let mut taints = own_taints(node, joining);
    if node.cordoned && !taints.iter().any(|taint| taint.key == NODE_UNSCHEDULABLE) {
        let key = NODE_UNSCHEDULABLE.to_owned();
        taints.push(Taint { key, effect: "NoSchedule".to_owned(), ..Taint::default() });
    }
    taints
}

/// A DaemonSet's requests count as one pod even where its template says nothing.
fn one_pod(requests: &Resources) -> Resources {
    let mut requests = requests.at_least_zero();
    requests.pods = 1;
    requests
}
