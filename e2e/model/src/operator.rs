//! An operator as the driver's shell is: its copy of the Host, what it remembers, one call under way, and each step done as `control` does it.

use std::sync::Arc;

use gantry_plan::host::{
    self, Absence, Bearer, Deletion, Kind, Ledger, Left, Leftover, Observation, Part, PartsLook, Patience, PortSeen, PostAnswer,
    ServerSeen, Step, Sweep, TokenSeen, Witness, Write,
};
use jiff::{SignedDuration, Timestamp};

use crate::cloud::{Answer, Cloud, PortId, Request, Server, ServerId};
use crate::listing::{list_seen, present, recorded, refresh, standing, strays};
use crate::world::{Object, World, port_name, port_number, server_name, server_number};

/// A lie that a cloud, or a proxy before it, may tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lie {
    /// None: the truth.
    Truth,
    /// A list that shows nothing, or a 404 of what is there.
    Nothing,
}

/// The call that an operator waits for; it does nothing else for this host meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Waits {
    /// The intent is written and POST /servers not sent yet.
    ToPost(PortId),
    /// POST /ports or POST /servers or a DELETE.
    For(Request),
}

/// One operator process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operator {
    /// Its informer's copy of the Host.
    pub view: Option<Arc<Object>>,
    /// What it remembers of the cloud's answers; gone after a crash.
    pub memory: Arc<Observation>,
    /// The newest complete list of servers that bear the Host's UID, and when it was begun.
    pub listed: Option<(Timestamp, Vec<Server>)>,
    /// When POST /ports was last answered unclearly, and how often.
    pub unclear: Option<(Timestamp, u32)>,
    /// Whether it has known the Host since that was written.
    pub witness: Witness,
    /// Since when it acts.
    pub acting_since: Option<Timestamp>,
    /// What it waits for.
    pub waits: Option<Waits>,
}

impl Operator {
    /// A process that has just started and listed.
    pub fn fresh(view: Option<Arc<Object>>) -> Self {
        Self { view, memory: Arc::default(), listed: None, unclear: None, witness: Witness::Later, acting_since: None, waits: None }
    }
}

impl Operator {
    pub(crate) fn memory(&mut self) -> &mut Observation {
        Arc::make_mut(&mut self.memory)
    }
}

/// What the driver would do next, if it is free to do something.
pub fn next_step(world: &World, who: usize, patience: &Patience) -> Option<Step> {
    let mut operator = world.operators[who].clone();
    refresh(&mut operator);
    let object = operator.view.as_ref().filter(|_| operator.waits.is_none())?;
    let mut seen = Observation { patience: patience.clone(), list: list_seen(&operator), ..(*operator.memory).clone() };
    seen.strays = strays(&operator);
    Some(host::next(&object.ledger, &seen, world.now()).1)
}

/// Does a step; `None` if it changes nothing.
pub fn perform(world: &mut World, who: usize, step: &Step, lie: Lie) -> Option<()> {
    let now = world.now();
    world.operators[who].acting_since.get_or_insert(now);
    refresh(&mut world.operators[who]);
    let ledger = world.operators[who].view.as_ref()?.ledger.clone();
    match step {
        Step::AddFinalizer => drop(world.write(who, |ledger| ledger.finalizer = true)),
        Step::EnsurePart(Part::Port(index)) => ensure_port(world, who, *index)?,
        Step::CreateServer => {
            let port = port_number(ledger.parts.ports.first()?);
            if world.record(who, &Write::Intent(now)) {
                world.operators[who].waits = Some(Waits::ToPost(port));
            }
        }
        Step::FindServer => find_server(world, who)?,
        Step::ForgetCreate => {
            if world.record(who, &Write::IntentForgotten) {
                world.operators[who].memory().sweep = Sweep::default();
            }
        }
        Step::LookAtServer => look_at_server(world, who, &ledger.server_id?, lie),
        Step::LookAtPort => look_at_port(world, who, ledger.parts.ports.first()?, &ledger.server_id?),
        Step::RecordActive => drop(world.record(who, &Write::Launched)),
        Step::Fail(failure) => drop(world.record(who, &Write::Failed(failure.clone()))),
        Step::RenewToken => world.operators[who].memory().token = TokenSeen::Live { renewed_at: now },
        Step::DeleteToken => world.operators[who].memory().token = TokenSeen::Gone,
        Step::DeleteServer => send(world, who, Request::DeleteServer(server_number(&ledger.server_id?))),
        Step::DeleteStray(id) => send(world, who, Request::DeleteServer(server_number(id))),
        Step::LookForParts => look_for_parts(world, who, &ledger)?,
        Step::DeletePart(part) => send(world, who, Request::DeletePort(port_number(&part.id))),
        Step::RemoveFinalizer => remove_finalizer(world, who),
        _ => return None,
    }
    Some(())
}

