//! How long the planner may think: usually, in units of work, or by the clock.

use std::time::{Duration, Instant};

use gantry_plan::effort::Effort;
use gantry_plan::model::{Offering, Snapshot};
use gantry_plan::{Command, Plan, Unplaced, plan_with};

use super::input::Blind;

/// How much thought a plan gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thought {
    /// As in the operator.
    Usual,
    /// So many units of work, each about a microsecond: the same units give the same plan.
    Units(u64),
    /// Until the time is up; the best plan so far is the answer.
    For(Duration),
}

/// Plans. `tick` is called now and then while time runs.
pub fn think(snapshot: &Snapshot, thought: Thought, mut tick: impl FnMut()) -> Plan {
    let started = Instant::now();
    match thought {
        Thought::Usual => plan_with(snapshot, &mut Effort::default()),
        Thought::Units(units) => plan_with(snapshot, &mut Effort::units(units)),
        Thought::For(limit) => {
            let go_on = || {
                tick();
                started.elapsed() < limit
            };
            plan_with(snapshot, &mut Effort::while_true(u64::MAX, go_on))
        }
    }
}

/// Leaves out of a plan what would rest on something that is not known. The pods that hosts are not bought for are told why.
pub fn restrain(plan: &mut Plan, blind: &Blind, snapshot: &Snapshot) {
    let (kept, left_out): (Vec<_>, Vec<_>) = std::mem::take(&mut plan.commands).into_iter().partition(|command| match command {
        Command::CreateHost { .. } => blind.to_buy.is_none(),
        Command::DeleteHost { .. } => blind.to_delete.is_none(),
    });
    plan.commands = kept;
    for command in left_out {
        match command {
            Command::CreateHost { pods, price_micro, .. } => {
                plan.cost.after_micro -= price_micro;
                let why = blind.to_buy.clone().unwrap_or_default();
                let unplaced = |pod| Unplaced { pod, uid: String::new(), reasons: vec![(None, why.clone())] };
                plan.unplaced.extend(pods.into_iter().map(unplaced));
            }
            Command::DeleteHost { host, .. } => {
                let found = snapshot.hosts.iter().find(|one| one.key == host);
                plan.cost.after_micro += found.and_then(|host| offering(snapshot, host)).map_or(0, |offering| offering.price_micro);
            }
        }
    }
}

/// The offering that a host was made from, if its cloud still has it.
pub(super) fn offering<'a>(snapshot: &'a Snapshot, host: &gantry_plan::model::Host) -> Option<&'a Offering> {
    let cloud = snapshot.clouds.get(&gantry_plan::model::Key::new(&host.key.namespace, &host.cloud))?;
    cloud.offerings.iter().find(|offering| offering.flavor == host.flavor && offering.zone == host.zone)
}
