//! The course of a world: plans are carried out, one after the other.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::broken::size;
use crate::fixtures::*;
use crate::model::{Host, Key, Node, Pod, Snapshot};
use crate::planner::{Command, Plan};

/// Carries a plan out at once: hosts that go are gone, those that were bought have joined as they were planned, empty for long if nobody
/// came, and pods run where they were placed.
pub(super) fn carried_out(snapshot: &Snapshot, plan: &Plan, round: usize) -> Snapshot {
    let mut next = snapshot.clone();
    let going: BTreeSet<String> = deleted(plan).into_iter().map(str::to_owned).collect();
    for host in snapshot.hosts.iter().filter(|host| going.contains(&host.key.name) && host.in_quota) {
        let (cpus, memory) = size(snapshot, &host.flavor);
        let quota = &mut next.clouds.get_mut(&key("main")).unwrap().quota;
        (quota.instances.used, quota.cores.used, quota.memory_mib.used) =
            (quota.instances.used - 1, quota.cores.used - cpus, quota.memory_mib.used - memory);
    }
    next.hosts.retain(|host| !going.contains(&host.key.name));
    next.nodes.retain(|node| !going.contains(&node.name));
    let mut places: Vec<(Key, String)> =
        plan.placed.iter().filter(|(_, node)| next.nodes.iter().any(|known| known.name == *node)).cloned().collect();
    for (at, command) in plan.commands.iter().enumerate() {
        let Command::CreateHost { pool, flavor, zone, pods, allocatable, labels, .. } = command else { continue };
        let (name, owner) = (format!("{}-{round}-{at}", pool.name), snapshot.pools.iter().find(|owner| owner.key == *pool).unwrap());
        places.extend(pods.iter().map(|pod| (pod.clone(), name.clone())));
        let mut labels = labels.clone();
        labels.insert("kubernetes.io/hostname".to_owned(), name.clone());
        let labels = Arc::new(labels);
        next.nodes.push(Node {
            name: name.clone(),
            labels: labels.clone(),
            taints: owner.taints.clone(),
            ready: true,
            allocatable: allocatable.clone(),
            ..Default::default()
        });
        next.hosts.push(Host {
            key: key(&name),
            uid: name,
            pool: pool.name.clone(),
            flavor: flavor.clone(),
            zone: zone.clone(),
            labels,
            taints: owner.taints.clone(),
            allocatable: allocatable.clone(),
            created: ago(3_600),
            joined: true,
            in_quota: false,
            empty_since: Some(ago(120)),
            ..host("")
        });
    }
    for pod in &mut next.pods {
        if let Some((_, node)) = places.iter().find(|(placed, _)| *placed == pod.key) {
            let there: &mut Pod = Arc::make_mut(pod);
            (there.node_name, there.unschedulable) = (Some(node.as_str().into()), false);
        }
    }
    next
}

/// Hosts that carry pods, DaemonSets' aside.
pub(super) fn carrying(snapshot: &Snapshot) -> BTreeSet<String> {
    snapshot.pods.iter().filter(|pod| pod.owner.is_none()).filter_map(|pod| pod.node_name.as_deref().map(str::to_owned)).collect()
}