fn send(world: &mut World, who: usize, request: Request) {
    world.cloud.send(request, who as u8);
    world.operators[who].waits = Some(Waits::For(request));
}

/// Looks for the port by its tag; asks for it if it is not there, no earlier answer is open, and nobody has changed the Host.
fn ensure_port(world: &mut World, who: usize, index: usize) -> Option<()> {
    if let Some(id) = world.cloud.ports.first().map(|port| port_name(port.id)) {
        return take_port(world, who, index, id);
    }
    host::may_create_part(world.operators[who].unclear, world.now()).then_some(())?;
    if world.operators[who].view == world.host {
        send(world, who, Request::CreatePort);
    } else {
        world.operators[who].view = world.host.clone();
    }
    Some(())
}

fn take_port(world: &mut World, who: usize, index: usize, id: String) -> Option<()> {
    world.operators[who].unclear = None;
    world.record(who, &Write::Part(Part::Port(index), id));
    Some(())
}

/// POST /servers leaves, if this process still leads; else it is known that nothing was sent.
pub fn post(world: &mut World, who: usize) -> Option<()> {
    let Some(Waits::ToPost(port)) = world.operators[who].waits else { return None };
    world.operators[who].waits = None;
    match usize::from(world.leader) == who {
        true => send(world, who, Request::CreateServer { port }),
        false => posted(world, who, &PostAnswer::NotSent),
    }
    Some(())
}

/// What the answer to POST /servers leads to.
fn posted(world: &mut World, who: usize, answer: &PostAnswer) {
    if *answer == PostAnswer::Unclear {
        let since = Some(world.now());
        world.operators[who].memory().sweep = Sweep { since, ..Sweep::default() };
    }
    for write in host::answered(answer) {
        // The id must be recorded: a lost race is tried again with what is there now.
        if !world.record(who, &write) && matches!(write, Write::Server(_)) {
            world.record(who, &write);
        }
    }
}

/// The answer to a call arrives, or is known to be lost.
pub fn answer(world: &mut World, who: usize, answer: Option<Answer>) {
    let Some(Waits::For(request)) = world.operators[who].waits.take() else { return };
    match request {
        Request::CreatePort => {
            if let Some(Answer::Port(id)) = answer {
                let index = world.operators[who].view.as_ref().map_or(0, |object| object.ledger.parts.ports.len());
                take_port(world, who, index, port_name(id));
            } else {
                let answers = world.operators[who].unclear.map_or(0, |(_, answers)| answers);
                world.operators[who].unclear = Some((world.now(), answers + 1));
            }
        }
        Request::CreateServer { .. } => posted(world, who, &post_answer(answer)),
        Request::DeleteServer(id) => delete_answered(world, who, id, answer),
        Request::DeletePort(id) => {
            let now = world.now();
            let left = world.operators[who].memory().parts_left.iter_mut().flatten().find(|left| left.what.id == port_name(id));
            left.into_iter().for_each(|left| told(&mut left.deletion, answer, now));
        }
    }
}

/// A conflict over the port does not say whose server has it: unclear.
fn post_answer(answer: Option<Answer>) -> PostAnswer {
    match answer {
        Some(Answer::Server(id)) => PostAnswer::Created(server_name(id)),
        _ => PostAnswer::Unclear,
    }
}

fn delete_answered(world: &mut World, who: usize, id: ServerId, answer: Option<Answer>) {
    let (now, operator) = (world.now(), &mut world.operators[who]);
    let recorded = recorded(operator);
    if recorded == Some(server_name(id)) {
        let memory = operator.memory();
        told(&mut memory.deletion, answer, now);
        if answer == Some(Answer::NotFound) {
            not_found(memory, now);
        }
    }
    if recorded.is_some() && recorded != Some(server_name(id)) {
        let remembered = strays(operator);
        let memory = operator.memory();
        memory.strays = remembered;
        memory.strays.iter_mut().filter(|stray| stray.id == server_name(id)).for_each(|stray| told(&mut stray.deletion, answer, now));
    }
}

