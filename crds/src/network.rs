//! The ports of a host: network, addresses, security, quality of service.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rules;

/// One port of a server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = rules::subnet_or_fixed_ips(),
    validation = rules::insecure_port_has_no_groups(),
    validation = rules::insecure_port_has_no_pairs()
)]
#[serde(rename_all = "camelCase")]
pub struct Port {
    /// The network.
    pub network: NetworkRef,
    /// The subnet that the address comes from; unset, Neutron chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet: Option<SubnetRef>,
    /// The addresses one by one, in place of `subnet`: several subnets, or a fixed address.
    #[serde(rename = "fixedIPs", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 5))]
    pub fixed_ips: Vec<FixedIp>,
    /// Security groups; none named means the project's default group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(validation = rules::distinct("a security group"))]
    pub security_groups: Vec<SecurityGroupRef>,
    /// Addresses beside its own that the port may send from, such as the pods' network or a virtual IP.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    #[x_kube(validation = rules::distinct("an address pair"))]
    pub allowed_address_pairs: Vec<AddressPair>,
    /// How the port is joined to the server; unset, `normal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vnic_type: Option<VnicType>,
    /// `false` switches anti-spoofing and security groups off; unset, the network decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port_security: Option<bool>,
    /// QoS policy of the port; unset, the network's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qos_policy: Option<QosPolicyRef>,
}

/// One address of a port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = rules::subnet_or_address())]
pub struct FixedIp {
    /// The subnet that the address comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet: Option<SubnetRef>,
    /// This very address; only in a pool of at most one host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 45))]
    #[x_kube(validation = rules::address())]
    pub address: Option<String>,
}

/// An address that a port may send from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct AddressPair {
    /// An address or a network, such as `10.244.0.0/16`.
    #[schemars(length(min = 1, max = 49))]
    #[x_kube(validation = rules::address_or_cidr())]
    pub address: String,
    /// The MAC address to go with it; unset, the port's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 17))]
    #[x_kube(validation = rules::mac())]
    pub mac: Option<String>,
}

/// How a port is joined to a server, in Neutron's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VnicType {
    /// Through the hypervisor's switch.
    Normal,
    /// A virtual function of the hypervisor's card (SR-IOV).
    Direct,
    /// A virtual function behind macvtap.
    Macvtap,
    /// A whole card.
    DirectPhysical,
    /// A virtual function behind virtio.
    VirtioForwarder,
    /// A card that speaks virtio itself.
    Vdpa,
}

impl VnicType {
    /// The word of the Neutron API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Direct => "direct",
            Self::Macvtap => "macvtap",
            Self::DirectPhysical => "direct-physical",
            Self::VirtioForwarder => "virtio-forwarder",
            Self::Vdpa => "vdpa",
        }
    }
}

macro_rules! reference {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
        #[x_kube(validation = rules::one_way_to_a_reference())]
        pub struct $name {
            /// Neutron id.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(length(min = 1, max = 64))]
            #[x_kube(validation = rules::uuid())]
            pub id: Option<String>,
            /// Name; must be the name of exactly one that the project can see.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(length(min = 1, max = 255))]
            pub name: Option<String>,
            /// Tags; exactly one that the project can see must bear all of them.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            #[schemars(length(min = 1, max = 10), inner(length(min = 1, max = 255)))]
            #[x_kube(validation = rules::neutron_tags())]
            pub tags: Vec<String>,
        }
    };
}

reference!(
    /// A network by id, name or tags.
    NetworkRef
);
reference!(
    /// A subnet by id, name or tags.
    SubnetRef
);
reference!(
    /// A security group by id, name or tags.
    SecurityGroupRef
);
reference!(
    /// A QoS policy by id, name or tags.
    QosPolicyRef
);
