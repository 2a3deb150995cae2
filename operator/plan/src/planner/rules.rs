//! What pods ask of other pods, compiled to counters: how many pods of some kind are in a domain, and what that must be.

mod compile;
mod whom;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::cluster::Cluster;
use crate::model::{DaemonSet, HostPort, Key, Labels, Pod, PodSpec, PodTerm, Selector, Snapshot, Spread};
use crate::scheduling::{Constraints, HOST_LABEL, HOSTNAME, NodeView, spread_counts};
use compile::Compiler;
pub(crate) use whom::Whom;

/// A topology key in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Topology<'a> {
    /// The whole cluster is one domain.
    Cluster,
    /// Every node is a domain of its own.
    Node,
    /// Nodes with the same value of this label.
    Label(&'a str),
}

impl<'a> Topology<'a> {
    pub fn of(key: &'a str) -> Self {
        if key == HOSTNAME || key == HOST_LABEL { Self::Node } else { Self::Label(key) }
    }
}

/// Pods to be counted by domain.
#[derive(Debug)]
pub(crate) struct Counter<'a> {
    pub whom: Whom<'a>,
    /// Index into [`Rules::topologies`].
    pub topology: usize,
    /// For spread, which nodes are counted: index into [`Rules::realms`].
    pub realm: Option<usize>,
}

/// Nodes that a spread constraint counts.
#[derive(Debug)]
pub(crate) struct Realm<'a> {
    spec: &'a PodSpec,
    spread: &'a Spread,
    /// Index into [`Rules::topologies`].
    pub topology: usize,
}

impl Realm<'_> {
    /// Whether a node is one of them.
    pub fn counts(&self, node: &NodeView<'_>) -> bool {
        spread_counts(self.spec, self.spread, node)
    }
}

/// A required spread constraint.
#[derive(Clone, Debug)]
pub(crate) struct Skew {
    pub counter: usize,
    pub max_skew: i64,
    /// 1 if the pod itself counts.
    pub own: i64,
    pub min_domains: Option<usize>,
}

/// Required affinity: for each term the pods that match all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Needs {
    pub counters: Vec<usize>,
    /// Whether the pod matches itself: then it may be the first.
    pub own: bool,
}

/// Volume claims because of which a pod looks at others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Claims {
    /// Those that it must have for itself alone.
    pub alone: Vec<Key>,
    /// Those that several wait for and that have no volume yet: it is made where the first of them comes.
    pub shared: Vec<Key>,
}

/// What a pod does to counters and asks of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asks {
    /// Counters that count it.
    pub adds: Vec<usize>,
    /// Counters that must be 0 in its domain.
    pub zeros: Vec<usize>,
    /// Required affinity.
    pub needs: Needs,
    /// Required spread.
    pub skews: Vec<Skew>,
    /// Counters of those who share a volume with it: where one of them is, all go.
    pub shares: Vec<usize>,
}

impl Asks {
    /// Whether it neither counts nor asks.
    pub fn is_free(&self) -> bool {
        self.adds.is_empty() && self.zeros.is_empty() && self.needs.counters.is_empty() && self.skews.is_empty()
    }

    fn only(&self, keep: impl Fn(usize) -> bool) -> Self {
        let kept = |counters: &[usize]| counters.iter().copied().filter(|at| keep(*at)).collect();
        Self {
            adds: kept(&self.adds),
            zeros: kept(&self.zeros),
            needs: Needs { counters: kept(&self.needs.counters), own: self.needs.own },
            skews: self.skews.iter().filter(|skew| keep(skew.counter)).cloned().collect(),
            shares: kept(&self.shares),
        }
    }
}

/// The asks of some pods: all of them, those that look at more than one node, and those that look at one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rule {
    pub all: Asks,
    pub sited: Asks,
    pub local: Asks,
}

/// A DaemonSet whose pods others have an eye on.
#[derive(Debug)]
pub(crate) struct Daemon<'a> {
    pub set: &'a DaemonSet,
    /// Counters that count its pods.
    pub adds: Vec<usize>,
}

/// All rules of the pods that wait.
#[derive(Debug, Default)]
pub(crate) struct Rules<'a> {
    pub topologies: Vec<Topology<'a>>,
    pub counters: Vec<Counter<'a>>,
    pub realms: Vec<Realm<'a>>,
    pub rules: Vec<Rule>,
    /// DaemonSets whose pods are counted.
    pub daemons: Vec<Daemon<'a>>,
}

