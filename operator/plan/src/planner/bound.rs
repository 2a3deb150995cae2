//! The lower bound of a plan's price: what no choice of hosts can undercut.

use super::catalog::{Catalog, Group};
use super::cluster::Cluster;
use super::demand::Demand;
use super::market::Market;
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

    let groups: Vec<&Group> = catalog.groups.iter().collect();
    let mut asked = market.servable(&groups, &demand.counts());
    for bin in bins {
        asked.sub(&bin.free.at_least_zero());
    }
    let asked = asked.at_least_zero();
    price(&market, &groups, &asked)
}

#[allow(clippy::cast_possible_truncation)]
fn price(market: &Market<'_>, groups: &[&Group], asked: &Resources) -> i64 {
    market.prices(groups, asked).lower_bound(asked).floor() as i64
}
