//! A Nova server: what was asked for, where it is in its life, and what is shown of it.
use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    sync::Arc,
};

use jiff::Timestamp;
use uuid::Uuid;

use crate::config::FlavorSpec;

/// So many instance actions are remembered per server.
const MAX_ACTIONS: usize = 100;

#[derive(Debug)]
pub(crate) struct Flavor {
    pub(crate) id: String,
    pub(crate) spec: FlavorSpec,
}

/// Nova's `vm_state`, as far as simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VmState {
    Building,
    Active,
    Stopped,
    Paused,
    Suspended,
    Resized,
    Error,
    SoftDeleted,
    Deleted,
}

impl VmState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Active => "active",
            Self::Stopped => "stopped",
            Self::Paused => "paused",
            Self::Suspended => "suspended",
            Self::Resized => "resized",
            Self::Error => "error",
            Self::SoftDeleted => "soft-delete",
            Self::Deleted => "deleted",
        }
    }
}

/// Nova's `task_state`, as far as simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Scheduling,
    Networking,
    Spawning,
    PoweringOff,
    PoweringOn,
    Rebooting,
    RebootingHard,
    ResizePrep,
    SoftDeleting,
    Deleting,
}

impl Task {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Scheduling => "scheduling",
            Self::Networking => "networking",
            Self::Spawning => "spawning",
            Self::PoweringOff => "powering-off",
            Self::PoweringOn => "powering-on",
            Self::Rebooting => "rebooting",
            Self::RebootingHard => "rebooting_hard",
            Self::ResizePrep => "resize_prep",
            Self::SoftDeleting => "soft-deleting",
            Self::Deleting => "deleting",
        }
    }
}

/// One network interface that was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Nic {
    /// A port the client made.
    Port(Uuid),
    /// Nova makes a port here, with a certain address if given.
    Network(Uuid, Option<Ipv4Addr>),
}

/// One volume that a server has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Disk {
    pub(crate) volume: Uuid,
    pub(crate) ends_with_server: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) network: String,
    pub(crate) port: Uuid,
    pub(crate) address: Ipv4Addr,
    pub(crate) mac: String,
}

#[derive(Debug, Clone)]
pub(crate) struct BuildFault {
    pub(crate) code: u16,
    pub(crate) message: String,
    /// For admins only.
    pub(crate) details: String,
    pub(crate) created: Timestamp,
}

/// An instance action with its events.
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) name: &'static str,
    pub(crate) request_id: String,
    pub(crate) user: Arc<str>,
    pub(crate) started: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) is_error: bool,
    pub(crate) events: Vec<ActionEvent>,
}

#[derive(Debug)]
pub(crate) struct ActionEvent {
    pub(crate) name: &'static str,
    pub(crate) started: Timestamp,
    /// When it ended, and well or not.
    pub(crate) finished: Option<(Timestamp, bool)>,
}

/// Who locked a server, and why.
#[derive(Debug)]
pub(crate) struct Lock {
    pub(crate) reason: Option<String>,
    /// Locked from another project, by an administrator: only one of those unlocks it.
    pub(crate) is_admins: bool,
}

/// What POST /servers asks for, checked.
#[derive(Debug, Clone)]
pub(crate) struct ServerSpec {
    pub(crate) name: String,
    pub(crate) hostname: String,
    pub(crate) flavor: Arc<Flavor>,
    pub(crate) image: Option<Uuid>,
    pub(crate) nics: Vec<Nic>,
    /// Its volumes, the root first.
    pub(crate) disks: Vec<Disk>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) zone: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) group: Option<Uuid>,
    pub(crate) security_groups: Vec<String>,
    pub(crate) user_data: Option<Arc<str>>,
    pub(crate) key_name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) config_drive: bool,
}

#[derive(Debug)]
pub(crate) struct Server {
    /// Place in the order of creation; lists are sorted by it, newest first.
    pub(crate) seq: u64,
    pub(crate) id: Uuid,
    pub(crate) project: Arc<str>,
    pub(crate) user: Arc<str>,
    pub(crate) spec: ServerSpec,
    pub(crate) reservation: String,
    pub(crate) launch_index: u32,
    pub(crate) vm_state: VmState,
    pub(crate) task: Option<Task>,
    /// 1 running, 4 shut down, 0 none.
    pub(crate) power_state: u8,
    /// Index of its hypervisor.
    pub(crate) hypervisor: Option<usize>,
    /// The ports that are bound to it.
    pub(crate) ports: Vec<Uuid>,
    /// What Nova has cached of them.
    pub(crate) addresses: Vec<Address>,
    pub(crate) fault: Option<BuildFault>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) launched: Option<Timestamp>,
    pub(crate) terminated: Option<Timestamp>,
    pub(crate) locked: Option<Lock>,
    pub(crate) actions: Vec<Action>,
    /// Its flavor before a resize that is neither confirmed nor reverted.
    pub(crate) resized_from: Option<Arc<Flavor>>,
}

impl Server {
    /// The status that the API shows.
    pub(crate) fn status(&self) -> &'static str {
        match (self.vm_state, self.task) {
            (VmState::Building, _) => "BUILD",
            (VmState::Active, Some(Task::Rebooting)) => "REBOOT",
            (VmState::Active, Some(Task::RebootingHard)) => "HARD_REBOOT",
            (VmState::Active | VmState::Stopped, Some(Task::ResizePrep)) => "RESIZE",
            (VmState::Active, _) => "ACTIVE",
            (VmState::Stopped, _) => "SHUTOFF",
            (VmState::Paused, _) => "PAUSED",
            (VmState::Suspended, _) => "SUSPENDED",
            (VmState::Resized, _) => "VERIFY_RESIZE",
            (VmState::Error, _) => "ERROR",
            (VmState::SoftDeleted, _) => "SOFT_DELETED",
            (VmState::Deleted, _) => "DELETED",
        }
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.vm_state == VmState::Deleted
    }

    /// Begins an instance action; the oldest but the creation is forgotten when there are too many.
    pub(crate) fn begin(&mut self, name: &'static str, request_id: &str, user: &Arc<str>, now: Timestamp) {
        let (request_id, user) = (request_id.to_owned(), user.clone());
        let action = Action { name, request_id, user, started: now, updated: now, is_error: false, events: Vec::new() };
        self.actions.push(action);
        if self.actions.len() > MAX_ACTIONS {
            self.actions.remove(1);
        }
    }

    /// Records an event that was finished within the last action.
    pub(crate) fn record(&mut self, event: &'static str, started: Timestamp, now: Timestamp, is_success: bool) {
        if let Some(action) = self.actions.last_mut() {
            action.events.push(ActionEvent { name: event, started, finished: Some((now, is_success)) });
            action.updated = now;
            action.is_error |= !is_success;
        }
        self.updated = now;
    }
}