impl<'a> Rules<'a> {
    /// The rules, and for each of the pods which is its.
    pub fn of(cluster: &Cluster<'a>, pods: &[(&'a Pod, Claims)]) -> (Self, Vec<usize>) {
        let mut compiler = Compiler::new(cluster.snapshot);
        compiler.add_owners(cluster, pods);
        let asks: Vec<Asks> = pods.iter().map(|(pod, claims)| compiler.compile(pod, claims)).collect();
        let mut rules = compiler.finish();
        let mut index: HashMap<Signature<'a>, usize> = HashMap::new();
        let mut of_each = Vec::with_capacity(pods.len());
        let namespaces = &cluster.snapshot.namespaces;
        for ((pod, claims), mut asks) in pods.iter().zip(asks) {
            let next = rules.rules.len();
            let at = *index.entry(signature(pod, claims)).or_insert(next);
            if at == next {
                asks.adds = rules.counted(|whom| whom.counts(pod, namespaces));
                rules.push(asks);
            }
            of_each.push(at);
        }
        for set in &cluster.snapshot.daemon_sets {
            let adds = rules.counted(|whom| whom.counts(&set.pod, namespaces));
            rules.daemons.extend((!adds.is_empty()).then_some(Daemon { set, adds }));
        }
        (rules, of_each)
    }

    /// Counters that count what `counts` says.
    pub fn counted(&self, counts: impl Fn(&Whom<'_>) -> bool) -> Vec<usize> {
        (0..self.counters.len()).filter(|at| counts(&self.counters[*at].whom)).collect()
    }

    /// Whether the counter's domains are single nodes.
    pub fn is_local(&self, counter: usize) -> bool {
        self.topologies[self.counters[counter].topology] == Topology::Node
    }

    fn push(&mut self, all: Asks) {
        let (sited, local) = (all.only(|at| !self.is_local(at)), all.only(|at| self.is_local(at)));
        self.rules.push(Rule { all, sited, local });
    }
}

/// What decides a pod's asks.
type Signature<'a> = (&'a str, &'a Labels, SpecParts<'a>, Claims);
type SpecParts<'a> = (&'a [PodTerm], &'a [PodTerm], &'a [Spread], &'a [HostPort], Option<Constraints<'a>>);

fn signature<'a>(pod: &'a Pod, claims: &Claims) -> Signature<'a> {
    let spec = &pod.spec;
    let constraints = (!spec.spread.is_empty()).then(|| Constraints::of(pod));
    let parts: SpecParts<'a> = (&spec.affinity, &spec.anti_affinity, &spec.spread, &spec.host_ports, constraints);
    (&pod.key.namespace, &pod.labels, parts, claims.clone())
}

/// Keys of labels that some selector could look at: of what waits, and of the anti-affinity of what runs.
pub(crate) fn visible_keys<'a>(snapshot: &'a Snapshot, waiting: &[&'a Pod]) -> BTreeSet<&'a str> {
    let mut keys = BTreeSet::new();
    let mut seen = HashSet::new();
    for pod in waiting {
        if seen.insert(Arc::as_ptr(&pod.spec)) {
            let spec = &pod.spec;
            spec.spread.iter().filter_map(|spread| spread.selector.as_ref()).for_each(|selector| add_keys(selector, &mut keys));
            let preferred = spec.preferred_affinity.iter().chain(&spec.preferred_anti_affinity).map(|preferred| &preferred.term);
            let terms = spec.affinity.iter().chain(&spec.anti_affinity).chain(preferred);
            terms.filter_map(|term| term.selector.as_ref()).for_each(|selector| add_keys(selector, &mut keys));
        }
    }
    for pod in &snapshot.pods {
        if !pod.spec.anti_affinity.is_empty() && seen.insert(Arc::as_ptr(&pod.spec)) {
            pod.spec.anti_affinity.iter().filter_map(|term| term.selector.as_ref()).for_each(|selector| add_keys(selector, &mut keys));
        }
    }
    keys
}

fn add_keys<'a>(selector: &'a Selector, keys: &mut BTreeSet<&'a str>) {
    keys.extend(selector.labels.keys().map(String::as_str));
    keys.extend(selector.expressions.iter().map(|expression| expression.key.as_str()));
}
