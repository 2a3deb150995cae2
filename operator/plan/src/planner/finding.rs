//! Finds hosts that joined and do not take what they were bought for.

use super::Finding;
use super::buy::Market;
use super::place::Placing;
use super::supply::{Bin, Origin};
use crate::model::Key;
use crate::resources::Resources;

/// Hosts whose node, were it empty, would not take a pod that it was bought for.
pub(crate) fn useless(market: &Market<'_>, placing: &Placing<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for bin in placing.bins.iter().filter(|bin| bin.origin == Origin::Claimed) {
        for (mark, _) in &bin.claims {
            findings.extend(finding(market, bin, *mark));
        }
    }
    findings
}

fn finding(market: &Market<'_>, bin: &Bin<'_>, mark: u64) -> Option<Finding> {
    let host = bin.host?;
    let shape = market.demand.shapes.iter().find(|shape| shape.mark == mark)?;
    let why = if !market.verdicts.admits(bin.verdict, shape.class) {
        "its labels, taints or volumes do not suit the pod".to_owned()
    } else {
        let (short, asked, offered) = shortage(&shape.requests, &bin.empty)?;
        format!("it offers {offered} {short} to pods, and the pod asks for {asked}")
    };
    let pool = Key::new(&host.key.namespace, &host.pool);
    Some(Finding { host: host.key.clone(), pool, flavor: host.flavor.clone(), shape: mark, why })
}

/// The first resource of which there is too little: its name, what is asked for, what there is.
fn shortage(asked: &Resources, free: &Resources) -> Option<(String, i64, i64)> {
    let base = [
        ("milli-CPU", asked.cpu_milli, free.cpu_milli),
        ("bytes of memory", asked.memory_bytes, free.memory_bytes),
        ("bytes of ephemeral storage", asked.ephemeral_bytes, free.ephemeral_bytes),
        ("pods", asked.pods, free.pods),
    ];
    let base = base.into_iter().map(|(name, ask, free)| (name.to_owned(), ask, free));
    let extended = asked.extended.iter().map(|(name, ask)| (name.clone(), *ask, free.extended.get(name).copied().unwrap_or(0)));
    base.chain(extended).find(|(_, ask, free)| *ask != 0 && ask > free)
}
