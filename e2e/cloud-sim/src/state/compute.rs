//! All that Nova keeps: servers in the order of creation, with the indexes that lists and quota need.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    hypervisor::Hypervisor,
    quota::Usage,
    server::{Flavor, Server, ServerSpec, Task, VmState},
};
use crate::config::{FlavorSpec, Quota};

/// So many deleted servers are remembered, for markers and `changes-since`.
const MAX_DELETED: usize = 20_000;

#[derive(Debug)]
pub(crate) struct ServerGroup {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) policy: String,
    pub(crate) max_server_per_host: Option<u32>,
    pub(crate) project: Arc<str>,
    pub(crate) user: Arc<str>,
    pub(crate) members: Vec<Uuid>,
}

#[derive(Debug, Default)]
pub(crate) struct Compute {
    pub(crate) flavors: Vec<Arc<Flavor>>,
    pub(crate) hypervisors: Vec<Hypervisor>,
    pub(crate) groups: BTreeMap<Uuid, ServerGroup>,
    /// Public keys by user and name.
    pub(crate) key_pairs: BTreeMap<(Arc<str>, String), String>,
    pub(crate) quotas: HashMap<Arc<str>, Quota>,
    pub(crate) default_quota: Quota,
    servers: BTreeMap<u64, Server>,
    by_id: HashMap<Uuid, u64>,
    alive: BTreeMap<Arc<str>, BTreeSet<u64>>,
    deleted: VecDeque<u64>,
    usage: HashMap<Arc<str>, Usage>,
    next_seq: u64,
}

impl Compute {
    pub(crate) fn seeded(flavors: &[FlavorSpec], hypervisors: Vec<Hypervisor>, quota: Quota) -> Self {
        let flavor = |(n, spec): (usize, &FlavorSpec)| Arc::new(Flavor { id: (n + 1).to_string(), spec: spec.clone() });
        let flavors = flavors.iter().enumerate().map(flavor).collect();
        Self { flavors, hypervisors, default_quota: quota, ..Self::default() }
    }

    pub(crate) fn flavor(&self, id: &str) -> Option<&Arc<Flavor>> {
        self.flavors.iter().find(|flavor| flavor.id == id)
    }

    pub(crate) fn quota(&self, project: &str) -> Quota {
        self.quotas.get(project).copied().unwrap_or(self.default_quota)
    }

    pub(crate) fn usage(&self, project: &str) -> Usage {
        self.usage.get(project).copied().unwrap_or_default()
    }

    /// Accepts a server: it counts from now on.
    pub(crate) fn insert(
        &mut self,
        (id, spec): (Uuid, ServerSpec),
        (project, user): (&Arc<str>, &Arc<str>),
        (reservation, launch_index): (String, u32),
        now: Timestamp,
    ) -> &mut Server {
        self.next_seq += 1;
        let server = new_server((self.next_seq, id), spec, (project, user), (reservation, launch_index), now);
        if let Some(group) = server.spec.group.and_then(|id| self.groups.get_mut(&id)) {
            group.members.push(server.id);
        }
        self.by_id.insert(server.id, server.seq);
        self.alive.entry(project.clone()).or_default().insert(server.seq);
        let usage = self.usage.entry(project.clone()).or_default();
        *usage = usage.plus(usage_of(&server.spec));
        self.servers.entry(server.seq).or_insert(server)
    }

    /// A server by id, deleted ones included.
    pub(crate) fn any(&self, id: Uuid) -> Option<&Server> {
        self.servers.get(self.by_id.get(&id)?)
    }

    /// A server by id that is not deleted.
    pub(crate) fn get_mut(&mut self, id: Uuid) -> Option<&mut Server> {
        self.servers.get_mut(self.by_id.get(&id)?).filter(|server| !server.is_deleted())
    }

    pub(crate) fn by_seq(&mut self, seq: u64) -> Option<&mut Server> {
        self.servers.get_mut(&seq).filter(|server| !server.is_deleted())
    }

