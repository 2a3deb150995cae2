//! From all that was read to a snapshot.

use std::sync::Arc;

use gantry_plan::model::{Class, Node, Snapshot, Volumes};
use jiff::Timestamp;

use super::notes::{blind, notes};
use super::{Blind, Input, Kind, OBJECTS_MAX, Place, Problem, World, pools};
use crate::kube::project::wire::PriorityClass;
use crate::model_of;

impl Input {
    /// The world that was read, as it is at `now`; a decision has its own time.
    ///
    /// # Errors
    /// Everything that is wrong with the input, at most [`super::PROBLEMS_MAX`] of it.
    pub fn finish(mut self, now: Timestamp) -> Result<World, Vec<Problem>> {
        if self.objects >= OBJECTS_MAX {
            self.problem(Place::of("the input"), "", format!("it has {OBJECTS_MAX} objects or more; plan for fewer at a time"));
        }
        if self.decision.is_some() && self.objects > 1 {
            self.problem(Place::of("the input"), "", "it has a decision and other objects; a decision is whole, replay it alone".into());
        }
        if self.objects == 0 && self.problems.is_empty() {
            let what = "it has no object at all: did the command that writes it fail? gantry plan --help shows one that serves";
            self.problem(Place::of("the input"), "", what.into());
        }
        let clouds = pools::clouds(&self.clouds, now).unwrap_or_else(|what| {
            self.problem(Place::of("the input"), "", what);
            Default::default()
        });
        if !self.problems.is_empty() {
            return Err(self.problems);
        }
        if let Some(decision) = self.decision.take() {
            return Ok(World { snapshot: decision.snapshot.clone(), notes: Vec::new(), blind: Blind::default(), decision: Some(decision) });
        }
        self.rank();
        self.date(now);
        let snapshot = Snapshot {
            now,
            pods: self.pods.values().cloned().collect(),
            nodes: self.nodes.values().map(|node| self.with_drivers(node)).collect(),
            namespaces: self.namespaces.clone(),
            volumes: self.volumes(),
            daemon_sets: self.daemon_sets.values().cloned().collect(),
            hosts: self.hosts.values().map(|host| model_of::host(host, &self.interner)).collect(),
            pools: pools::pools(&self.pools, &self.clouds),
            clouds,
        };
        let (notes, blind) = (notes(&self, &snapshot), blind(&self, &snapshot));
        Ok(World { snapshot, notes, blind, decision: None })
    }

    fn with_drivers(&self, node: &Node) -> Node {
        Node { drivers: self.drivers.get(&node.name).cloned(), ..node.clone() }
    }

    /// Gives pods the priority of their class, as the API server does at admission.
    fn rank(&mut self) {
        let default = self.ranks.values().find(|class| *class.global_default);
        for (key, name) in &self.unranked {
            let class = if name.is_empty() { default } else { self.ranks.get(name) };
            let (Some(class), Some(pod)) = (class, self.pods.get_mut(key)) else { continue };
            let mut spec = (*pod.spec).clone();
            spec.priority = *class.value;
            spec.never_preempts |= never(class);
            Arc::make_mut(pod).spec = self.interner.spec(spec);
        }
    }

    /// A manifest has no age: its pod is taken to be made now.
    fn date(&mut self, now: Timestamp) {
        for pod in self.pods.values_mut().filter(|pod| pod.created == Timestamp::UNIX_EPOCH) {
            Arc::make_mut(pod).created = now;
        }
    }

    /// Without any StorageClass those that claims name are taken to wait for a consumer and to fit everywhere.
    fn volumes(&self) -> Volumes {
        let mut classes = self.classes.clone();
        if !self.seen.contains_key(&Kind::StorageClass) {
            let named = self.claims.values().filter(|claim| claim.volume.is_none() && !claim.class.is_empty());
            classes.extend(named.map(|claim| (claim.class.clone(), Class { waits: true, ..Class::default() })));
        }
        let required = self.required_drivers.iter().filter(|(_, required)| **required).map(|(name, _)| name.clone());
        Volumes { claims: self.claims.clone(), volumes: self.volumes.clone(), classes, required_drivers: required.collect() }
    }
}

fn never(class: &PriorityClass) -> bool {
    *class.preemption_policy == "Never"
}
