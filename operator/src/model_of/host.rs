//! Hosts.

use gantry_crds::condition;
use gantry_plan::model::{self, Key};

use super::taints;
use crate::control::purchase;
use crate::kube::objects::HostObject;
use crate::kube::project::{Interner, amounts};

/// A Host as its object tells. Whoever knows when the quota was read, or since when no plan needs the host, says so on top.
/// Hosts of one pool and flavor share their labels.
pub fn host(host: &HostObject, interner: &Interner) -> model::Host {
    let (spec, status) = (&host.spec, &host.status);
    model::Host {
        key: Key::new(&host.namespace, &host.name),
        uid: host.uid.clone(),
        pool: spec.pool_name.clone(),
        cloud: spec.cloud_name.clone(),
        flavor: spec.flavor.clone(),
        zone: spec.zone.clone(),
        labels: interner.labels(spec.labels.clone()),
        taints: taints(&spec.taints),
        startup_taints: taints(&spec.startup_taints),
        allocatable: amounts(Some(&spec.allocatable)),
        created: host.created,
        deleting: host.deleting,
        failed: condition::is_true(&status.conditions, "Failed"),
        joined: condition::is_true(&status.conditions, "Joined"),
        in_quota: status.server_id.is_some(),
        group: status.server_group_id.clone(),
        claims: purchase::read(&spec.claims),
        unneeded_since: None,
        empty_since: condition::find(&status.conditions, "Empty").filter(|c| c.status == "True").map(|c| c.last_transition_time.0),
    }
}
