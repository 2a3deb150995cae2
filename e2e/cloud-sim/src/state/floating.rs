//! What leads out of a project's networks: routers, floating IPs, and the QoS policies that ports may have.
use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    sync::Arc,
};

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    ids,
    network::{Network, Subnet},
    port::Networking,
};

#[derive(Debug)]
pub(crate) struct Router {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) project: Arc<str>,
    /// External network, subnet and address of its gateway.
    pub(crate) gateway: Option<(Uuid, Uuid, Ipv4Addr)>,
    /// The subnets it serves.
    pub(crate) interfaces: Vec<Uuid>,
    pub(crate) created: Timestamp,
}

/// Where a floating IP leads: port, its address, and the router between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) port: Uuid,
    pub(crate) fixed: Ipv4Addr,
    pub(crate) router: Uuid,
}

#[derive(Debug)]
pub(crate) struct FloatingIp {
    pub(crate) id: Uuid,
    pub(crate) project: Arc<str>,
    pub(crate) network: Uuid,
    pub(crate) subnet: Uuid,
    pub(crate) address: Ipv4Addr,
    pub(crate) target: Option<Target>,
    pub(crate) description: String,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

#[derive(Debug)]
pub(crate) struct QosPolicy {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) project: Arc<str>,
    pub(crate) is_shared: bool,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) created: Timestamp,
}

impl Networking {
    pub(crate) fn floating_of_project(&self, project: &str) -> i64 {
        let count = self.floating.values().filter(|floating| &*floating.project == project).count();
        i64::try_from(count).unwrap_or(i64::MAX)
    }

    /// The floating IP of a port's address.
    pub(crate) fn floating_of(&self, port: Uuid, fixed: Ipv4Addr) -> Option<&FloatingIp> {
        self.floating.get(self.floating_by_target.get(&(port, fixed))?)
    }

    /// Points a floating IP somewhere else, or nowhere.
    pub(crate) fn associate(&mut self, id: Uuid, target: Option<Target>, now: Timestamp) {
        let Some(floating) = self.floating.get_mut(&id) else { return };
        if let Some(old) = floating.target.take() {
            self.floating_by_target.remove(&(old.port, old.fixed));
        }
        (floating.target, floating.updated) = (target, now);
        if let Some(new) = target {
            self.floating_by_target.insert((new.port, new.fixed), id);
        }
    }

    /// A port is gone: its floating IPs lead nowhere.
    pub(crate) fn dissociate(&mut self, port: Uuid, fixed: &[(Uuid, Ipv4Addr)], now: Timestamp) {
        for (_, address) in fixed {
            if let Some(id) = self.floating_by_target.get(&(port, *address)).copied() {
                self.associate(id, None, now);
            }
        }
    }

    /// Deletes a floating IP and gives its address back.
    pub(crate) fn delete_floating(&mut self, id: Uuid, now: Timestamp) -> Option<FloatingIp> {
        self.associate(id, None, now);
        let floating = self.floating.remove(&id)?;
        self.give_back(floating.subnet, floating.address);
        Some(floating)
    }

    /// A router between a subnet and an external network.
    pub(crate) fn router_between(&self, subnet: Uuid, external: Uuid) -> Option<Uuid> {
        let leads =
            |router: &&Router| router.interfaces.contains(&subnet) && router.gateway.is_some_and(|(network, ..)| network == external);
        self.routers.values().find(leads).map(|router| router.id)
    }
}

/// Adds the external network `public` with its subnet, the router `edge` between it and the project's subnet, and the policy `slow`.
pub(crate) fn seed(networking: &mut Networking, admin: &Arc<str>, demo: &Arc<str>, inner: Uuid, now: Timestamp) {
    let (id, subnet_id) = (ids::stable("network", "public"), ids::stable("subnet", "public-v4"));
    let prefix = (Ipv4Addr::new(203, 0, 113, 0), 24);
    let mut subnet = Subnet::new((subnet_id, "public-v4".to_owned()), id, admin.clone(), prefix, now);
    let gateway = subnet.take_next().map(|address| (id, subnet_id, address));
    networking.subnets.push(subnet);
    networking.networks.push(Network {
        id,
        name: "public".to_owned(),
        project: admin.clone(),
        subnets: vec![subnet_id],
        is_external: true,
        is_shared: false,
        tags: BTreeSet::new(),
        created: now,
    });
    let (router, name) = (ids::stable("router", "edge"), "edge".to_owned());
    let edge = Router { id: router, name, project: demo.clone(), gateway, interfaces: vec![inner], created: now };
    networking.routers = BTreeMap::from([(router, edge)]);
    let (id, name) = (ids::stable("qos_policy", "slow"), "slow".to_owned());
    let slow = QosPolicy { id, name, project: admin.clone(), is_shared: true, tags: BTreeSet::new(), created: now };
    networking.qos_policies = BTreeMap::from([(id, slow)]);
}
