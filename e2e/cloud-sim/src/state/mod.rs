//! The whole cloud behind one lock. Nothing happens in the background: what is due is done when the next request comes.
mod binding;
pub(crate) mod compute;
pub(crate) mod floating;
pub(crate) mod hypervisor;
pub(crate) mod identity;
pub(crate) mod ids;
pub(crate) mod image;
pub(crate) mod lifecycle;
pub(crate) mod network;
pub(crate) mod placement;
pub(crate) mod port;
pub(crate) mod quota;
mod resize;
pub(crate) mod seed;
pub(crate) mod server;
mod storage;
pub(crate) mod volume;

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use uuid::Uuid;

use self::{
    compute::Compute, identity::Identity, ids::Ids, image::Image, lifecycle::Event, port::Networking, storage::VolumeEvent,
    volume::BlockStorage,
};
use crate::{config::Config, deferred::Deferred, faults::Faults, log::Log};

/// What happens later, and to what.
#[derive(Debug)]
enum Due {
    Server(u64, Event),
    Volume(Uuid, VolumeEvent),
}

/// State of the cloud.
#[derive(Debug)]
pub(crate) struct Cloud {
    pub(crate) config: Config,
    /// `http://host:port`, as clients reach it.
    pub(crate) base_url: String,
    pub(crate) identity: Identity,
    pub(crate) compute: Compute,
    pub(crate) networking: Networking,
    pub(crate) images: Vec<Image>,
    pub(crate) storage: BlockStorage,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) deferred: Deferred,
    pub(crate) ids: Ids,
    /// Grows with each change.
    pub(crate) revision: u64,
    events: BTreeMap<(Timestamp, u64), Due>,
    next_event: u64,
}

impl Cloud {
    pub(crate) fn new(config: Config, base_url: String, ids: Ids, now: Timestamp) -> Self {
        let identity = Identity::seeded(ids.clone());
        let mut networking = Networking { ids: ids.clone(), ..Networking::default() };
        for project in identity.projects.keys() {
            networking.groups.extend(network::seeded_groups(project, now));
        }
        if let (Some(demo), Some(admin)) = (identity.project_named("demo"), identity.project_named("admin")) {
            let (network, subnet) = network::seeded_network(&demo.id, now);
            let inner = subnet.id;
            networking.networks.push(network);
            networking.subnets.push(subnet);
            floating::seed(&mut networking, &admin.id, &demo.id, inner, now);
        }
        let hypervisors = hypervisor::seeded(&config.zones);
        Self {
            base_url,
            identity,
            compute: Compute::seeded(&config.flavors, hypervisors, config.quota),
            networking,
            images: image::seeded(&config.images, now),
            faults: Faults::seeded(config.seed),
            storage: BlockStorage::default(),
            log: Log::default(),
            deferred: Deferred::default(),
            events: BTreeMap::new(),
            next_event: 0,
            revision: 0,
            ids,
            config,
        }
    }

    /// Back to how the cloud started; also the faults.
    pub(crate) fn reset(&mut self, now: Timestamp) {
        let revision = self.revision;
        *self = Self::new(self.config.clone(), self.base_url.clone(), self.ids.clone(), now);
        self.revision = revision;
    }

    /// Plans an event of a server's or volume's life.
    fn schedule(&mut self, event: Due, now: Timestamp, after: Duration) {
        self.next_event += 1;
        let due = now.checked_add(after).unwrap_or(Timestamp::MAX);
        self.events.insert((due, self.next_event), event);
    }

    /// Does all that was due until now, each thing at its own time.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        while let Some(entry) = self.events.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((due, _), event) = entry.remove_entry();
            self.revision += 1;
            match event {
                Due::Server(server, event) => self.apply(server, event, due),
                Due::Volume(volume, event) => self.apply_to_volume(volume, event, due),
            }
        }
    }
}
