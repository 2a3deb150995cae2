//! A server gets another flavor, on the hypervisor where it is, until that is confirmed or reverted.
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Cloud, Due,
    lifecycle::Event,
    server::{Flavor, Task, VmState},
};

impl Cloud {
    /// A resize was accepted.
    pub(crate) fn begin_resize(&mut self, id: Uuid, flavor: Arc<Flavor>, now: Timestamp) {
        let latency = self.config.action_latency;
        let Some(server) = self.compute.get_mut(id) else { return };
        (server.task, server.updated) = (Some(Task::ResizePrep), now);
        let seq = server.seq;
        self.schedule(Due::Server(seq, Event::Resize(flavor)), now, latency);
    }

    pub(super) fn resize(&mut self, seq: u64, flavor: Arc<Flavor>, at: Timestamp) {
        let Some(old) = self.compute.change_flavor(seq, flavor) else { return };
        let Some(server) = self.compute.by_seq(seq) else { return };
        (server.vm_state, server.task, server.updated) = (VmState::Resized, None, at);
        server.resized_from = Some(old);
    }

    /// The new flavor stays.
    pub(crate) fn confirm_resize(&mut self, id: Uuid, now: Timestamp) {
        let Some(server) = self.compute.get_mut(id) else { return };
        (server.vm_state, server.updated, server.resized_from) = (VmState::Active, now, None);
    }

    /// The old flavor comes back.
    pub(crate) fn revert_resize(&mut self, id: Uuid, now: Timestamp) {
        let Some(server) = self.compute.get_mut(id) else { return };
        let (seq, old) = (server.seq, server.resized_from.take());
        if let Some(old) = old {
            self.compute.change_flavor(seq, old);
        }
        self.confirm_resize(id, now);
    }
}
