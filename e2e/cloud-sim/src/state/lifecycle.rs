//! A server's life after the API said yes: scheduled, given its network, spawned or failed, stopped, deleted.
use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Cloud, placement,
    port::NewPort,
    server::{Address, BuildFault, Nic, Server, ServerSpec, Task, VmState},
};
use crate::faults::{BuildEnd, DeleteEnd};

/// Something that happens to a server later.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// The scheduler looks for a hypervisor.
    Schedule,
    /// The hypervisor's agent binds the ports.
    Network,
    /// The build ends.
    Build(BuildEnd),
    /// A stop, start or reboot ends.
    Finish(Task),
    /// A deletion ends.
    Delete(DeleteEnd),
}

/// Recorded twice in every race of two servers for one port.
const NETWORK_FAILED: &str = "Failed to allocate the network(s), not rescheduling.";

impl Cloud {
    /// Accepts a server, after all checks, and plans its build.
    pub(crate) fn create_server(
        &mut self,
        spec: ServerSpec,
        (project, user): (&Arc<str>, &Arc<str>),
        (reservation, launch_index): (String, u32),
        request_id: &str,
        now: Timestamp,
    ) -> Uuid {
        let zone = spec.zone.clone();
        let plan = self.faults.build(&spec.name, &spec.flavor.spec.name, zone.as_deref(), self.config.build_latency);
        let server = self.compute.insert(spec, (project, user), (reservation, launch_index), now);
        server.begin("create", request_id, user, now);
        let (id, seq) = (server.id, server.seq);
        self.schedule(seq, Event::Schedule, now, plan.latency / 4);
        self.schedule(seq, Event::Network, now, plan.latency / 2);
        if let Some(end) = plan.end {
            self.schedule(seq, Event::Build(end), now, plan.latency);
        }
        id
    }

    /// DELETE of a server: what nobody builds is gone at once, the rest after a while.
    pub(crate) fn delete_server(&mut self, id: Uuid, now: Timestamp) {
        let Some(server) = self.compute.get_mut(id) else { return };
        let seq = server.seq;
        let hypervisor = server.hypervisor;
        let is_up = hypervisor.is_some_and(|n| self.compute.hypervisors.get(n).is_some_and(|place| place.is_up));
        let Some(server) = self.compute.get_mut(id) else { return };
        if !is_up {
            return self.remove(seq, now);
        }
        server.task = Some(Task::Deleting);
        server.updated = now;
        let name = server.spec.name.clone();
        let plan = self.faults.delete(&name, self.config.delete_latency);
        if let Some(end) = plan.end {
            self.schedule(seq, Event::Delete(end), now, plan.latency);
        }
    }

    /// A stop, start or reboot was accepted.
    pub(crate) fn begin_task(&mut self, id: Uuid, task: Task, now: Timestamp) {
        let latency = self.config.action_latency;
        let Some(server) = self.compute.get_mut(id) else { return };
        (server.task, server.updated) = (Some(task), now);
        let (seq, hypervisor) = (server.seq, server.hypervisor);
        // A dead hypervisor never answers: the task stays.
        if hypervisor.is_some_and(|n| self.compute.hypervisors.get(n).is_some_and(|place| place.is_up)) {
            self.schedule(seq, Event::Finish(task), now, latency);
        }
    }

    pub(super) fn apply(&mut self, seq: u64, event: Event, at: Timestamp) {
        let Some(server) = self.compute.by_seq(seq) else { return };
        let is_building = server.vm_state == VmState::Building && server.task != Some(Task::Deleting);
        match event {
            Event::Schedule if is_building => self.place(seq, at),
            Event::Network if is_building => self.bind(seq, at),
            Event::Build(end) if is_building => self.end_build(seq, end, at),
            Event::Finish(task) if server.task == Some(task) => finish(server, task, at),
            Event::Delete(end) if server.task == Some(Task::Deleting) => self.end_delete(seq, end, at),
            _ => {}
        }
    }

    fn place(&mut self, seq: u64, at: Timestamp) {
        let Some(server) = self.compute.by_seq(seq) else { return };
        let id = server.id;
        let Some(server) = self.compute.any(id) else { return };
        match placement::place(&self.compute, server) {
            Ok(hypervisor) => {
                self.compute.occupy(seq, hypervisor);
                if let Some(server) = self.compute.by_seq(seq) {
                    (server.task, server.updated) = (Some(Task::Networking), at);
                }
            }
            Err(none) => {
                let details = "Traceback (most recent call last):\n  nova.exception.NoValidHost".to_owned();
                self.fail(seq, 500, none.text().to_owned(), details, at);
            }
        }
    }

