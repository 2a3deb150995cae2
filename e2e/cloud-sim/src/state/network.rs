//! Networks, subnets and security groups, and the addresses that a subnet gives away.
use std::{collections::BTreeSet, net::Ipv4Addr, sync::Arc};

use jiff::Timestamp;
use uuid::Uuid;

use super::ids;

#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) project: Arc<str>,
    pub(crate) subnets: Vec<Uuid>,
    /// Leads out of the cloud: everybody sees it and takes floating IPs from it.
    pub(crate) is_external: bool,
    pub(crate) is_shared: bool,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) created: Timestamp,
}

#[derive(Debug)]
pub(crate) struct SecurityGroup {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) project: Arc<str>,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) created: Timestamp,
}

#[derive(Debug)]
pub(crate) struct Subnet {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) network: Uuid,
    pub(crate) project: Arc<str>,
    pub(crate) prefix: (Ipv4Addr, u8),
    pub(crate) gateway: Ipv4Addr,
    pub(crate) pool: (Ipv4Addr, Ipv4Addr),
    pub(crate) tags: BTreeSet<String>,
    pub(crate) created: Timestamp,
    taken: BTreeSet<u32>,
    /// Where the search for a free address goes on, so that an address is not given out again at once.
    cursor: u32,
}

impl Subnet {
    /// A subnet whose pool is all of it but the network's, the gateway's (the first) and the broadcast address.
    pub(crate) fn new((id, name): (Uuid, String), network: Uuid, project: Arc<str>, prefix: (Ipv4Addr, u8), created: Timestamp) -> Self {
        let first = u32::from(prefix.0);
        let size = 1u32.checked_shl(32 - u32::from(prefix.1)).unwrap_or(u32::MAX);
        let (gateway, pool) = ((first + 1).into(), ((first + 2).into(), (first + size.saturating_sub(2)).into()));
        Self { id, name, network, project, prefix, gateway, pool, tags: BTreeSet::new(), created, taken: BTreeSet::new(), cursor: 0 }
    }

    pub(crate) fn cidr(&self) -> String {
        format!("{}/{}", self.prefix.0, self.prefix.1)
    }

    pub(crate) fn contains(&self, address: Ipv4Addr) -> bool {
        let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix.1)).unwrap_or(0);
        u32::from(address) & mask == u32::from(self.prefix.0) & mask
    }

    /// Takes a certain address. False if it is taken already.
    pub(crate) fn take(&mut self, address: Ipv4Addr) -> bool {
        self.taken.insert(address.into())
    }

    /// Takes the next free address of the pool.
    pub(crate) fn take_next(&mut self) -> Option<Ipv4Addr> {
        let (first, last) = (u32::from(self.pool.0), u32::from(self.pool.1));
        let from = self.cursor.clamp(first, last);
        let free = (from..=last).chain(first..from).find(|address| !self.taken.contains(address))?;
        self.taken.insert(free);
        self.cursor = free + 1;
        if self.cursor > last {
            self.cursor = first;
        }
        Some(free.into())
    }

    pub(crate) fn give_back(&mut self, address: Ipv4Addr) {
        self.taken.remove(&u32::from(address));
    }
}

/// Network `apps` with subnet `apps-v4`.
pub(crate) fn seeded_network(project: &Arc<str>, now: Timestamp) -> (Network, Subnet) {
    let subnet = Subnet {
        id: ids::stable("subnet", "apps-v4"),
        name: "apps-v4".to_owned(),
        network: ids::stable("network", "apps"),
        project: project.clone(),
        prefix: (Ipv4Addr::new(10, 78, 0, 0), 16),
        gateway: Ipv4Addr::new(10, 78, 0, 1),
        pool: (Ipv4Addr::new(10, 78, 16, 1), Ipv4Addr::new(10, 78, 250, 254)),
        tags: BTreeSet::new(),
        created: now,
        taken: BTreeSet::new(),
        cursor: 0,
    };
    let network = Network {
        id: subnet.network,
        name: "apps".to_owned(),
        project: project.clone(),
        subnets: vec![subnet.id],
        is_external: false,
        is_shared: false,
        tags: BTreeSet::new(),
        created: now,
    };
    (network, subnet)
}

/// The project's groups `default` and `nodes`.
pub(crate) fn seeded_groups(project: &Arc<str>, now: Timestamp) -> Vec<SecurityGroup> {
    let group = |name: &&str| SecurityGroup {
        id: ids::stable("security_group", &format!("{project}/{name}")),
        name: (*name).to_owned(),
        project: project.clone(),
        tags: BTreeSet::new(),
        created: now,
    };
    ["default", "nodes"].iter().map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet() -> Subnet {
        seeded_network(&"p".into(), Timestamp::UNIX_EPOCH).1
    }

    #[test]
    fn addresses_come_from_the_pool_in_turn_and_are_not_reused_at_once() {
        let mut subnet = subnet();
        let first = subnet.take_next();
        assert_eq!(first, Some(Ipv4Addr::new(10, 78, 16, 1)));
        subnet.give_back(Ipv4Addr::new(10, 78, 16, 1));
        assert_eq!(subnet.take_next(), Some(Ipv4Addr::new(10, 78, 16, 2)));
    }

    #[test]
    fn an_exhausted_pool_gives_nothing_until_something_comes_back() {
        let mut subnet = Subnet { pool: (Ipv4Addr::new(10, 78, 16, 1), Ipv4Addr::new(10, 78, 16, 2)), ..subnet() };
        assert_eq!((subnet.take_next().is_some(), subnet.take_next().is_some(), subnet.take_next()), (true, true, None));
        subnet.give_back(Ipv4Addr::new(10, 78, 16, 2));
        assert_eq!(subnet.take_next(), Some(Ipv4Addr::new(10, 78, 16, 2)));
    }

    #[test]
    fn an_address_outside_the_prefix_is_not_contained() {
        assert!(subnet().contains(Ipv4Addr::new(10, 78, 255, 9)));
        assert!(!subnet().contains(Ipv4Addr::new(10, 99, 9, 9)));
    }
}
