//! The filters, in kube-scheduler's order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::case::Case;
use super::seen::Held;
use super::tallies::Counting;
use super::terms::Company;
use super::{Judge, NodeAt};
use crate::model::{Pod, Taint};
use crate::scheduling::misfit::Misfit;
use crate::scheduling::{Constraints, NODE_UNSCHEDULABLE, Unmet, VolumeAsk, untolerated, wants};

impl Judge<'_> {
    /// Whether the pod fits the node now: with the pods of at least its priority that are nominated to it, and without them.
    ///
    /// # Errors
    /// The first thing that keeps it off.
    pub fn verdict(&mut self, pod: &Pod, at: NodeAt) -> Result<(), Misfit> {
        let case = self.case(pod)?;
        self.judged(&case, at)
    }

    pub(super) fn judged(&mut self, case: &Case<'_, '_>, at: NodeAt) -> Result<(), Misfit> {
        let guests = self.guests(case.pod, at);
        if !guests.is_empty() {
            guests.iter().for_each(|guest| self.come(guest, at));
            let verdict = self.filters(case, at);
            guests.iter().rev().for_each(|guest| self.go(guest, at));
            verdict?;
        }
        self.filters(case, at)
    }

    /// The pod is on the node for the length of an attempt.
    pub(super) fn come(&mut self, pod: &Arc<Pod>, at: NodeAt) {
        self.shift(pod, at, 1, Counting::Within);
        self.nodes[at.index()].push(Held::Placed(Arc::clone(pod)));
    }

    /// The pod is off the node for the length of an attempt.
    pub(super) fn go(&mut self, pod: &Arc<Pod>, at: NodeAt) {
        self.nodes[at.index()].pull(pod);
        self.shift(pod, at, -1, Counting::Within);
    }

    /// Pods nominated to the node to which this one must yield. Those of other schedulers are not known to its own.
    fn guests(&self, pod: &Pod, at: NodeAt) -> Vec<Arc<Pod>> {
        let nominated = self.name(at).and_then(|name| self.nominated.get(name));
        let before = |guest: &&Arc<Pod>| {
            guest.spec.priority >= pod.spec.priority && guest.uid != pod.uid && guest.spec.scheduler == pod.spec.scheduler
        };
        nominated.into_iter().flat_map(BTreeMap::values).filter(before).cloned().collect()
    }

    fn filters(&self, case: &Case<'_, '_>, at: NodeAt) -> Result<(), Misfit> {
        let node = &self.nodes[at.index()];
        if let Some(name) = case.pod.node_name.as_ref().filter(|name| node.name.as_deref() != Some(name.as_str())) {
            return Err(Misfit::OtherNode(name.to_string()));
        }
        self.stays_as_it_is(case.pod, at)?;
        node.ports(case.pod)?;
        node.room(case.pod)?;
        self.alone(&case.volumes)?;
        self.attachments(&case.volumes, at)?;
        case.volumes.admits(&node.view())?;
        self.spread(case, at)?;
        self.neighbours(case, at)
    }

    /// Cordon, taints, selector, affinity: nothing that pods on the node change.
    fn stays_as_it_is(&self, pod: &Pod, at: NodeAt) -> Result<(), Misfit> {
        let node = &self.nodes[at.index()];
        let cordon = [Taint { key: NODE_UNSCHEDULABLE.to_owned(), value: String::new(), effect: "NoSchedule".to_owned() }];
        if node.cordoned && untolerated(&cordon, &pod.spec.tolerations).is_some() {
            return Err(Misfit::Cordoned);
        }
        if let Some(taint) = untolerated(&node.taints, &pod.spec.tolerations) {
            return Err(Misfit::Taint(taint.clone()));
        }
        wants(&node.view(), &Constraints::of(pod)).map_err(|unmet| match unmet {
            Unmet::Selector(key, value) => {
                Misfit::Selector { key: key.to_owned(), value: value.to_owned(), has: node.labels.get(key).cloned() }
            }
            Unmet::Affinity => Misfit::Affinity(pod.spec.node_affinity.clone().unwrap_or_default()),
            Unmet::Taint(taint) => Misfit::Taint(taint.clone()),
        })
    }

    fn alone(&self, volumes: &VolumeAsk<'_>) -> Result<(), Misfit> {
        let used = |key: &&crate::model::Key| self.users.as_ref().and_then(|users| users.get(*key)).is_some_and(|users| *users > 0);
        volumes.alone.iter().find(used).map_or(Ok(()), |key| Err(Misfit::InUse(key.clone())))
    }

    /// Each driver's volumes on the node, those that the pod adds too, against what the CSINode says.
    fn attachments(&self, volumes: &VolumeAsk<'_>, at: NodeAt) -> Result<(), Misfit> {
        if volumes.attaches.is_empty() {
            return Ok(());
        }
        let node = &self.nodes[at.index()];
        let drivers = node.drivers.as_ref().as_ref();
        let needed = |driver: &str| self.storage.volumes.required_drivers.contains(driver);
        let here = |driver: &str| drivers.is_some_and(|drivers| drivers.contains_key(driver));
        if let Some((driver, _)) = volumes.attaches.iter().find(|(driver, _)| needed(driver) && !here(driver)) {
            return Err(Misfit::NoDriver((*driver).to_owned()));
        }
        let limits = drivers.into_iter().flatten().filter_map(|(driver, limit)| Some((driver.as_str(), (*limit)?)));
        let limits: BTreeMap<&str, i64> = limits.collect();
        if limits.is_empty() {
            return Ok(());
        }
        let attached: BTreeSet<(&str, String)> = node.pods.iter().flat_map(|pod| self.storage.attaches(pod)).collect();
        for (driver, limit) in limits {
            let of = |volumes: &BTreeSet<(&str, String)>| volumes.iter().filter(|(of, _)| *of == driver).count();
            let new = volumes.attaches.difference(&attached).filter(|(of, _)| *of == driver).count();
            let total = i64::try_from(new + of(&attached)).unwrap_or(i64::MAX);
            if new > 0 && total > limit {
                return Err(Misfit::Attachments { driver: driver.to_owned(), limit });
            }
        }
        Ok(())
    }

    fn spread(&self, case: &Case<'_, '_>, at: NodeAt) -> Result<(), Misfit> {
        for constraint in case.wants.spread.iter().map(|nth| &self.tallies.spreads[*nth]) {
            let key = &constraint.spread.topology_key;
            let Some(domain) = self.tallies.topologies.domain(constraint.topology, at) else {
                return Err(Misfit::NoDomain(key.clone()));
            };
            let (skew, max_skew) = (constraint.skew(domain, &case.pod.labels), constraint.spread.max_skew);
            if skew > i64::from(max_skew) {
                return Err(Misfit::Skew { key: key.clone(), max_skew, skew });
            }
        }
        Ok(())
    }

    /// Affinity, anti-affinity, and anti-affinity of the pods that are there.
    fn neighbours(&self, case: &Case<'_, '_>, at: NodeAt) -> Result<(), Misfit> {
        let (tallies, topologies) = (&self.tallies, &self.tallies.topologies);
        if let Some(tally) = case.wants.affinity.map(|nth| &tallies.asked[nth]) {
            let own = || tally.selects(&case.pod.key.namespace, &self.snapshot.namespaces, &case.pod.labels);
            let lonely =
                |nth: usize| Misfit::Lonely { key: tally.terms[nth].topology_key.clone(), selector: tally.terms[nth].selector.clone() };
            match tally.company(at, topologies) {
                Company::Here => {}
                Company::NoDomain(nth) => return Err(Misfit::NoDomain(tally.terms[nth].topology_key.clone())),
                Company::Nowhere if own() => {}
                Company::Nowhere => return Err(lonely(0)),
                Company::Elsewhere(nth) => return Err(lonely(nth)),
            }
        }
        let near = |nth: &&usize| tallies.asked[**nth].near(at, topologies);
        if let Some(term) = case.wants.anti_affinity.iter().find(near).map(|nth| &tallies.asked[*nth].terms[0]) {
            return Err(Misfit::Near { key: term.topology_key.clone(), selector: term.selector.clone() });
        }
        let refusing = case.sort.map_or(&[][..], |sort| &tallies.sorts.all[sort].refusing.hits);
        let near = |nth: &&usize| tallies.held[**nth].near(at, topologies);
        // Whichever came first: the least term is named, so that the same world gives the same words.
        match refusing.iter().filter(near).map(|nth| &tallies.held[*nth].terms[0]).min() {
            Some(term) => Err(Misfit::Refused { key: term.topology_key.clone(), selector: term.selector.clone() }),
            None => Ok(()),
        }
    }
}
