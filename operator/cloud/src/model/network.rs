//! Ports and floating IPs: what is seen of them, and what they are made from.

use super::Mark;
use std::collections::BTreeMap;

/// A port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Neutron id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Server id, or empty.
    pub device_id: String,
    /// `ACTIVE`, `DOWN`, `BUILD`.
    pub status: String,
    /// Addresses.
    pub addresses: Vec<String>,
    /// Tags; the words of the description count as such, since some clouds drop tags given at creation.
    pub tags: Vec<String>,
}

impl Port {
    /// Whose it is.
    pub fn mark(&self) -> Option<Mark> {
        Mark::read(&BTreeMap::new(), &self.tags)
    }
}

/// What to create a port with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSpec {
    /// Name.
    pub name: String,
    /// Network id.
    pub network_id: String,
    /// Where its addresses are from; empty leaves it to Neutron.
    pub fixed_ips: Vec<FixedIp>,
    /// Security group ids; empty leaves Neutron's default, or none without port security.
    pub security_group_ids: Vec<String>,
    /// Addresses beyond its own that it may send from.
    pub allowed_address_pairs: Vec<AddressPair>,
    /// `normal`, `direct`, `macvtap` ...; unset leaves Neutron's default.
    pub vnic_type: Option<String>,
    /// Unset leaves it to the network.
    pub port_security: Option<bool>,
    /// QoS policy id.
    pub qos_policy_id: Option<String>,
    /// Whose it is.
    pub mark: Mark,
}

/// One address of a port: of a subnet, or an exact one, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixedIp {
    /// Subnet id.
    pub subnet_id: Option<String>,
    /// IP address.
    pub address: Option<String>,
}

/// An address that a port may send from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressPair {
    /// IP address or CIDR.
    pub address: String,
    /// MAC address; unset means the port's own.
    pub mac: Option<String>,
}

/// What to create a floating IP with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FloatingIpSpec {
    /// External network id.
    pub network_id: String,
    /// Port id; its first address is the one that is reached.
    pub port_id: String,
    /// Whose it is.
    pub mark: Mark,
}

/// A floating IP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FloatingIp {
    /// Neutron id.
    pub id: String,
    /// The address.
    pub address: String,
    /// External network id.
    pub network_id: String,
    /// The port that it leads to.
    pub port_id: Option<String>,
    /// `ACTIVE`, `DOWN`, `ERROR`.
    pub status: String,
    /// Tags; the words of the description count as such.
    pub tags: Vec<String>,
    /// Creation time as Neutron prints it, UTC.
    pub created: Option<String>,
}

impl FloatingIp {
    /// Whose it is.
    pub fn mark(&self) -> Option<Mark> {
        Mark::read(&BTreeMap::new(), &self.tags)
    }
}
