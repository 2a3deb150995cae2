//! What may happen, and what may never be: the model that the checker walks through.

use std::sync::Arc;

use gantry_plan::host::{Ledger, Patience, Step, Wanted};
use stateright::{Model, Property};

use crate::cloud::{ServerId, State};
use crate::listing;
use crate::operator::{self, Lie, Operator, Waits};
use crate::world::{World, is_overdue, server_name};

/// How far it goes.
#[derive(Clone, Copy, Debug)]
pub struct Protocol {
    /// Ticks of half a minute.
    pub ticks: u8,
    /// Faults in one history.
    pub faults: u8,
    /// Servers and ports that are made at most in one history: more of them show nothing new.
    pub made: u8,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Time passes.
    Tick,
    /// An operator does its next step.
    Work(u8),
    /// The same, with patience run out.
    GiveUp(u8),
    /// The same, and what it reads is a lie.
    WorkDeceived(u8),
    /// POST /servers leaves.
    Post(u8),
    /// The observer lists the servers.
    List(u8),
    /// The list shows nothing.
    ListNothing(u8),
    /// The informer catches up.
    Watch(u8),
    /// A request takes effect and is answered.
    Deliver(u8),
    /// It takes effect, and the answer is lost.
    LoseAnswer(u8),
    /// It takes effect twice.
    DeliverTwice(u8),
    /// It never arrives.
    LoseRequest(u8),
    /// Nobody waits for it any more; it is still on the way.
    TimeOut(u8),
    /// A build ends.
    Built(ServerId),
    /// A build ends in ERROR, and its clean-up strips the port.
    BuiltAndStripped(ServerId),
    /// kill -9, and a new process.
    Crash(u8),
    /// The other operator takes the lease.
    TakeOver,
    /// Somebody lets the Host go.
    LetGo,
    /// Somebody deletes a server in OpenStack.
    Vanish(ServerId),
}

use Action::*;

impl Protocol {
    fn deliveries(world: &World, actions: &mut Vec<Action>) {
        for (index, flying) in world.cloud.flying.iter().enumerate() {
            let index = index as u8;
            actions.push(Deliver(index));
            if world.faults == 0 {
                continue;
            }
            if flying.from.is_some() {
                actions.extend([LoseAnswer(index), TimeOut(index)]);
            }
            actions.push(LoseRequest(index));
            if flying.request.creates() {
                actions.push(DeliverTwice(index));
            }
        }
    }

    fn work(world: &World, actions: &mut Vec<Action>) {
        for who in 0..2u8 {
            let operator = &world.operators[usize::from(who)];
            if matches!(operator.waits, Some(Waits::ToPost(_))) {
                actions.push(Post(who));
            }
            // A follower's copy may be as old as it likes when it takes over.
            if operator.view != world.host && (world.leader == who || operator.waits.is_some()) {
                actions.push(Watch(who));
            }
            if world.leader == who {
                actions.extend([Work(who), GiveUp(who), List(who)]);
                if world.faults > 0 {
                    actions.extend([WorkDeceived(who), ListNothing(who)]);
                }
            }
            if world.faults > 0 && (operator.waits.is_some() || *operator != Operator::fresh(world.host.clone())) {
                actions.push(Crash(who));
            }
        }
    }

    fn others(world: &World, actions: &mut Vec<Action>) {
        for server in &world.cloud.servers {
            if server.state == State::Build {
                actions.extend([Built(server.id), BuiltAndStripped(server.id)]);
            }
            if world.faults > 0 {
                actions.push(Vanish(server.id));
            }
        }
        if world.faults > 0 {
            actions.push(TakeOver);
        }
        if world.host.as_ref().is_some_and(|host| !host.ledger.deleting) {
            actions.push(LetGo);
        }
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let wanted = Wanted { ports: 1, ..Wanted::default() };
        vec![World::new(Ledger { finalizer: true, wanted, ..Ledger::default() }, self.faults)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if world.tick < self.ticks {
            actions.push(Tick);
        }
        Self::work(world, actions);
        Self::deliveries(world, actions);
        Self::others(world, actions);
    }

    fn next_state(&self, before: &World, action: Action) -> Option<World> {
        let mut world = before.clone();
        act(&mut world, action)?;
        (world != *before).then_some(world)
    }

    fn within_boundary(&self, world: &World) -> bool {
        world.cloud.servers_made <= self.made && world.cloud.ports_made <= self.made
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("I1: never two ACTIVE servers of one Host", |_, world: &World| world.cloud.active() <= 1),
            Property::always("I2: a Host that is gone leaves no server, no port, no request", |_, world: &World| {
                world.host.is_some() || world.left_to_sweep || is_empty(world)
            }),
            Property::always("I3: no server is deleted that nobody let go", |_, world: &World| !world.broken.unasked),
            Property::always("the ledger never replaces an id that it holds", |_, world: &World| !world.broken.replaced),
            Property::sometimes("a server is ACTIVE and recorded", |_, world: &World| launched(world)),
            Property::sometimes("two servers of one Host race for its port", |_, world: &World| world.cloud.servers.len() > 1),
            Property::sometimes("a creation is given up and asked for again", |_, world: &World| {
                world.host.as_ref().is_some_and(|host| host.ledger.create_attempts > 0 && host.ledger.server_id.is_some())
            }),
            Property::sometimes("a Host that fails", |_, world: &World| {
                world.host.as_ref().is_some_and(|host| host.ledger.failed.is_some())
            }),
            Property::sometimes("a Host goes, and everything with it", |_, world: &World| {
                world.host.is_none() && world.cloud.servers_made > 0 && is_empty(world)
            }),
        ]
    }
}