fn told(deletion: &mut Deletion, answer: Option<Answer>, now: Timestamp) {
    match answer {
        Some(Answer::Done) => deletion.accept(now),
        Some(Answer::NotFound) => deletion.miss(now),
        _ => deletion.refuse(now, "refused"),
    }
}

fn not_found(memory: &mut Observation, now: Timestamp) {
    let before = match &memory.server {
        ServerSeen::Absent(absence) => Some(absence.clone()),
        _ => None,
    };
    memory.server = ServerSeen::Absent(Absence::again(before.as_ref(), now));
    memory.server_at = Some(now);
}

fn find_server(world: &mut World, who: usize) -> Option<()> {
    let list = list_seen(&world.operators[who])?;
    let at_port = if list.bearers.is_empty() { bearer_at_port(world, who) } else { None };
    match host::found(&world.operators[who].memory.sweep, &list, at_port.as_ref()) {
        Ok(write) => drop(world.record(who, &write)),
        Err(sweep) if sweep == world.operators[who].memory.sweep => return None,
        Err(sweep) => world.operators[who].memory().sweep = sweep,
    }
    Some(())
}

fn bearer_at_port(world: &World, who: usize) -> Option<Bearer> {
    let port = world.operators[who].view.as_ref()?.ledger.parts.ports.first().map(|id| port_number(id))?;
    let device = device(&world.cloud, port)?;
    let server = world.cloud.servers.iter().find(|server| server.id == device)?;
    Some(Bearer { id: server_name(server.id), standing: standing(server.state) })
}

fn device(cloud: &Cloud, port: PortId) -> Option<ServerId> {
    cloud.ports.iter().find(|known| known.id == port).and_then(|port| port.device)
}

fn look_at_server(world: &mut World, who: usize, id: &str, lie: Lie) {
    let now = world.now();
    let found = world.cloud.servers.iter().find(|server| server_name(server.id) == id && lie == Lie::Truth).copied();
    let memory = world.operators[who].memory();
    match found {
        Some(server) => (memory.server, memory.server_at) = (present(server.state), Some(now)),
        None => not_found(memory, now),
    }
}

fn look_at_port(world: &mut World, who: usize, port: &str, server: &str) {
    let (now, device) = (world.now(), device(&world.cloud, port_number(port)));
    let memory = world.operators[who].memory();
    memory.port = match (&memory.port, device) {
        (_, Some(device)) if server_name(device) == server => PortSeen::Ours,
        (PortSeen::Lost(absence, why), _) => PortSeen::Lost(Absence::again(Some(absence), now), why.clone()),
        _ => PortSeen::Lost(Absence::again(None, now), "x".into()),
    };
}

fn look_for_parts(world: &mut World, who: usize, ledger: &Ledger) -> Option<()> {
    let found: Vec<Leftover> = world.cloud.ports.iter().map(|port| Leftover { kind: Kind::Port, id: port_name(port.id) }).collect();
    let (begun, operator) = (world.now(), &mut world.operators[who]);
    let acting_since = *operator.acting_since.get_or_insert(begun);
    let look = PartsLook { witness: operator.witness, unclear: operator.unclear, acting_since, begun };
    if !host::is_all(ledger, &found, &look) {
        return Some(());
    }
    let left = host::to_delete(ledger, found, false).into_iter().map(|what| Left { what, deletion: Deletion::default() }).collect();
    world.operators[who].memory().parts_left = Some(left);
    Some(())
}

fn remove_finalizer(world: &mut World, who: usize) {
    let deleting = world.host.as_ref().is_some_and(|host| host.ledger.deleting);
    if world.write(who, |ledger| ledger.finalizer = false) && deleting {
        world.host = None;
        world.operators[who].view = None;
    }
}

/// A patience that has run out for the stage that the operator sees.
pub fn impatient(world: &World, who: usize) -> Option<Patience> {
    let ledger = &world.operators[who].view.as_ref()?.ledger;
    Some(Patience::of(ledger.stage(), SignedDuration::from_hours(1)))
}
