//! What the Host object records: the write-ahead log, and the only ways in which it changes.

use jiff::Timestamp;

/// A thing beside the server that a host is made of, as the spec names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The server group, shared with other hosts of the pool.
    ServerGroup,
    /// The port of this index in the spec.
    Port(usize),
    /// The root volume.
    Volume,
    /// The floating IP of the first port. Before the server, so that a used-up quota fails early.
    FloatingIp,
}

/// What a part is, in the order of deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Neutron floating IP.
    FloatingIp,
    /// Cinder volume.
    Volume,
    /// Neutron port.
    Port,
    /// Nova server group.
    ServerGroup,
}

impl Part {
    /// What it is.
    pub fn kind(self) -> Kind {
        match self {
            Self::ServerGroup => Kind::ServerGroup,
            Self::Port(_) => Kind::Port,
            Self::Volume => Kind::Volume,
            Self::FloatingIp => Kind::FloatingIp,
        }
    }
}

impl Kind {
    /// The word for sentences.
    pub fn word(self) -> &'static str {
        match self {
            Self::FloatingIp => "floating IP",
            Self::Volume => "root volume",
            Self::Port => "port",
            Self::ServerGroup => "server group",
        }
    }
}

/// A part by its OpenStack id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leftover {
    /// What it is.
    pub kind: Kind,
    /// OpenStack id.
    pub id: String,
}

/// What becomes of the root volume when the host goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnDelete {
    /// Deleted.
    Delete,
    /// Kept, if the server ever ran on it.
    Keep,
}

/// The parts that the spec asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// A server group.
    pub server_group: bool,
    /// So many ports.
    pub ports: usize,
    /// A root volume.
    pub volume: Option<OnDelete>,
    /// A floating IP.
    pub floating_ip: bool,
}

/// Ids of the parts that exist.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Recorded {
    /// Server group.
    pub server_group: Option<String>,
    /// Ports in the spec's order.
    pub ports: Vec<String>,
    /// Root volume.
    pub volume: Option<String>,
    /// Floating IP.
    pub floating_ip: Option<String>,
}

/// Why a host cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Failure {
    /// CamelCase, stable.
    pub reason: String,
    /// In words.
    pub message: String,
}

impl Failure {
    /// A failure in words.
    pub fn new(reason: &str, message: impl Into<String>) -> Self {
        Self { reason: reason.into(), message: message.into() }
    }
}

/// What the Host object records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ledger {
    /// Whether the Host is being deleted.
    pub deleting: bool,
    /// Whether our finalizer is on it.
    pub finalizer: bool,
    /// The parts that the spec asks for.
    pub wanted: Wanted,
    /// The parts that exist.
    pub parts: Recorded,
    /// When POST /servers was about to be sent; since then a server may exist. Another process with another clock may have written
    /// it: only that it is there counts.
    pub create_sent_at: Option<Timestamp>,
    /// Unclear creations that were given up.
    pub create_attempts: u32,
    /// The server.
    pub server_id: Option<String>,
    /// Whether its server was seen ACTIVE.
    pub launched: bool,
    /// Whether its node registered.
    pub joined: bool,
    /// Why it cannot go on.
    pub failed: Option<Failure>,
}

/// A change of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Write {
    /// The part exists and has this id.
    Part(Part, String),
    /// POST /servers is about to be sent.
    Intent(Timestamp),
    /// POST /servers was not sent, or was refused: nothing exists.
    IntentTakenBack,
    /// Nobody can say what came of POST /servers, and nothing shows up: it is taken for lost.
    IntentForgotten,
    /// The server has this id.
    Server(String),
    /// The server was seen ACTIVE.
    Launched,
    /// The node registered.
    Joined,
    /// The host cannot go on.
    Failed(Failure),
}

/// Where a host is, as far as deadlines go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Its parts are being made.
    #[default]
    Parts,
    /// POST /servers may have been sent; no id is known.
    Asking,
    /// Nova builds the server.
    Building,
    /// ACTIVE; no node yet.
    Joining,
    /// Its node registered.
    Joined,
    /// It cannot go on, or is being deleted.
    Ending,
}

impl Ledger {
    /// The ledger after this change: what the operator writes and what the model checks. A recorded id is never replaced.
    pub fn apply(&mut self, write: &Write) {
        match write {
            Write::Part(part, id) => self.parts.record(*part, id),
            Write::Intent(at) => self.create_sent_at = Some(*at),
            Write::IntentTakenBack => self.create_sent_at = None,
            Write::IntentForgotten => {
                self.create_sent_at = None;
                self.create_attempts = self.create_attempts.saturating_add(1);
            }
            Write::Server(id) => once(&mut self.server_id, id),
            Write::Launched => self.launched = true,
            Write::Joined => self.joined = true,
            Write::Failed(failure) => self.failed = Some(failure.clone()),
        }
    }

    /// Where the host is.
    pub fn stage(&self) -> Stage {
        match self {
            _ if self.deleting || self.failed.is_some() => Stage::Ending,
            _ if self.joined => Stage::Joined,
            _ if self.launched => Stage::Joining,
            _ if self.server_id.is_some() => Stage::Building,
            _ if self.create_sent_at.is_some() => Stage::Asking,
            _ => Stage::Parts,
        }
    }

    /// Whether the root volume outlives the host: asked for, and a server ran on it. One of a creation that failed holds nothing.
    pub fn keeps_volume(&self) -> bool {
        self.wanted.volume == Some(OnDelete::Keep) && self.launched
    }

    /// The first part that is wanted and not there yet.
    pub(super) fn missing_part(&self) -> Option<Part> {
        let parts = &self.parts;
        let missing = [
            (self.wanted.server_group && parts.server_group.is_none()).then_some(Part::ServerGroup),
            (parts.ports.len() < self.wanted.ports).then_some(Part::Port(parts.ports.len())),
            (self.wanted.volume.is_some() && parts.volume.is_none()).then_some(Part::Volume),
            (self.wanted.floating_ip && parts.floating_ip.is_none()).then_some(Part::FloatingIp),
        ];
        missing.into_iter().flatten().next()
    }
}

fn once(place: &mut Option<String>, id: &str) {
    if place.is_none() {
        *place = Some(id.into());
    }
}

impl Recorded {
    fn record(&mut self, part: Part, id: &str) {
        match part {
            Part::Port(index) if self.ports.len() == index => self.ports.push(id.into()),
            Part::Port(_) => {}
            Part::ServerGroup => once(&mut self.server_group, id),
            Part::Volume => once(&mut self.volume, id),
            Part::FloatingIp => once(&mut self.floating_ip, id),
        }
    }

    /// The parts of this host alone, the recorded server group too, in the order of deletion.
    pub fn all(&self) -> Vec<Leftover> {
        let one = |kind, id: &Option<String>| id.iter().map(|id| Leftover { kind, id: id.clone() }).collect::<Vec<_>>();
        let ports = self.ports.iter().map(|id| Leftover { kind: Kind::Port, id: id.clone() });
        let mut all = one(Kind::FloatingIp, &self.floating_ip);
        all.extend(one(Kind::Volume, &self.volume));
        all.extend(ports);
        all.extend(one(Kind::ServerGroup, &self.server_group));
        all
    }
}
