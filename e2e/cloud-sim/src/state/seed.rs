//! Servers that a test puts into the cloud, thousands at once, and states that it gives them: past quota, checks and builds.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Cloud,
    port::{AddressError, NewPort},
    server::{BuildFault, Flavor, Nic, ServerSpec, Task, VmState},
};

/// A server that is to be there.
pub(crate) struct SeedServer {
    pub(crate) id: Option<Uuid>,
    pub(crate) name: String,
    pub(crate) flavor: Arc<Flavor>,
    pub(crate) image: Option<Uuid>,
    pub(crate) zone: Option<String>,
    pub(crate) state: VmState,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) group: Option<Uuid>,
    pub(crate) ports: Vec<SeedPort>,
    pub(crate) age: Duration,
}

/// A port of such a server.
pub(crate) struct SeedPort {
    pub(crate) id: Option<Uuid>,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) network: Uuid,
    pub(crate) tags: BTreeSet<String>,
}

impl Cloud {
    /// Puts a server there, with its ports. Returns both ids.
    pub(crate) fn seed_server(
        &mut self,
        seed: SeedServer,
        owner: (&Arc<str>, &Arc<str>),
        now: Timestamp,
    ) -> Result<(Uuid, Vec<Uuid>), AddressError> {
        let SeedServer { state, age, .. } = seed;
        let mut ports = Vec::new();
        for port in seed.ports {
            let new = new_port(port, owner.0);
            ports.push(self.networking.create_port(new, now)?.id);
        }
        let spec = ServerSpec {
            hostname: seed.name.clone(),
            name: seed.name,
            flavor: seed.flavor,
            image: seed.image,
            nics: ports.iter().map(|port| Nic::Port(*port)).collect(),
            disks: Vec::new(),
            metadata: seed.metadata,
            tags: seed.tags,
            zone: seed.zone,
            host: None,
            group: seed.group,
            security_groups: vec!["default".to_owned()],
            user_data: None,
            key_name: None,
            description: None,
            config_drive: false,
        };
        let id = seed.id.unwrap_or_else(|| self.ids.uuid());
        let created = now.checked_sub(age).unwrap_or(now);
        let reservation = (self.ids.reservation(), 0);
        let seq = self.compute.insert((id, spec), owner, reservation, created).seq;
        if state != VmState::Error {
            self.settle(seq, created);
        }
        self.set_state(id, state, (500, "It was put here so.".to_owned()), created);
        Ok((id, ports))
    }

    /// Gives a server the emptiest hypervisor of its zone, room or not, and binds its ports.
    fn settle(&mut self, seq: u64, at: Timestamp) {
        let zone = self.compute.by_seq(seq).and_then(|server| server.spec.zone.clone());
        let all = self.compute.hypervisors.iter().enumerate();
        let of_zone = all.filter(|(_, place)| zone.as_deref().is_none_or(|zone| zone == &*place.zone));
        if let Some((place, _)) = of_zone.min_by_key(|(_, place)| place.servers) {
            self.compute.occupy(seq, place);
        }
        self.bind(seq, at);
    }

    /// Gives a server another state, as an administrator or a broken hypervisor may.
    pub(crate) fn set_state(&mut self, id: Uuid, state: VmState, (code, message): (u16, String), now: Timestamp) {
        let Some(server) = self.compute.get_mut(id) else { return };
        server.vm_state = state;
        server.updated = now;
        server.task = (state == VmState::Building).then_some(Task::Spawning);
        server.power_state = match state {
            VmState::Active => 1,
            VmState::Paused => 3,
            VmState::Stopped | VmState::Suspended => 4,
            _ => server.power_state,
        };
        if state != VmState::Building {
            server.launched = server.launched.or(Some(now));
        }
        let fault = BuildFault { code, message, details: String::new(), created: now };
        server.fault = (state == VmState::Error).then_some(fault);
        for port in server.ports.clone() {
            self.networking.ports.get_mut(&port).into_iter().for_each(|port| port.is_active = state != VmState::Building);
        }
    }
}

fn new_port(seed: SeedPort, project: &Arc<str>) -> NewPort {
    NewPort {
        id: seed.id,
        name: seed.name,
        description: seed.description,
        network: seed.network,
        project: project.clone(),
        port_security: true,
        allowed_address_pairs: serde_json::json!([]),
        vnic_type: "normal".to_owned(),
        tags: seed.tags,
        admin_state_up: true,
        ..NewPort::default()
    }
}