    /// Living servers, newest first, of one project or of all, older than a given place in the order.
    pub(crate) fn alive<'a>(&'a self, project: Option<&str>, before: Option<u64>) -> Box<dyn Iterator<Item = &'a Server> + 'a> {
        let before = before.unwrap_or(u64::MAX);
        match project {
            Some(project) => match self.alive.get(project) {
                Some(own) => Box::new(own.range(..before).rev().filter_map(|seq| self.servers.get(seq))),
                None => Box::new(std::iter::empty()),
            },
            None => Box::new(self.servers.range(..before).rev().map(|(_, server)| server).filter(|s| !s.is_deleted())),
        }
    }

    /// Servers with the deleted ones, newest first.
    pub(crate) fn with_deleted(&self, before: Option<u64>) -> impl Iterator<Item = &Server> {
        self.servers.range(..before.unwrap_or(u64::MAX)).rev().map(|(_, server)| server)
    }

    pub(crate) fn count(&self) -> usize {
        self.alive.values().map(BTreeSet::len).sum()
    }

    /// Gives a server its place on a hypervisor.
    pub(crate) fn occupy(&mut self, seq: u64, hypervisor: usize) {
        let (Some(server), Some(place)) = (self.servers.get_mut(&seq), self.hypervisors.get_mut(hypervisor)) else {
            return;
        };
        let flavor = &server.spec.flavor.spec;
        server.hypervisor = Some(hypervisor);
        place.used_vcpus += flavor.vcpus;
        place.used_memory_mib += flavor.memory_mib;
        place.servers += 1;
    }

    /// Gives the place back.
    pub(crate) fn vacate(&mut self, seq: u64) {
        let Some(server) = self.servers.get_mut(&seq) else { return };
        let flavor = &server.spec.flavor.spec;
        if let Some(place) = server.hypervisor.take().and_then(|n| self.hypervisors.get_mut(n)) {
            place.used_vcpus -= flavor.vcpus;
            place.used_memory_mib -= flavor.memory_mib;
            place.servers -= 1;
        }
    }

    /// Gives a server another flavor where it is. Returns the one before.
    pub(crate) fn change_flavor(&mut self, seq: u64, flavor: Arc<Flavor>) -> Option<Arc<Flavor>> {
        let hypervisor = self.servers.get(&seq)?.hypervisor;
        self.vacate(seq);
        let server = self.servers.get_mut(&seq)?;
        let before = usage_of(&server.spec);
        let old = std::mem::replace(&mut server.spec.flavor, flavor);
        if let Some(usage) = self.usage.get_mut(&server.project) {
            *usage = usage.minus(before).plus(usage_of(&server.spec));
        }
        hypervisor.into_iter().for_each(|place| self.occupy(seq, place));
        Some(old)
    }

    /// The server is put aside: its hypervisor, ports and volumes stay with it, and its vCPUs and memory count as Placement counts them.
    pub(crate) fn put_aside(&mut self, seq: u64, now: Timestamp) {
        let Some(server) = self.servers.get_mut(&seq) else { return };
        (server.vm_state, server.task, server.power_state) = (VmState::SoftDeleted, None, 4);
        (server.terminated, server.updated) = (Some(now), now);
        if let Some(usage) = self.usage.get_mut(&server.project) {
            usage.instances -= 1;
        }
    }

    /// The server is gone: it no longer counts. What was never scheduled is forgotten altogether, as Nova does.
    pub(crate) fn bury(&mut self, seq: u64, now: Timestamp) {
        let was_scheduled = self.servers.get(&seq).is_some_and(|server| server.task != Some(Task::Scheduling));
        self.vacate(seq);
        let Some(server) = self.servers.get_mut(&seq) else { return };
        let mut used = usage_of(&server.spec);
        used.instances -= i64::from(server.vm_state == VmState::SoftDeleted);
        server.vm_state = VmState::Deleted;
        server.task = None;
        server.power_state = 0;
        server.terminated = Some(now);
        server.updated = now;
        if let Some(own) = self.alive.get_mut(&server.project) {
            own.remove(&seq);
        }
        if let Some(usage) = self.usage.get_mut(&server.project) {
            *usage = usage.minus(used);
        }
        let (id, group) = (server.id, server.spec.group);
        if let Some(group) = group.and_then(|group| self.groups.get_mut(&group)) {
            group.members.retain(|member| *member != id);
        }
        if was_scheduled {
            self.deleted.push_back(seq);
        } else {
            self.forget(seq);
        }
        while self.deleted.len() > MAX_DELETED {
            self.deleted.pop_front().into_iter().for_each(|oldest| self.forget(oldest));
        }
    }

    fn forget(&mut self, seq: u64) {
        if let Some(server) = self.servers.remove(&seq) {
            self.by_id.remove(&server.id);
        }
    }
}

fn usage_of(spec: &ServerSpec) -> Usage {
    Usage::of(1, spec.flavor.spec.vcpus, spec.flavor.spec.memory_mib)
}

fn new_server(
    (seq, id): (u64, Uuid),
    spec: ServerSpec,
    (project, user): (&Arc<str>, &Arc<str>),
    (reservation, launch_index): (String, u32),
    now: Timestamp,
) -> Server {
    Server {
        seq,
        id,
        project: project.clone(),
        user: user.clone(),
        spec,
        reservation,
        launch_index,
        vm_state: VmState::Building,
        task: Some(Task::Scheduling),
        power_state: 0,
        hypervisor: None,
        ports: Vec::new(),
        addresses: Vec::new(),
        fault: None,
        created: now,
        updated: now,
        launched: None,
        terminated: None,
        locked: None,
        actions: Vec::new(),
        resized_from: None,
    }
}
