//! What a pod's persistent volumes ask of a node, as VolumeBinding, VolumeZone, VolumeRestrictions and NodeVolumeLimits see it.

mod open;
mod place;

use std::collections::{BTreeMap, BTreeSet};

use super::misfit::{Misfit, VolumeMisfit};
use super::{Label, NodeView};
use crate::model::{Class, Key, Pod, Volume, VolumeClaim, Volumes};

use open::Candidate;
pub(crate) use open::Open;
pub(crate) use place::Place;

/// The access mode of which only one pod at a time has the use.
const ONE_POD: &str = "ReadWriteOncePod";
/// The provisioner that makes nothing: its volumes are there before their claims.
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// Volumes, and by class those that could still be given to a claim.
#[derive(Clone, Debug)]
pub(crate) struct Storage<'a> {
    pub volumes: &'a Volumes,
    spare: BTreeMap<&'a str, Vec<(&'a str, &'a Volume)>>,
    /// Volumes that were given to claims of pods placed since.
    given: BTreeMap<&'a str, &'a Key>,
}

/// What all claims of a pod ask of its node.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct VolumeAsk<'a> {
    /// Each must admit the node.
    pub places: Vec<Place<'a>>,
    /// Driver and volume of each attachment; a volume counts once on a node, whoever uses it.
    pub attaches: BTreeSet<(&'a str, String)>,
    /// Claims that one pod of the cluster may use at a time.
    pub alone: Vec<Key>,
    /// Claims that get their volume where the first pod is that uses them.
    pub open: Vec<Key>,
}

impl VolumeAsk<'_> {
    /// Whether volumes can be where the node is; attachments and use by others aside.
    ///
    /// # Errors
    /// The first volume that cannot.
    pub fn admits(&self, node: &NodeView<'_>) -> Result<(), Misfit> {
        self.places.iter().try_for_each(|place| place.admits(node).map_err(Misfit::Volume))
    }
}

impl<'a> Storage<'a> {
    /// Reads the volumes once.
    pub fn of(volumes: &'a Volumes) -> Self {
        let mut spare: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (name, volume) in &volumes.volumes {
            let kept = volume.claim.as_ref().and_then(|key| volumes.claims.get(key)).is_some_and(|claim| claim.volume.is_none());
            if (volume.available || kept) && !volume.terminating {
                spare.entry(volume.class.as_str()).or_default().push((name.as_str(), volume));
            }
        }
        Self { volumes, spare, given: BTreeMap::new() }
    }

