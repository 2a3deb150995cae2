//! Ports: what Neutron keeps of them, how they are made, bound to a server and freed again.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::Ipv4Addr,
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::{
    floating::{FloatingIp, QosPolicy, Router},
    ids::Ids,
    network::{Network, SecurityGroup, Subnet},
};

#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) network: Uuid,
    pub(crate) project: Arc<str>,
    pub(crate) mac: String,
    pub(crate) admin_state_up: bool,
    pub(crate) is_active: bool,
    /// The id of the server it is bound to, else what a client wrote, else empty.
    pub(crate) device_id: String,
    pub(crate) device_owner: String,
    pub(crate) host: Option<Arc<str>>,
    pub(crate) fixed_ips: Vec<(Uuid, Ipv4Addr)>,
    pub(crate) security_groups: Vec<Uuid>,
    pub(crate) port_security: bool,
    pub(crate) allowed_address_pairs: Value,
    pub(crate) vnic_type: String,
    pub(crate) qos_policy: Option<Uuid>,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    /// Nova made it for a server and deletes it with the server.
    pub(crate) made_by_nova: bool,
}

impl Port {
    /// Ends a binding, as Nova does when a server is deleted or a build fails.
    pub(crate) fn strip(&mut self, now: Timestamp) {
        self.device_id.clear();
        self.device_owner.clear();
        self.host = None;
        self.is_active = false;
        self.updated = now;
    }
}

/// What a new port is to be.
#[derive(Debug, Default)]
pub(crate) struct NewPort {
    /// Of a port that a test puts there; others get a new one.
    pub(crate) id: Option<Uuid>,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) network: Uuid,
    pub(crate) project: Arc<str>,
    pub(crate) device_id: String,
    pub(crate) device_owner: String,
    pub(crate) mac: Option<String>,
    /// Subnet and address, each optional.
    pub(crate) fixed_ips: Option<Vec<(Option<Uuid>, Option<Ipv4Addr>)>>,
    pub(crate) security_groups: Option<Vec<Uuid>>,
    pub(crate) port_security: bool,
    pub(crate) allowed_address_pairs: Value,
    pub(crate) vnic_type: String,
    pub(crate) qos_policy: Option<Uuid>,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) admin_state_up: bool,
    pub(crate) made_by_nova: bool,
}

/// Why a port could not get its addresses.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AddressError {
    Taken(Ipv4Addr, Uuid),
    OutsideSubnets(Ipv4Addr),
    /// Of the subnet that was named.
    OutsideSubnet(Ipv4Addr),
    UnknownSubnet(Uuid),
    Exhausted,
}

/// All that Neutron knows.
#[derive(Debug, Default)]
pub(crate) struct Networking {
    pub(crate) networks: Vec<Network>,
    pub(crate) subnets: Vec<Subnet>,
    pub(crate) groups: Vec<SecurityGroup>,
    pub(crate) ports: BTreeMap<Uuid, Port>,
    pub(crate) routers: BTreeMap<Uuid, Router>,
    pub(crate) floating: BTreeMap<Uuid, FloatingIp>,
    pub(crate) qos_policies: BTreeMap<Uuid, QosPolicy>,
    /// Floating IPs by port and its address.
    pub(super) floating_by_target: HashMap<(Uuid, Ipv4Addr), Uuid>,
    pub(crate) ids: Ids,
}

impl Networking {
    pub(crate) fn network(&self, id: Uuid) -> Option<&Network> {
        self.networks.iter().find(|network| network.id == id)
    }

    pub(crate) fn ports_of(&self, project: &str) -> i64 {
        let count = self.ports.values().filter(|port| &*port.project == project).count();
        i64::try_from(count).unwrap_or(i64::MAX)
    }

    /// A project's group by id or name.
    pub(crate) fn group(&self, project: &str, id_or_name: &str) -> Option<&SecurityGroup> {
        let mut own = self.groups.iter().filter(|group| &*group.project == project);
        own.find(|group| group.name == id_or_name || group.id.to_string() == id_or_name)
    }

