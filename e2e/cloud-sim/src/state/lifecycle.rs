//! A server's life after the API said yes: scheduled, given its network, spawned or failed, stopped, deleted.
use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Cloud, Due, placement,
    quota::{Usage, exceeded},
    server::{BuildFault, Flavor, Server, ServerSpec, Task, VmState},
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
    /// A resize ends.
    Resize(Arc<Flavor>),
    /// A deletion ends.
    Delete(DeleteEnd),
    /// The server is put aside, to be reclaimed later.
    SoftDelete,
    /// A server that was put aside is deleted.
    Reclaim,
}

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
        let id = self.ids.uuid();
        let server = self.compute.insert((id, spec), (project, user), (reservation, launch_index), now);
        server.begin("create", request_id, user, now);
        let (seq, disks) = (server.seq, server.spec.disks.clone());
        self.reserve_volumes(id, &disks, now);
        self.schedule(Due::Server(seq, Event::Schedule), now, plan.latency / 4);
        self.schedule(Due::Server(seq, Event::Network), now, plan.latency / 2);
        if let Some(end) = plan.end {
            self.schedule(Due::Server(seq, Event::Build(end)), now, plan.latency);
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
        if server.vm_state == VmState::SoftDeleted {
            return;
        }
        if !is_up {
            return self.remove(seq, now);
        }
        // What never ran is deleted for good, as in Nova.
        if !self.config.reclaim_instance_interval.is_zero() && server.launched.is_some() {
            (server.task, server.updated) = (Some(Task::SoftDeleting), now);
            return self.schedule(Due::Server(seq, Event::SoftDelete), now, self.config.delete_latency);
        }
        self.delete_for_good(id, now);
    }

    /// The same, of a server with a hypervisor, whatever its state.
    pub(crate) fn delete_for_good(&mut self, id: Uuid, now: Timestamp) {
        let Some(server) = self.compute.get_mut(id) else { return };
        let seq = server.seq;
        server.task = Some(Task::Deleting);
        server.updated = now;
        let name = server.spec.name.clone();
        let plan = self.faults.delete(&name, self.config.delete_latency);
        if let Some(end) = plan.end {
            self.schedule(Due::Server(seq, Event::Delete(end)), now, plan.latency);
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
            self.schedule(Due::Server(seq, Event::Finish(task)), now, latency);
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
            Event::Resize(flavor) if server.task == Some(Task::ResizePrep) => self.resize(seq, flavor, at),
            Event::Delete(end) if server.task == Some(Task::Deleting) => self.end_delete(seq, end, at),
            Event::SoftDelete if server.task == Some(Task::SoftDeleting) => {
                self.compute.put_aside(seq, at);
                self.schedule(Due::Server(seq, Event::Reclaim), at, self.config.reclaim_instance_interval);
            }
            Event::Reclaim if server.vm_state == VmState::SoftDeleted => self.remove(seq, at),
            _ => {}
        }
    }

    fn place(&mut self, seq: u64, at: Timestamp) {
        let Some(server) = self.compute.by_seq(seq) else { return };
        let (id, project) = (server.id, server.project.clone());
        let over = exceeded(self.compute.quota(&project), self.compute.usage(&project), Usage::default());
        if let Some(text) = over.filter(|_| self.config.late_quota_check) {
            return self.fail(seq, 413, text, String::new(), at);
        }
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
    pub(super) fn fail(&mut self, seq: u64, code: u16, message: String, details: String, at: Timestamp) {
        self.release_ports(seq, at);
        if self.compute.by_seq(seq).is_some_and(|server| server.hypervisor.is_some()) {
            self.release_disks(seq, at);
        }
        self.compute.vacate(seq);
        let Some(server) = self.compute.by_seq(seq) else { return };
        (server.vm_state, server.task) = (VmState::Error, None);
        server.addresses.clear();
        server.fault = Some(BuildFault { code, message, details, created: at });
        let started = server.created;
        server.record("compute__do_build_and_run_instance", started, at, false);
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

    /// The server is gone, whatever it was at.
    pub(crate) fn remove(&mut self, seq: u64, at: Timestamp) {
        self.release_ports(seq, at);
        self.release_disks(seq, at);
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
