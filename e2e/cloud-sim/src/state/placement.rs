//! Where a server goes: capacity, zone, and what its server group allows.
use std::collections::HashMap;

use super::{
    compute::Compute,
    hypervisor::{NoValidHost, select},
    server::Server,
};

/// How many members of the server's group each hypervisor has.
fn members_per_hypervisor(compute: &Compute, server: &Server) -> HashMap<usize, u32> {
    let group = server.spec.group.and_then(|id| compute.groups.get(&id));
    let members = group.into_iter().flat_map(|group| &group.members).filter(|id| **id != server.id);
    let mut count = HashMap::new();
    for hypervisor in members.filter_map(|id| compute.any(*id)?.hypervisor) {
        *count.entry(hypervisor).or_default() += 1;
    }
    count
}

/// Chooses the hypervisor of a server.
pub(crate) fn place(compute: &Compute, server: &Server) -> Result<usize, NoValidHost> {
    let members = members_per_hypervisor(compute, server);
    let on = |n: usize| members.get(&n).copied().unwrap_or(0);
    let group = server.spec.group.and_then(|id| compute.groups.get(&id));
    let policy = group.map_or("", |group| group.policy.as_str());
    let most = group.and_then(|group| group.max_server_per_host).unwrap_or(1);
    let allowed = |n: usize| {
        server.spec.host.as_deref().is_none_or(|host| &*compute.hypervisors[n].name == host)
            && match policy {
                "anti-affinity" => on(n) < most,
                "affinity" => members.is_empty() || on(n) > 0,
                _ => true,
            }
    };
    let penalty = |n: usize| match policy {
        "soft-anti-affinity" => on(n),
        "soft-affinity" => u32::MAX - on(n),
        _ => 0,
    };
    let flavor = &server.spec.flavor.spec;
    let size = (flavor.vcpus, flavor.memory_mib);
    select(&compute.hypervisors, server.spec.zone.as_deref(), size, allowed, penalty)
}