    /// Makes a port: takes its addresses, fills in the default security group.
    pub(crate) fn create_port(&mut self, new: NewPort, now: Timestamp) -> Result<&mut Port, AddressError> {
        let fixed_ips = self.take_addresses(new.network, new.fixed_ips)?;
        let default = self.group(&new.project, "default").map(|group| group.id);
        let groups = new.security_groups.unwrap_or_else(|| default.into_iter().collect());
        let port = Port {
            id: new.id.unwrap_or_else(|| self.ids.uuid()),
            name: new.name,
            description: new.description,
            network: new.network,
            project: new.project,
            mac: new.mac.unwrap_or_else(|| self.ids.mac()),
            admin_state_up: new.admin_state_up,
            is_active: false,
            device_id: new.device_id,
            device_owner: new.device_owner,
            host: None,
            fixed_ips,
            security_groups: if new.port_security { groups } else { Vec::new() },
            port_security: new.port_security,
            allowed_address_pairs: new.allowed_address_pairs,
            vnic_type: new.vnic_type,
            qos_policy: new.qos_policy,
            tags: new.tags,
            created: now,
            updated: now,
            made_by_nova: new.made_by_nova,
        };
        Ok(self.ports.entry(port.id).or_insert(port))
    }

    /// Deletes a port, gives its addresses back, and lets its floating IPs go.
    pub(crate) fn delete_port(&mut self, id: Uuid, now: Timestamp) -> Option<Port> {
        let port = self.ports.remove(&id)?;
        self.dissociate(id, &port.fixed_ips, now);
        for (subnet, address) in &port.fixed_ips {
            self.give_back(*subnet, *address);
        }
        Some(port)
    }

    pub(super) fn give_back(&mut self, subnet: Uuid, address: Ipv4Addr) {
        if let Some(subnet) = self.subnets.iter_mut().find(|candidate| candidate.id == subnet) {
            subnet.give_back(address);
        }
    }

    fn take_addresses(
        &mut self,
        network: Uuid,
        wanted: Option<Vec<(Option<Uuid>, Option<Ipv4Addr>)>>,
    ) -> Result<Vec<(Uuid, Ipv4Addr)>, AddressError> {
        let has_subnets = self.subnets.iter().any(|subnet| subnet.network == network);
        let wanted = wanted.unwrap_or_else(|| if has_subnets { vec![(None, None)] } else { Vec::new() });
        let mut taken = Vec::new();
        for (subnet, address) in wanted {
            match self.take_address(network, subnet, address) {
                Ok(pair) => taken.push(pair),
                Err(error) => {
                    taken.into_iter().for_each(|(subnet, address)| self.give_back(subnet, address));
                    return Err(error);
                }
            }
        }
        Ok(taken)
    }

    pub(crate) fn take_address(
        &mut self,
        network: Uuid,
        subnet: Option<Uuid>,
        address: Option<Ipv4Addr>,
    ) -> Result<(Uuid, Ipv4Addr), AddressError> {
        if (subnet, address) == (None, None) {
            let mut of_network = self.subnets.iter_mut().filter(|candidate| candidate.network == network);
            let next = of_network.find_map(|candidate| Some((candidate.id, candidate.take_next()?)));
            return next.ok_or(AddressError::Exhausted);
        }
        let mut of_network = self.subnets.iter_mut().filter(|candidate| candidate.network == network);
        let found = of_network.find(|candidate| match (subnet, address) {
            (Some(id), _) => candidate.id == id,
            (None, Some(address)) => candidate.contains(address),
            (None, None) => true,
        });
        let found = found.ok_or(match (subnet, address) {
            (Some(id), _) => AddressError::UnknownSubnet(id),
            (None, Some(address)) => AddressError::OutsideSubnets(address),
            (None, None) => AddressError::Exhausted,
        })?;
        match address {
            Some(address) if !found.contains(address) => Err(AddressError::OutsideSubnet(address)),
            Some(address) if found.take(address) => Ok((found.id, address)),
            Some(address) => Err(AddressError::Taken(address, found.id)),
            None => found.take_next().map(|address| (found.id, address)).ok_or(AddressError::Exhausted),
        }
    }
}
