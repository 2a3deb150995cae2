//! Choosing among volumes that are there already for claims that wait for their pod's node.

use std::collections::BTreeMap;

use super::{NodeView, place};
use crate::model::{Class, Key, Volume, VolumeClaim};
use crate::scheduling::affinity;
use crate::scheduling::misfit::VolumeMisfit;

/// A claim and the volumes that it could get, by name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Open<'a> {
    pub key: &'a Key,
    pub bytes: i64,
    pub candidates: Vec<Candidate<'a>>,
    pub class: (&'a str, &'a Class),
}

/// A volume that would do if it can be reached from the node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate<'a> {
    name: &'a str,
    volume: &'a Volume,
    /// It is kept for this very claim.
    kept: bool,
}

/// The volumes of its class that a claim could get, on the right node.
pub(super) fn candidates<'a>(
    key: &Key,
    claim: &VolumeClaim,
    spare: &[(&'a str, &'a Volume)],
    given: &BTreeMap<&'a str, &'a Key>,
) -> Vec<Candidate<'a>> {
    let would_do = |&(name, volume): &(&'a str, &'a Volume)| {
        let owner = given.get(name).copied().or(volume.claim.as_ref());
        let kept = owner == Some(key) && (volume.claim_uid.is_empty() || volume.claim_uid == claim.uid);
        let others = owner.is_some() && !kept;
        let suits = volume.bytes >= claim.bytes && volume.mode == claim.mode;
        let labelled = claim.selector.as_ref().is_none_or(|selector| selector.matches(&volume.labels));
        let modes = claim.access_modes.iter().all(|mode| volume.access_modes.contains(mode));
        let free = volume.available && labelled && modes;
        (!others && suits && (kept || free)).then_some(Candidate { name, volume, kept })
    };
    spare.iter().filter_map(would_do).collect()
}

/// Whether each claim gets a volume, the smallest claims first: one of those that are there, or a new one.
pub(super) fn admits(claims: &[Open<'_>], node: &NodeView<'_>) -> Result<(), VolumeMisfit> {
    let mut taken: Vec<&str> = Vec::new();
    for open in claims {
        match smallest(open, &taken, node) {
            Some(name) => taken.push(name),
            None => place::made(open.key, open.class)?.map_or(Ok(()), |place| place.admits(node))?,
        }
    }
    Ok(())
}

/// The volumes that the claims get on the node, in the same order.
pub(super) fn chosen<'a>(claims: &[Open<'a>], node: &NodeView<'_>) -> BTreeMap<&'a str, &'a Key> {
    let mut given = BTreeMap::new();
    for open in claims {
        let taken: Vec<&str> = given.keys().copied().collect();
        given.extend(smallest(open, &taken, node).map(|name| (name, open.key)));
    }
    given
}

/// A volume that is kept for the claim is the one or there is none; else the smallest that the node reaches.
fn smallest<'a>(open: &Open<'a>, taken: &[&str], node: &NodeView<'_>) -> Option<&'a str> {
    let free = || open.candidates.iter().filter(|candidate| !taken.contains(&candidate.name));
    if let Some(kept) = free().find(|candidate| candidate.kept) {
        return reached(kept, node).then_some(kept.name);
    }
    free().filter(|candidate| reached(candidate, node)).min_by_key(|candidate| candidate.volume.bytes).map(|candidate| candidate.name)
}

fn reached(candidate: &Candidate<'_>, node: &NodeView<'_>) -> bool {
    let terms = candidate.volume.node_affinity.as_ref();
    terms.is_none_or(|terms| terms.iter().any(|term| affinity::matches_labels(term, node)))
}
