//! Ports and volumes of a server: bound by its hypervisor, lost in a race, given back.
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Cloud,
    port::NewPort,
    server::{Address, Nic, Task},
};
use crate::faults::BUILD_FAILED;

/// What the loser of a race of two servers for one port says, unless it tried another hypervisor first.
const NETWORK_FAILED: &str = "Failed to allocate the network(s), not rescheduling.";

impl Cloud {
    /// Binds every port, or fails the build and strips the ports, whoever they belong to by now (as recorded).
    pub(super) fn bind(&mut self, seq: u64, at: Timestamp) {
        let Some(server) = self.compute.by_seq(seq) else { return };
        let (id, project) = (server.id, server.project.clone());
        let (nics, disks) = (server.spec.nics.clone(), server.spec.disks.clone());
        let place = server.hypervisor.and_then(|n| self.compute.hypervisors.get(n));
        let (host, zone) = place.map_or_else(Default::default, |place| (place.name.clone(), place.zone.clone()));
        let mut bound = Vec::new();
        for nic in nics {
            let port = match nic {
                Nic::Port(port) => Some(port),
                Nic::Network(network, address) => self.nova_port(network, address, &project, at),
            };
            let port = port.and_then(|port| self.networking.ports.get_mut(&port));
            let Some(port) = port.filter(|port| port.device_id.is_empty() || port.device_id == id.to_string()) else {
                return self.lose_network(seq, bound, nic, at);
            };
            (port.device_id, port.device_owner) = (id.to_string(), format!("compute:{zone}"));
            (port.host, port.updated) = (Some(host.clone()), at);
            bound.push(port.id);
        }
        self.attach_volumes(id, &disks, at);
        let addresses = bound.iter().flat_map(|port| self.addresses(*port)).collect();
        let Some(server) = self.compute.by_seq(seq) else { return };
        (server.ports, server.addresses, server.task, server.updated) = (bound, addresses, Some(Task::Spawning), at);
    }

    fn lose_network(&mut self, seq: u64, bound: Vec<Uuid>, lost: Nic, at: Timestamp) {
        let Some(server) = self.compute.by_seq(seq) else { return };
        server.ports = bound;
        let message = if self.faults.chance(self.config.race_retries) {
            BUILD_FAILED.replace("{id}", &server.id.to_string())
        } else {
            format!("Build of instance {} aborted: {NETWORK_FAILED}", server.id)
        };
        self.fail(seq, 500, message, String::new(), at);
        let Nic::Port(port) = lost else { return };
        let Some(port) = self.networking.ports.get_mut(&port) else { return };
        let winner = Uuid::parse_str(&port.device_id).ok();
        port.strip(at);
        let port = port.id;
        let is_address_lost = self.faults.chance(self.config.race_address_loss);
        if let Some(winner) = winner.and_then(|winner| self.compute.get_mut(winner)) {
            winner.ports.retain(|own| *own != port);
            if is_address_lost {
                winner.addresses.retain(|address| address.port != port);
            }
        }
    }

    fn nova_port(&mut self, network: Uuid, address: Option<std::net::Ipv4Addr>, project: &Arc<str>, at: Timestamp) -> Option<Uuid> {
        let new = NewPort {
            network,
            project: project.clone(),
            fixed_ips: address.map(|address| vec![(None, Some(address))]),
            port_security: true,
            allowed_address_pairs: serde_json::json!([]),
            vnic_type: "normal".to_owned(),
            admin_state_up: true,
            made_by_nova: true,
            ..NewPort::default()
        };
        self.networking.create_port(new, at).ok().map(|port| port.id)
    }

    /// A port is deleted. Neutron tells Nova, which takes the address out of the server at once.
    pub(crate) fn lose_port(&mut self, id: Uuid, now: Timestamp) {
        let Some(port) = self.networking.delete_port(id, now) else { return };
        if let Some(server) = Uuid::parse_str(&port.device_id).ok().and_then(|server| self.compute.get_mut(server)) {
            server.ports.retain(|port| *port != id);
            server.addresses.retain(|address| address.port != id);
        }
    }

    fn addresses(&self, port: Uuid) -> Vec<Address> {
        let Some(port) = self.networking.ports.get(&port) else { return Vec::new() };
        let network = self.networking.network(port.network).map_or_else(String::new, |network| network.name.clone());
        let address = |(_, address): &(Uuid, std::net::Ipv4Addr)| Address {
            network: network.clone(),
            port: port.id,
            address: *address,
            mac: port.mac.clone(),
        };
        port.fixed_ips.iter().map(address).collect()
    }

    pub(super) fn release_ports(&mut self, seq: u64, at: Timestamp) {
        let Some(server) = self.compute.by_seq(seq) else { return };
        let device = server.id.to_string();
        for id in std::mem::take(&mut server.ports) {
            let Some(port) = self.networking.ports.get_mut(&id).filter(|port| port.device_id == device) else { continue };
            if port.made_by_nova {
                self.networking.delete_port(id, at);
            } else {
                port.strip(at);
            }
        }
    }

    /// What a hypervisor had of a server's volumes it gives back; what none had stays reserved until the server is deleted.
    pub(super) fn release_disks(&mut self, seq: u64, at: Timestamp) {
        let Some(server) = self.compute.by_seq(seq) else { return };
        let (id, disks) = (server.id, server.spec.disks.clone());
        self.release_volumes(id, &disks, at);
    }
}
