//! The whole cloud behind one lock. Nothing happens in the background: what is due is done when the next request comes.
pub(crate) mod compute;
pub(crate) mod hypervisor;
pub(crate) mod identity;
pub(crate) mod ids;
pub(crate) mod image;
pub(crate) mod lifecycle;
pub(crate) mod network;
pub(crate) mod placement;
pub(crate) mod port;
pub(crate) mod quota;
pub(crate) mod server;

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use self::{compute::Compute, identity::Identity, image::Image, lifecycle::Event, port::Networking};
use crate::{config::Config, faults::Faults};

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
    pub(crate) faults: Faults,
    /// Requests per method and route.
    pub(crate) requests: BTreeMap<String, u64>,
    events: BTreeMap<(Timestamp, u64), (u64, Event)>,
    next_event: u64,
}

impl Cloud {
    pub(crate) fn new(config: Config, base_url: String, now: Timestamp) -> Self {
        let identity = Identity::seeded();
        let mut networking = Networking::default();
        for project in identity.projects.keys() {
            networking.groups.extend(network::seeded_groups(project, now));
        }
        if let Some(demo) = identity.project_named("demo") {
            let (network, subnet) = network::seeded_network(&demo.id, now);
            networking.networks.push(network);
            networking.subnets.push(subnet);
        }
        let hypervisors = hypervisor::seeded(&config.zones);
        Self {
            base_url,
            identity,
            compute: Compute::seeded(&config.flavors, hypervisors, config.quota),
            networking,
            images: image::seeded(&config.images, now),
            faults: Faults::seeded(config.seed),
            requests: BTreeMap::new(),
            events: BTreeMap::new(),
            next_event: 0,
            config,
        }
    }

    /// Back to how the cloud started; also the faults.
    pub(crate) fn reset(&mut self, now: Timestamp) {
        *self = Self::new(self.config.clone(), self.base_url.clone(), now);
    }

    /// Plans an event of a server's life.
    fn schedule(&mut self, server: u64, event: Event, now: Timestamp, after: Duration) {
        self.next_event += 1;
        let due = now.checked_add(after).unwrap_or(Timestamp::MAX);
        self.events.insert((due, self.next_event), (server, event));
    }

    /// Does all that was due until now, each thing at its own time.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        while let Some(entry) = self.events.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((due, _), (server, event)) = entry.remove_entry();
            self.apply(server, event, due);
        }
    }
}
