//! A small OpenStack: servers, ports, and requests that are on the way, be it for a long time or twice.

/// A server's number; its id is this in words.
pub type ServerId = u8;
/// A port's number.
pub type PortId = u8;

/// How far a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Accepted.
    Build,
    /// Runs.
    Active,
    /// Failed.
    Error,
}

/// A server that bears our host's UID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Server {
    /// Its id.
    pub id: ServerId,
    /// How far it is.
    pub state: State,
    /// The port that it was asked for with.
    pub port: PortId,
}

/// A port that bears our host's UID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port {
    /// Its id.
    pub id: PortId,
    /// The server that it is bound to.
    pub device: Option<ServerId>,
}

/// A request that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Request {
    /// POST /ports.
    CreatePort,
    /// POST /servers.
    CreateServer {
        /// The port that it is to have.
        port: PortId,
    },
    /// DELETE of a server.
    DeleteServer(ServerId),
    /// DELETE of a port.
    DeletePort(PortId),
}

impl Request {
    /// Whether a second one makes a second thing.
    pub fn creates(self) -> bool {
        matches!(self, Self::CreatePort | Self::CreateServer { .. })
    }
}

/// What a request is answered with, if it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// 201, the port's id.
    Port(PortId),
    /// 202, the server's id.
    Server(ServerId),
    /// 204.
    Done,
    /// Nova's or Neutron's own 404.
    NotFound,
    /// Surely nothing was created: the port is not there, or is in use.
    Refused,
}

/// A request that has left an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flying {
    /// The request.
    pub request: Request,
    /// Who waits for the answer; nobody after a crash or a time-out.
    pub from: Option<u8>,
    /// Ticks since it left, up to [`AGE_LAST`].
    pub age: u8,
}

/// Older than this is as old as this.
pub const AGE_LAST: u8 = 3;

/// The cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cloud {
    /// Servers that exist, by id.
    pub servers: Vec<Server>,
    /// Ports that exist, by id.
    pub ports: Vec<Port>,
    /// Requests on the way, sorted: which of two equal ones is which does not matter.
    pub flying: Vec<Flying>,
    /// Servers made so far.
    pub servers_made: u8,
    /// Ports made so far.
    pub ports_made: u8,
}

impl Cloud {
    /// A request leaves.
    pub fn send(&mut self, request: Request, from: u8) {
        self.flying.push(Flying { request, from: Some(from), age: 0 });
        self.flying.sort_unstable();
    }

    /// A tick passes.
    pub fn age(&mut self) {
        self.flying.iter_mut().for_each(|flying| flying.age = (flying.age + 1).min(AGE_LAST));
    }

    /// The request takes effect.
    pub fn apply(&mut self, request: Request) -> Answer {
        match request {
            Request::CreatePort => {
                let id = self.ports_made;
                self.ports_made += 1;
                self.ports.push(Port { id, device: None });
                Answer::Port(id)
            }
            Request::CreateServer { port } => self.create_server(port),
            Request::DeleteServer(id) => self.delete_server(id),
            Request::DeletePort(id) => self.delete_port(id),
        }
    }

    /// The API refuses a port that is bound; two that ask for one that is not bound yet are both accepted.
    fn create_server(&mut self, port: PortId) -> Answer {
        if !self.ports.iter().any(|known| known.id == port && known.device.is_none()) {
            return Answer::Refused;
        }
        let id = self.servers_made;
        self.servers_made += 1;
        self.servers.push(Server { id, state: State::Build, port });
        Answer::Server(id)
    }

    /// A server that goes leaves its port, unbound.
    pub fn delete_server(&mut self, id: ServerId) -> Answer {
        if !self.servers.iter().any(|server| server.id == id) {
            return Answer::NotFound;
        }
        self.servers.retain(|server| server.id != id);
        self.unbind(|device| device == id);
        Answer::Done
    }

    /// Neutron refuses to delete a bound port.
    fn delete_port(&mut self, id: PortId) -> Answer {
        match self.ports.iter().find(|port| port.id == id) {
            None => Answer::NotFound,
            Some(port) if port.device.is_some() => Answer::Refused,
            Some(_) => {
                self.ports.retain(|port| port.id != id);
                Answer::Done
            }
        }
    }

    /// A build comes to its end: with the port if that is free, else in ERROR.
    pub fn built(&mut self, id: ServerId) {
        let Some(port) = self.servers.iter().find(|server| server.id == id).map(|server| server.port) else { return };
        let free = self.ports.iter().any(|known| known.id == port && known.device.is_none());
        if free {
            self.ports.iter_mut().filter(|known| known.id == port).for_each(|known| known.device = Some(id));
        }
        let state = if free { State::Active } else { State::Error };
        self.servers.iter_mut().filter(|server| server.id == id).for_each(|server| server.state = state);
    }

    /// The clean-up of a build that failed takes the port away from whoever has it (recorded: 6 of 6 races).
    pub fn strip(&mut self, loser: ServerId) {
        if let Some(port) = self.servers.iter().find(|server| server.id == loser).map(|server| server.port) {
            self.ports.iter_mut().filter(|known| known.id == port).for_each(|known| known.device = None);
        }
    }

    fn unbind(&mut self, bound_to: impl Fn(ServerId) -> bool) {
        self.ports.iter_mut().filter(|port| port.device.is_some_and(&bound_to)).for_each(|port| port.device = None);
    }

    /// Servers that run.
    pub fn active(&self) -> usize {
        self.servers.iter().filter(|server| server.state == State::Active).count()
    }
}