    /// What the pod's claims ask.
    ///
    /// # Errors
    /// A claim for which no node will do, as it is now.
    pub fn ask(&self, pod: &Pod) -> Result<VolumeAsk<'a>, Misfit> {
        let mut ask = VolumeAsk::default();
        let mut open = Vec::new();
        for name in &pod.spec.claims {
            let (key, claim) = self.claim(pod, name).map_err(Misfit::Volume)?;
            let ephemeral = pod.spec.ephemeral_claims.contains(name);
            if !ephemeral && claim.access_modes.iter().any(|mode| mode == ONE_POD) {
                ask.alone.push(key.clone());
            }
            ask.attaches.extend(self.attached(key, claim));
            match &claim.volume {
                Some(volume) => self.bound(key, volume, ephemeral, &mut ask.places).map_err(Misfit::Volume)?,
                None => {
                    ask.open.extend((!ephemeral).then(|| key.clone()));
                    open.push((key, claim));
                }
            }
        }
        ask.places.extend(self.unbound(open).map_err(Misfit::Volume)?);
        Ok(ask)
    }

    /// Driver and volume of what a pod attaches to its node; claims that are not there count for nothing.
    pub fn attaches<'s>(&'s self, pod: &'s Pod) -> impl Iterator<Item = (&'a str, String)> + 's {
        let keys = pod.spec.claims.iter().map(|name| Key::new(pod.key.namespace.clone(), name.clone()));
        keys.filter_map(|key| self.volumes.claims.get_key_value(&key)).filter_map(|(key, claim)| self.attached(key, claim))
    }

    /// The pod is placed on the node: volumes that are there already are its claims' from now on.
    pub fn take(&mut self, pod: &Pod, node: &NodeView<'_>) {
        for place in self.ask(pod).map(|ask| ask.places).unwrap_or_default() {
            if let Place::Open(claims) = place {
                self.given.extend(open::chosen(&claims, node));
            }
        }
    }

    /// The pod is gone before its claims were bound.
    pub fn give_back(&mut self, pod: &Pod) {
        self.given.retain(|_, key| key.namespace != pod.key.namespace || !pod.spec.claims.contains(&key.name));
    }

    fn claim(&self, pod: &Pod, name: &str) -> Result<(&'a Key, &'a VolumeClaim), VolumeMisfit> {
        let key = Key::new(pod.key.namespace.clone(), name);
        let ephemeral = pod.spec.ephemeral_claims.iter().any(|own| own == name);
        let Some((found, claim)) = self.volumes.claims.get_key_value(&key) else {
            return Err(if ephemeral { VolumeMisfit::NotMadeYet(key) } else { VolumeMisfit::NoClaim(key) });
        };
        if claim.lost {
            return Err(VolumeMisfit::Lost { claim: key, volume: claim.volume.clone().unwrap_or_default() });
        }
        if claim.terminating {
            return Err(VolumeMisfit::Terminating(key));
        }
        if ephemeral && claim.owner_uid.as_deref() != Some(pod.uid.as_str()) {
            return Err(VolumeMisfit::NotItsOwn(key));
        }
        Ok((found, claim))
    }

    /// Affinity and zone labels of the volume that a claim is bound to.
    fn bound(&self, key: &'a Key, name: &str, ephemeral: bool, places: &mut Vec<Place<'a>>) -> Result<(), VolumeMisfit> {
        let Some((name, volume)) = self.volumes.volumes.get_key_value(name) else {
            return Err(VolumeMisfit::Lost { claim: key.clone(), volume: name.to_owned() });
        };
        places.extend(volume.node_affinity.as_ref().map(|terms| Place::Affinity { claim: key, volume: name, terms }));
        if !ephemeral {
            places.extend(place::zones(name, &volume.labels));
        }
        Ok(())
    }

    /// Where volumes for unbound claims can be had.
    fn unbound(&self, claims: Vec<(&'a Key, &'a VolumeClaim)>) -> Result<Vec<Place<'a>>, VolumeMisfit> {
        let mut places = Vec::new();
        let mut open = Vec::new();
        for (key, claim) in claims {
            let class = self.waiting_class(key, claim)?;
            match &claim.selected_node {
                Some(node) => {
                    places.push(Place::Node { claim: key, node });
                    places.extend(place::made(key, class)?);
                }
                None => match self.candidates(key, claim) {
                    candidates if candidates.is_empty() => places.extend(place::made(key, class)?),
                    candidates => open.push(Open { key, bytes: claim.bytes, candidates, class }),
                },
            }
        }
        if !open.is_empty() {
            open.sort_by_key(|open| open.bytes);
            places.push(Place::Open(open));
        }
        Ok(places)
    }

    fn candidates(&self, key: &Key, claim: &VolumeClaim) -> Vec<Candidate<'a>> {
        let spare = self.spare.get(claim.class.as_str()).map_or(&[][..], Vec::as_slice);
        open::candidates(key, claim, spare, &self.given)
    }

    /// The class that binds the claim once its pod has a node; every other claim is bound before, by others.
    fn waiting_class(&self, key: &Key, claim: &'a VolumeClaim) -> Result<(&'a str, &'a Class), VolumeMisfit> {
        let class = self.volumes.classes.get(&claim.class).filter(|class| class.waits && claim.binding.is_none());
        class.map(|class| (claim.class.as_str(), class)).ok_or_else(|| VolumeMisfit::Unbound(key.clone()))
    }

    /// A volume that is still to be made counts by its claim, at its class's provisioner.
    fn attached(&self, key: &Key, claim: &'a VolumeClaim) -> Option<(&'a str, String)> {
        let named = claim.volume.as_ref().or(claim.binding.as_ref());
        match named.and_then(|name| self.volumes.volumes.get(name)) {
            Some(volume) => {
                let (driver, handle) = volume.csi.as_ref()?;
                (!driver.is_empty() && !handle.is_empty()).then(|| (driver.as_str(), handle.clone()))
            }
            None => {
                let class = self.volumes.classes.get(&claim.class)?;
                (!class.provisioner.is_empty()).then(|| (class.provisioner.as_str(), format!("claim {key}")))
            }
        }
    }
}
