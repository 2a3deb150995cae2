//! A pod before the judge: what its requirements go by, found once for all nodes.

use super::Judge;
use super::tallies::Wants;
use crate::model::{Key, Pod};
use crate::scheduling::VolumeAsk;
use crate::scheduling::misfit::Misfit;

/// A pod, read.
#[derive(Clone, Debug)]
pub(super) struct Case<'p, 'a> {
    pub pod: &'p Pod,
    pub wants: Wants,
    /// Its sort, if any pod on a node holds anti-affinity terms.
    pub sort: Option<usize>,
    pub volumes: VolumeAsk<'a>,
}

impl<'a> Judge<'a> {
    /// Reads the pod.
    ///
    /// # Errors
    /// No node will do.
    pub(super) fn case<'p>(&mut self, pod: &'p Pod) -> Result<Case<'p, 'a>, Misfit> {
        if pod.spec.gated {
            return Err(Misfit::Gated);
        }
        if let Some(what) = pod.spec.beyond.first() {
            return Err(Misfit::Beyond(what.clone()));
        }
        let volumes = self.storage.ask(pod)?;
        if !volumes.alone.is_empty() && self.users.is_none() {
            self.count_users();
        }
        let wants = self.tallies.wants(pod, &self.nodes, &self.snapshot.namespaces);
        let sort = self.tallies.refused(pod, &self.snapshot.namespaces);
        Ok(Case { pod, wants, sort, volumes })
    }

    fn count_users(&mut self) {
        let users = self.users.insert(std::collections::HashMap::new());
        for key in self.nodes.iter().flat_map(|node| &node.pods).flat_map(|pod| used_claims(pod)) {
            *users.entry(key).or_default() += 1;
        }
    }
}

/// Claims that the pod uses, those of its ephemeral volumes aside.
pub(super) fn used_claims(pod: &Pod) -> impl Iterator<Item = Key> + '_ {
    let named = pod.spec.claims.iter().filter(|name| !pod.spec.ephemeral_claims.contains(name));
    named.map(|name| Key::new(pod.key.namespace.clone(), name.clone()))
}
