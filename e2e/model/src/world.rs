//! The whole: one Host object, a cloud, two operators, time in ticks, and a number of faults that may still happen.

use std::sync::Arc;

use gantry_plan::host::{Ledger, Witness, Write};
use jiff::{SignedDuration, Timestamp};

use crate::cloud::{Answer, Cloud, Flying, Request};
use crate::operator::Operator;

/// How long a tick is: half of the first wait after an unclear answer.
pub const TICK: SignedDuration = SignedDuration::from_secs(30);

/// The Host object as the API server keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Object {
    /// resourceVersion.
    pub version: u8,
    /// Spec and status, as far as the driver reads them.
    pub ledger: Ledger,
}

/// What may not be, kept once it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Broken {
    /// The recorded server was deleted by us although nobody let the Host go.
    pub unasked: bool,
    /// A recorded id was replaced.
    pub replaced: bool,
}

/// One state of the world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// Ticks since the Host was written.
    pub tick: u8,
    /// The Host object; `None` once its finalizer is gone.
    pub host: Option<Arc<Object>>,
    /// OpenStack.
    pub cloud: Cloud,
    /// The operators.
    pub operators: [Operator; 2],
    /// Which of them holds the lease.
    pub leader: u8,
    /// Faults that may still happen.
    pub faults: u8,
    /// What may be left is the sweep's: a creation took effect so late that nobody can have waited for it, or a list hid a server that
    /// nobody had recorded.
    pub left_to_sweep: bool,
    /// What may not be.
    pub broken: Broken,
}

/// The wall clock at a tick.
pub fn time(tick: u8) -> Timestamp {
    Timestamp::UNIX_EPOCH + TICK * i32::from(tick)
}

impl World {
    /// A Host that was just written, and a leader that knows it.
    pub fn new(ledger: Ledger, faults: u8) -> Self {
        let host = Arc::new(Object { version: 0, ledger });
        let stands_by = Operator::fresh(Some(host.clone()));
        let leads = Operator { witness: Witness::FromBirth, acting_since: Some(time(0)), ..stands_by.clone() };
        Self {
            tick: 0,
            host: Some(host),
            cloud: Cloud::default(),
            operators: [leads, stands_by],
            leader: 0,
            faults,
            left_to_sweep: false,
            broken: Broken::default(),
        }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        time(self.tick)
    }

    /// A tick passes.
    pub fn advance(&mut self) {
        self.tick += 1;
        self.cloud.age();
    }

    /// A write by an operator: taken only against the version that it has seen; the operator then knows the newest.
    pub fn write(&mut self, who: usize, change: impl FnOnce(&mut Ledger)) -> bool {
        let seen = self.operators[who].view.as_ref().map(|object| object.version);
        let accepted = match &mut self.host {
            Some(host) if Some(host.version) == seen => {
                let before = host.clone();
                let host = Arc::make_mut(host);
                change(&mut host.ledger);
                host.version += 1;
                self.broken.replaced |= replaced(&before.ledger, &host.ledger);
                true
            }
            _ => false,
        };
        self.operators[who].view = self.host.clone();
        accepted
    }

    /// The same, of a change by name.
    pub fn record(&mut self, who: usize, write: &Write) -> bool {
        self.write(who, |ledger| ledger.apply(write))
    }

    /// A request takes effect.
    pub fn apply(&mut self, flying: Flying) -> Answer {
        if let (Request::DeleteServer(id), Some(host)) = (flying.request, &self.host) {
            self.broken.unasked |= !host.ledger.deleting && host.ledger.server_id == Some(server_name(id));
        }
        self.left_to_sweep |= is_overdue(&flying);
        self.cloud.apply(flying.request)
    }
}

/// Whether a creation has been on the way for longer than it is waited for.
pub fn is_overdue(flying: &Flying) -> bool {
    flying.request.creates() && TICK * i32::from(flying.age) >= gantry_plan::host::AMBIGUOUS_GRACE
}

fn replaced(before: &Ledger, after: &Ledger) -> bool {
    let changed = |old: &Option<String>, new: &Option<String>| old.is_some() && old != new;
    changed(&before.server_id, &after.server_id) || !after.parts.ports.starts_with(&before.parts.ports)
}

/// Nova's id of a server.
pub fn server_name(id: u8) -> String {
    format!("s{id}")
}

/// The server behind an id.
pub fn server_number(id: &str) -> u8 {
    id.trim_start_matches('s').parse().unwrap_or(u8::MAX)
}

/// Neutron's id of a port.
pub fn port_name(id: u8) -> String {
    format!("p{id}")
}

/// The port behind an id.
pub fn port_number(id: &str) -> u8 {
    id.trim_start_matches('p').parse().unwrap_or(u8::MAX)
}