    /// Binds every port, or fails the build and strips the ports, whoever they belong to by now (as recorded).
    fn bind(&mut self, seq: u64, at: Timestamp) {
        let Some(server) = self.compute.by_seq(seq) else { return };
        let (id, project, nics) = (server.id, server.project.clone(), server.spec.nics.clone());
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
        let addresses = bound.iter().flat_map(|port| self.addresses(*port)).collect();
        let Some(server) = self.compute.by_seq(seq) else { return };
        (server.ports, server.addresses, server.task, server.updated) = (bound, addresses, Some(Task::Spawning), at);
    }

    fn lose_network(&mut self, seq: u64, bound: Vec<Uuid>, lost: Nic, at: Timestamp) {
        let Some(server) = self.compute.by_seq(seq) else { return };
        server.ports = bound;
        let message = format!("Build of instance {} aborted: {NETWORK_FAILED}", server.id);
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

    fn end_build(&mut self, seq: u64, end: BuildEnd, at: Timestamp) {
        let Some(server) = self.compute.by_seq(seq) else { return };
        match end {
            BuildEnd::Active => {
                (server.vm_state, server.task, server.power_state) = (VmState::Active, None, 1);
                server.launched = Some(at);
                let started = server.created;
                server.record("compute__do_build_and_run_instance", started, at, true);
                for port in server.ports.clone() {
                    self.networking.ports.get_mut(&port).into_iter().for_each(|port| port.is_active = true);
                }
            }
            BuildEnd::Error { code, message } => {
                let message = message.replace("{id}", &server.id.to_string());
                self.fail(seq, code, message, String::new(), at);
            }
        }
    }

    /// ERROR: the hypervisor is free again, Nova's ports are deleted, the client's are unbound.
    fn fail(&mut self, seq: u64, code: u16, message: String, details: String, at: Timestamp) {
        self.release_ports(seq, at);
        self.compute.vacate(seq);
        let Some(server) = self.compute.by_seq(seq) else { return };
        (server.vm_state, server.task) = (VmState::Error, None);
        server.addresses.clear();
        server.fault = Some(BuildFault { code, message, details, created: at });
        let started = server.created;
        server.record("compute__do_build_and_run_instance", started, at, false);
    }

    fn release_ports(&mut self, seq: u64, at: Timestamp) {
        let Some(server) = self.compute.by_seq(seq) else { return };
        let device = server.id.to_string();
        for id in std::mem::take(&mut server.ports) {
            let Some(port) = self.networking.ports.get_mut(&id).filter(|port| port.device_id == device) else { continue };
            if port.made_by_nova {
                self.networking.delete_port(id);
            } else {
                port.strip(at);
            }
        }
    }

    fn end_delete(&mut self, seq: u64, end: DeleteEnd, at: Timestamp) {
        match end {
            DeleteEnd::Gone => self.remove(seq, at),
            DeleteEnd::Error { message } => {
                let Some(server) = self.compute.by_seq(seq) else { return };
                (server.vm_state, server.task, server.updated) = (VmState::Error, None, at);
                server.fault = Some(BuildFault { code: 500, message, details: String::new(), created: at });
            }
        }
    }

    fn remove(&mut self, seq: u64, at: Timestamp) {
        self.release_ports(seq, at);
        self.compute.bury(seq, at);
    }
}

fn finish(server: &mut Server, task: Task, at: Timestamp) {
    let started = server.updated;
    server.task = None;
    let event = match task {
        Task::PoweringOff => {
            (server.vm_state, server.power_state) = (VmState::Stopped, 4);
            "compute_stop_instance"
        }
        Task::PoweringOn => {
            (server.vm_state, server.power_state) = (VmState::Active, 1);
            "compute_start_instance"
        }
        _ => "compute_reboot_instance",
    };
    server.record(event, started, at, true);
}

/// Longest latency that a fault rule or the command line may ask for.
pub(crate) const MAX_LATENCY: Duration = Duration::from_secs(24 * 3600);
