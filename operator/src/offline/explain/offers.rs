//! What each host that could be bought is to a pod: the judge's word on the empty node that it would become.

use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_plan::model::{Key, Pod, Snapshot};
use gantry_plan::scheduling::Judge;
use gantry_plan::{Candidate, candidates};

/// Hosts that are judged: each needs a look at the whole world.
const JUDGED_MAX: usize = 50;

/// The hosts of each pool by what is said of them, in words: `fits`, or what is in the way.
pub(super) fn offers(snapshot: &Snapshot, pod: &Pod) -> BTreeMap<Key, BTreeMap<String, Vec<String>>> {
    let mut pools: BTreeMap<Key, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for (at, candidate) in candidates(snapshot).into_iter().enumerate() {
        let said = if at < JUDGED_MAX { word(snapshot, &candidate, pod) } else { "not looked at".to_owned() };
        let name = format!("{} in {}", candidate.flavor, candidate.zone);
        pools.entry(candidate.pool).or_default().entry(said).or_default().push(name);
    }
    pools
}

fn word(snapshot: &Snapshot, candidate: &Candidate, pod: &Pod) -> String {
    if let Some(why) = &candidate.why_not {
        return format!("cannot be had: {why}");
    }
    let mut judge = Judge::of(snapshot);
    let at = judge.add_node(candidate.node.clone());
    for set in &snapshot.daemon_sets {
        if judge.runs_daemon(set, at) {
            judge.place(&Arc::new(set.pod.clone()), at);
        }
    }
    judge.verdict(pod, at).map_or_else(|misfit| misfit.to_string(), |()| "fits".to_owned())
}
