//! Every request that this client can make, one row each.

use crate::Priority;
use std::time::Duration;

/// The services of OpenStack that are spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Identity,
    Compute,
    Network,
    Image,
}

impl Service {
    /// Its type in the catalog.
    pub fn word(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Compute => "compute",
            Self::Network => "network",
            Self::Image => "image",
        }
    }

    /// The name that operators know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "Keystone",
            Self::Compute => "Nova",
            Self::Network => "Neutron",
            Self::Image => "Glance",
        }
    }
}

/// What a lost answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
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

use Service::{Compute, Identity, Image, Network};

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
pub(crate) const PORTS: Call = list(Network, "ports", "list the ports", "ports");
pub(crate) const PORT: Call = read(Network, "port", "show a port", "ports/{id}");
pub(crate) const CREATE_PORT: Call = create(Network, "create_port", "create a port", "ports");
pub(crate) const DELETE_PORT: Call = delete(Network, "delete_port", "delete a port", "ports/{id}");

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeSet;

    const RULES: &str = include_str!("../../access-rules.json");
    const CALLS: [&Call; 17] = [
        &VERSIONS,
        &FLAVORS,
        &ZONES,
        &LIMITS,
        &SERVERS,
        &SERVER,
        &CREATE_SERVER,
        &DELETE_SERVER,
        &IMAGES,
        &IMAGE,
        &NETWORKS,
        &SUBNETS,
        &SECURITY_GROUPS,
        &PORTS,
        &PORT,
        &CREATE_PORT,
        &DELETE_PORT,
    ];

    #[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
    struct Rule {
        service: String,
        method: String,
        path: String,
    }

    fn rule(call: &&Call) -> Rule {
        let version = match call.service {
            Service::Identity => "/v3",
            Service::Compute => "/v2.1",
            Service::Network => "/v2.0",
            Service::Image => "/v2",
        };
        let method = match call.effect {
            Effect::Read => "GET",
            Effect::Delete => "DELETE",
            Effect::Create => "POST",
        };
        Rule { service: call.service.word().to_owned(), method: method.to_owned(), path: format!("{version}/{}", call.path) }
    }

    #[test]
    fn the_access_rules_are_the_calls_and_no_more() {
        let rules: Vec<Rule> = serde_json::from_str(RULES).unwrap();
        assert_eq!(rules.into_iter().collect::<BTreeSet<_>>(), CALLS.iter().map(rule).collect());
    }
}
