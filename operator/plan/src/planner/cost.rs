//! What a plan costs.

use std::collections::HashSet;

use super::catalog::Catalog;
use super::cluster::{Cluster, is_live};
use super::{Command, Cost, Plan};
use crate::model::Key;

/// The prices of all live hosts before and after, and the least that those which stay and hosts for the pods without room cost.
pub(crate) fn of(cluster: &Cluster<'_>, catalog: &Catalog<'_>, plan: &Plan, lower_bound_micro: i64) -> Cost {
    let (mut bought_micro, mut going) = (0i64, HashSet::<&Key>::new());
    for command in &plan.commands {
        match command {
            Command::CreateHost { price_micro, .. } => bought_micro = bought_micro.saturating_add(*price_micro),
            Command::DeleteHost { host, .. } => _ = going.insert(host),
        }
    }
    let (mut before_micro, mut kept_micro) = (0i64, 0i64);
    for host in cluster.snapshot.hosts.iter().filter(|host| is_live(host)) {
        let price = catalog.offering(host).map_or(0, |offering| offering.price_micro);
        before_micro = before_micro.saturating_add(price);
        if !going.contains(&host.key) {
            kept_micro = kept_micro.saturating_add(price);
        }
    }
    Cost {
        before_micro,
        after_micro: kept_micro.saturating_add(bought_micro),
        lower_bound_micro: kept_micro.saturating_add(lower_bound_micro.min(bought_micro)),
    }
}
