//! Who goes: all that one plan lets go, in one place, so that no two doors lead below a pool's floor.
//!
//! First hosts above exact replicas, then hosts on their way that nobody needs, then empty ones whose time is up, and last those that are in
//! the way of others. All but the first are taken from what the floor can spare.

use std::collections::HashSet;

use jiff::Timestamp;

use super::catalog::Catalog;
use super::cluster::Cluster;
use super::floor::Spare;
use super::place::Placing;
use super::shrink::{self, Going};
use super::{Plan, idle, release};
use crate::model::Key;

/// Who goes, who may go soon, and when.
pub(crate) struct Leaving<'a> {
    pub going: Vec<Going<'a>>,
    /// Hosts on their way that no pod of the plan needs.
    pub idle: Vec<Key>,
    /// The next moment at which somebody else goes.
    pub next: Option<Timestamp>,
}

impl<'a> Leaving<'a> {
    /// Beside the surplus that goes in any case; `used` are nodes and hosts to which pods of the plan go.
    pub fn of(
        cluster: &Cluster<'a>,
        catalog: &Catalog<'a>,
        placing: &Placing<'a>,
        surplus: Vec<Going<'a>>,
        used: &HashSet<&str>,
    ) -> (Self, Spare) {
        let mut spare = Spare::of(cluster, catalog, &shrink::keys(&surplus));
        let (idle, unneeded_ends) = idle::idle(cluster, catalog, placing, &spare);
        let late = idle::overdue(&idle, catalog, &mut spare, cluster.snapshot.now);
        let (empty, due) = shrink::empty(cluster, catalog, used, &mut spare);
        let mut going: Vec<Going<'a>> = surplus.into_iter().chain(late).chain(empty).collect();
        let mut seen = HashSet::new();
        going.retain(|(host, _)| seen.insert(&host.key));
        let idle = idle.iter().map(|host| host.key.clone()).collect();
        (Self { going, idle, next: unneeded_ends.into_iter().chain(due).min() }, spare)
    }

    /// Adds who is in the way of pods that this plan leaves without a place.
    pub fn release(&mut self, cluster: &Cluster<'a>, catalog: &Catalog<'a>, plan: &Plan, used: &HashSet<&str>, spare: &Spare) {
        let (released, later) = release::in_the_way(cluster, catalog, plan, &shrink::keys(&self.going), used, spare);
        self.going.extend(released);
        self.next = self.next.into_iter().chain(later).min();
    }
}
