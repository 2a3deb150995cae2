//! The observer's lists, and what follows from them for the Host as it is recorded now.

use gantry_plan::host::{Bearer, Failure, ListSeen, ServerSeen, ServerState, Standing, Stray};

use crate::cloud::{Server, State};
use crate::operator::{Lie, Operator};
use crate::world::{World, server_name};

/// The observer's complete list of servers.
pub fn list(world: &mut World, who: usize, lie: Lie) {
    let now = world.now();
    let shown: Vec<Server> = if lie == Lie::Truth { world.cloud.servers.clone() } else { vec![] };
    let operator = &mut world.operators[who];
    operator.listed = Some((now, shown));
    let remembered = strays(operator);
    operator.memory().strays = remembered;
    refresh(operator);
}

/// Takes over what the newest list shows of the recorded server, if that was asked for before.
pub(crate) fn refresh(operator: &mut Operator) {
    let (Some(id), Some((begun, servers))) = (recorded(operator), operator.listed.clone()) else { return };
    let newer = operator.memory.server_at.is_none_or(|at| begun > at);
    if let Some(server) = servers.iter().find(|server| newer && server_name(server.id) == id) {
        let memory = operator.memory();
        (memory.server, memory.server_at) = (present(server.state), Some(begun));
    }
}

pub(crate) fn recorded(operator: &Operator) -> Option<String> {
    operator.view.as_ref().and_then(|object| object.ledger.server_id.clone())
}

/// The newest list, as it is about the Host as it is now.
pub(crate) fn list_seen(operator: &Operator) -> Option<ListSeen> {
    let (begun, servers) = operator.listed.clone()?;
    let bearers: Vec<Bearer> =
        servers.iter().map(|server| Bearer { id: server_name(server.id), standing: standing(server.state) }).collect();
    let shows_recorded = recorded(operator).is_some_and(|id| bearers.iter().any(|bearer| bearer.id == id));
    Some(ListSeen { begun, shows_recorded, bearers })
}

/// Servers of this Host beside the recorded one: those that the newest list shows, and those that an earlier one showed and that are not proved gone.
pub(crate) fn strays(operator: &Operator) -> Vec<Stray> {
    let Some(own) = recorded(operator) else { return vec![] };
    let shown: Vec<String> = operator.listed.iter().flat_map(|(_, servers)| servers).map(|server| server_name(server.id)).collect();
    let known = |id: &String| operator.memory.strays.iter().find(|stray| stray.id == *id);
    let listed =
        shown.iter().map(|id| Stray { id: id.clone(), shown: true, deletion: known(id).map(|s| s.deletion.clone()).unwrap_or_default() });
    let earlier =
        operator.memory.strays.iter().filter(|stray| !shown.contains(&stray.id)).map(|stray| Stray { shown: false, ..stray.clone() });
    listed.chain(earlier).filter(|stray| stray.id != own && !stray.is_gone()).collect()
}

pub(crate) fn standing(state: State) -> Standing {
    match state {
        State::Build => Standing::Coming,
        State::Active => Standing::Active,
        State::Error => Standing::Failed,
    }
}

pub(crate) fn present(state: State) -> ServerSeen {
    let state = match state {
        State::Build => ServerState::Build,
        State::Active => ServerState::Active,
        State::Error => ServerState::Error(Failure::new("ServerError", "x")),
    };
    ServerSeen::Present { state, task: None, address: None }
}
