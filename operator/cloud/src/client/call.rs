//! Every request that this client can make, one row each.

use crate::Priority;
use std::time::Duration;

/// The services of OpenStack that are spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Keystone.
    Identity,
    /// Nova.
    Compute,
    /// Neutron.
    Network,
    /// Glance.
    Image,
    /// Cinder.
    Volume,
}

impl Service {
    /// The word for metrics and for the keys of `clouds.yaml`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Compute => "compute",
            Self::Network => "network",
            Self::Image => "image",
            Self::Volume => "volume",
        }
    }

    /// The name that operators know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "Keystone",
            Self::Compute => "Nova",
            Self::Network => "Neutron",
            Self::Image => "Glance",
            Self::Volume => "Cinder",
        }
    }
}

/// What a lost answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing changes; may be sent again.
    Read,
    /// A second time does no harm; may be sent again.
    Delete,
    /// A second time makes a second one; never sent again.
    Create,
}

/// A kind of request.
#[derive(Debug)]
pub(crate) struct Call {
    /// Name in metrics.
    pub name: &'static str,
    /// What it does, for sentences: "refused to ...".
    pub to: &'static str,
    pub service: Service,
    pub effect: Effect,
    /// Path behind the endpoint; `{id}` stands for one id.
    pub path: &'static str,
    /// Time for one attempt.
    pub timeout: Duration,
    /// How urgent it is if the caller does not say.
    pub priority: Priority,
}

impl Call {
    /// The HTTP method; a log-in is a POST though it makes nothing that lasts.
    pub fn method(&self) -> &'static str {
        match (self.service, self.effect) {
            (Service::Identity, _) | (_, Effect::Create) => "POST",
            (_, Effect::Read) => "GET",
            (_, Effect::Delete) => "DELETE",
        }
    }
}

const SHORT: Duration = Duration::from_secs(30);
const LONG: Duration = Duration::from_secs(60);

const fn read(service: Service, name: &'static str, to: &'static str, path: &'static str) -> Call {
    Call { name, to, service, effect: Effect::Read, path, timeout: SHORT, priority: Priority::Normal }
}

const fn delete(service: Service, name: &'static str, to: &'static str, path: &'static str) -> Call {
    Call { name, to, service, effect: Effect::Delete, path, timeout: LONG, priority: Priority::Urgent }
}

const fn create(service: Service, name: &'static str, to: &'static str, path: &'static str) -> Call {
    Call { name, to, service, effect: Effect::Create, path, timeout: LONG, priority: Priority::Urgent }
}

const fn list(service: Service, name: &'static str, to: &'static str, path: &'static str) -> Call {
    Call { timeout: LONG, ..read(service, name, to, path) }
}

use Service::{Compute, Identity, Image, Network, Volume};

/// A log-in makes nothing that lasts: it is as safe to repeat as a read.
pub(crate) const LOG_IN: Call = Call { priority: Priority::Urgent, ..read(Identity, "log_in", "log in", "auth/tokens") };

pub(crate) const VERSIONS: Call = read(Compute, "versions", "tell its versions", "");
pub(crate) const FLAVORS: Call = list(Compute, "flavors", "list the flavors", "flavors/detail");
pub(crate) const ZONES: Call = read(Compute, "zones", "list the availability zones", "os-availability-zone");
pub(crate) const LIMITS: Call = read(Compute, "limits", "tell the quota", "limits");
pub(crate) const SERVERS: Call = list(Compute, "servers", "list the servers", "servers/detail");
pub(crate) const SERVER: Call = read(Compute, "server", "show a server", "servers/{id}");
pub(crate) const CREATE_SERVER: Call = create(Compute, "create_server", "create a server", "servers");
pub(crate) const DELETE_SERVER: Call = delete(Compute, "delete_server", "delete a server", "servers/{id}");

pub(crate) const IMAGES: Call = list(Image, "images", "list the images", "images");
pub(crate) const IMAGE: Call = read(Image, "image", "show an image", "images/{id}");

pub(crate) const NETWORKS: Call = list(Network, "networks", "list the networks", "networks");
pub(crate) const SUBNETS: Call = list(Network, "subnets", "list the subnets", "subnets");
pub(crate) const SECURITY_GROUPS: Call = list(Network, "security_groups", "list the security groups", "security-groups");
pub(crate) const QOS_POLICIES: Call = list(Network, "qos_policies", "list the QoS policies", "qos/policies");
pub(crate) const NETWORK_QUOTA: Call = read(Network, "network_quota", "tell the quota", "quotas/{id}/details.json");
pub(crate) const PORTS: Call = list(Network, "ports", "list the ports", "ports");
pub(crate) const PORT: Call = read(Network, "port", "show a port", "ports/{id}");
pub(crate) const CREATE_PORT: Call = create(Network, "create_port", "create a port", "ports");
pub(crate) const DELETE_PORT: Call = delete(Network, "delete_port", "delete a port", "ports/{id}");

pub(crate) const SERVER_GROUPS: Call = list(Compute, "server_groups", "list the server groups", "os-server-groups");
pub(crate) const SERVER_GROUP: Call = read(Compute, "server_group", "show a server group", "os-server-groups/{id}");
pub(crate) const CREATE_SERVER_GROUP: Call = create(Compute, "create_server_group", "create a server group", "os-server-groups");
pub(crate) const DELETE_SERVER_GROUP: Call = delete(Compute, "delete_server_group", "delete a server group", "os-server-groups/{id}");

pub(crate) const VOLUMES: Call = list(Volume, "volumes", "list the volumes", "volumes/detail");
pub(crate) const VOLUME: Call = read(Volume, "volume", "show a volume", "volumes/{id}");
pub(crate) const CREATE_VOLUME: Call = create(Volume, "create_volume", "create a volume", "volumes");
pub(crate) const DELETE_VOLUME: Call = delete(Volume, "delete_volume", "delete a volume", "volumes/{id}");
pub(crate) const VOLUME_LIMITS: Call = read(Volume, "volume_limits", "tell the quota", "limits");

pub(crate) const FLOATING_IPS: Call = list(Network, "floating_ips", "list the floating IPs", "floatingips");
pub(crate) const FLOATING_IP: Call = read(Network, "floating_ip", "show a floating IP", "floatingips/{id}");
pub(crate) const CREATE_FLOATING_IP: Call = create(Network, "create_floating_ip", "create a floating IP", "floatingips");
pub(crate) const DELETE_FLOATING_IP: Call = delete(Network, "delete_floating_ip", "delete a floating IP", "floatingips/{id}");

#[cfg(test)]
#[path = "call_tests.rs"]
mod tests;
