//! The lower bound of a plan's price: what no choice of hosts can undercut.

use super::catalog::Catalog;
use super::cluster::Cluster;
use super::demand::Demand;
use super::market::{Lot, Market, prices};
use super::supply::{self, Verdicts};
use crate::model::Snapshot;
use crate::resources::Resources;

/// The price, in micro-units an hour, that new hosts for the waiting pods cost at least.
///
/// It is the cheapest fractional mix of flavors whose CPU and memory cover what the pods that a pool can serve ask for beyond all that is
/// free on nodes and hosts in flight. Which pod may go where, and that hosts come whole, is left out: both only make a plan dearer.
pub fn lower_bound_micro(snapshot: &Snapshot) -> i64 {
    let cluster = Cluster::of(snapshot);
    let demand = Demand::of(snapshot);
    let mut verdicts = Verdicts::default();
    let catalog = Catalog::of(&cluster, &demand, &mut verdicts);
    let bins = supply::bins(&cluster, &demand, &catalog, &mut verdicts, &Default::default());
    let market = Market { catalog: &catalog, demand: &demand, verdicts: &verdicts };

    let lots: Vec<Lot<'_>> = catalog.groups.iter().map(|group| market.lot(group)).collect();
    let mut asked = market.servable(&lots, &demand.counts());
    for bin in bins {
        asked.sub(&bin.free.at_least_zero());
    }
    floor(&lots, &asked.at_least_zero())
}

fn floor(lots: &[Lot<'_>], asked: &Resources) -> i64 {
    prices(lots, asked).lower_bound(asked).floor() as i64
}