fn is_empty(world: &World) -> bool {
    world.cloud.servers.is_empty()
        && world.cloud.ports.is_empty()
        && !world.cloud.flying.iter().any(|flying| flying.request.creates() && !is_overdue(flying))
}

/// Whether there is a server that the Host does not record.
fn hides_a_stranger(world: &World) -> bool {
    let recorded = world.host.as_ref().and_then(|host| host.ledger.server_id.clone());
    world.cloud.servers.iter().any(|server| recorded != Some(server_name(server.id)))
}

fn launched(world: &World) -> bool {
    world.host.as_ref().is_some_and(|host| host.ledger.launched)
}

fn act(world: &mut World, action: Action) -> Option<()> {
    match action {
        Tick => world.advance(),
        Work(who) => work(world, who, &Patience::default())?,
        GiveUp(who) => {
            let patience = operator::impatient(world, usize::from(who))?;
            work(world, who, &patience)?;
        }
        WorkDeceived(who) => {
            let step = operator::next_step(world, usize::from(who), &Patience::default())?;
            (step == Step::LookAtServer).then_some(())?;
            world.faults -= 1;
            operator::perform(world, usize::from(who), &step, Lie::Nothing)?;
        }
        Post(who) => operator::post(world, usize::from(who))?,
        List(who) => listing::list(world, usize::from(who), Lie::Truth),
        ListNothing(who) => {
            world.faults -= 1;
            world.left_to_sweep |= hides_a_stranger(world);
            listing::list(world, usize::from(who), Lie::Nothing);
        }
        Watch(who) => world.operators[usize::from(who)].view = world.host.clone(),
        Deliver(_) | LoseAnswer(_) | DeliverTwice(_) | LoseRequest(_) | TimeOut(_) => deliver(world, action)?,
        Built(id) => world.cloud.built(id),
        BuiltAndStripped(id) => {
            world.cloud.built(id);
            let failed = world.cloud.servers.iter().any(|server| server.id == id && server.state == State::Error);
            failed.then(|| world.cloud.strip(id))?;
        }
        Crash(who) => {
            world.faults -= 1;
            start_anew(world, who);
        }
        TakeOver => {
            world.faults -= 1;
            world.leader = 1 - world.leader;
            // A process that lost the lease finishes what is under way and ends: it never leads again.
            if world.operators[usize::from(world.leader)].acting_since.is_some() {
                start_anew(world, world.leader);
            }
        }
        LetGo => {
            let host = Arc::make_mut(world.host.as_mut()?);
            (host.ledger.deleting, host.version) = (true, host.version + 1);
        }
        Vanish(id) => {
            world.faults -= 1;
            world.cloud.delete_server(id);
        }
    }
    Some(())
}

/// A new process in this place; nobody hears what the old one waits for.
fn start_anew(world: &mut World, who: u8) {
    world.operators[usize::from(who)] = Operator::fresh(world.host.clone());
    world.cloud.flying.iter_mut().filter(|flying| flying.from == Some(who)).for_each(|flying| flying.from = None);
    world.cloud.flying.sort_unstable();
}

fn work(world: &mut World, who: u8, patience: &Patience) -> Option<()> {
    let step = operator::next_step(world, usize::from(who), patience)?;
    operator::perform(world, usize::from(who), &step, Lie::Truth)
}

/// What becomes of a request that is on the way.
fn deliver(world: &mut World, action: Action) -> Option<()> {
    let (Deliver(index) | LoseAnswer(index) | DeliverTwice(index) | LoseRequest(index) | TimeOut(index)) = action else { return None };
    let flying = *world.cloud.flying.get(usize::from(index))?;
    if action != Deliver(index) {
        world.faults -= 1;
    }
    if action == TimeOut(index) {
        world.cloud.flying[usize::from(index)].from = None;
        world.cloud.flying.sort_unstable();
    } else {
        world.cloud.flying.remove(usize::from(index));
    }
    let told = match action {
        Deliver(_) => Some(world.apply(flying)),
        LoseAnswer(_) => {
            world.apply(flying);
            None
        }
        DeliverTwice(_) => {
            let first = world.apply(flying);
            world.apply(flying);
            Some(first)
        }
        _ => None,
    };
    if let Some(who) = flying.from {
        operator::answer(world, usize::from(who), told);
    }
    Some(())
}
