//! Domains: nodes with the same value of a label.

use std::collections::HashMap;

use super::NodeAt;
use super::seen::Seen;
use crate::scheduling::Label;

/// A domain of one topology key.
pub(super) type Domain = u32;

/// The domains of every key that a term or a constraint goes by.
#[derive(Clone, Debug, Default)]
pub(super) struct Topologies {
    keys: HashMap<String, usize>,
    all: Vec<Topology>,
}

#[derive(Clone, Debug, Default)]
struct Topology {
    key: String,
    /// Of each node; `None`: it lacks the label.
    domains: Vec<Option<Domain>>,
    values: HashMap<String, Domain>,
    next: Domain,
}

impl Topologies {
    /// The key's number; every node is looked at the first time it is asked for.
    pub fn number(&mut self, key: &str, nodes: &[Seen<'_>]) -> usize {
        if let Some(known) = self.keys.get(key) {
            return *known;
        }
        let mut topology = Topology { key: key.to_owned(), ..Topology::default() };
        topology.grow(nodes);
        self.all.push(topology);
        self.keys.insert(key.to_owned(), self.all.len() - 1);
        self.all.len() - 1
    }

    /// The node's domain.
    pub fn domain(&self, topology: usize, at: NodeAt) -> Option<Domain> {
        self.all[topology].domains[at.index()]
    }

    /// Looks at nodes that were added.
    pub fn grow(&mut self, nodes: &[Seen<'_>]) {
        self.all.iter_mut().for_each(|topology| topology.grow(nodes));
    }
}

impl Topology {
    fn grow(&mut self, nodes: &[Seen<'_>]) {
        for node in nodes.iter().skip(self.domains.len()) {
            let domain = match node.view().label(&self.key) {
                Label::Absent => None,
                Label::Unknown => Some(self.fresh()),
                Label::Is(value) => Some(self.valued(value)),
            };
            self.domains.push(domain);
        }
    }

    fn valued(&mut self, value: &str) -> Domain {
        if let Some(known) = self.values.get(value) {
            return *known;
        }
        let domain = self.fresh();
        self.values.insert(value.to_owned(), domain);
        domain
    }

    fn fresh(&mut self) -> Domain {
        self.next += 1;
        self.next
    }
}
