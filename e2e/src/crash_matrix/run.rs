//! One run: a lane, a workload, a point at which the operator is killed, and what came of it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::audit::{Audit, audit};
use super::workload::{Goal, Workload};
use super::world::World;
use crate::lab::gate::{Call, Point};
use crate::lab::lane::{Lane, Lanes};

/// How often a run is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A run may be over when its operator has changed nothing for this long.
const QUIET: Duration = Duration::from_millis(1500);
/// Without a kill by then there will be none.
const QUIET_UNREACHED: Duration = Duration::from_secs(6);
/// What was right when it became quiet is looked at again after this long.
const SETTLED: Duration = Duration::from_millis(700);
/// Time for everything but the wait for a server that vanished: the longest is the grace of an unclear creation, twice.
const LIMIT: Duration = Duration::from_secs(200);
/// Time for a workload that proves a server gone, which takes minutes, and begins anew after a kill.
const LIMIT_VANISHED: Duration = Duration::from_secs(520);

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The lane's namespace; its folder has the operator's log.
    pub namespace: String,
    /// Whether the point was reached and the operator killed; true for a run without a point.
    pub reached: bool,
    /// What is there too much.
    pub leaks: Vec<String>,
    /// What the calls prove.
    pub audit: Audit,
    /// Why it did not end as it should, if nothing else says so.
    pub unfinished: Option<String>,
    /// The calls that were counted.
    pub counted: Vec<Call>,
    /// How long it took.
    pub took: Duration,
}

impl Outcome {
    /// Whether it ended as the reference run.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.leaks.is_empty() && self.audit == Audit::default() && self.unfinished.is_none()
    }
}

/// Runs a workload in a lane of its own, which is taken away afterwards.
///
/// # Errors
/// If the laboratory fails; what the operator does wrong is in the outcome.
pub async fn run(lanes: &Lanes, namespace: &str, workload: Workload, point: Option<&Point>) -> Result<Outcome> {
    let start = Instant::now();
    let mut lane = lanes.open(namespace).await?;
    let outcome = drive(lanes, &mut lane, workload, point).await;
    lanes.close(lane).await?;
    outcome.map(|outcome| Outcome { took: start.elapsed(), ..outcome })
}

async fn drive(lanes: &Lanes, lane: &mut Lane, workload: Workload, point: Option<&Point>) -> Result<Outcome> {
    let client = &lanes.lab.client;
    workload.prepare(client, lane).await?;
    if let Some(goal) = workload.start() {
        lane.start_operator();
        begun(lanes, lane, goal).await.with_context(|| format!("{} did not begin", workload.name()))?;
    }
    lane.gate.arm(point.cloned());
    workload.trigger(client, lane).await?;
    if workload.start().is_none() {
        lane.start_operator();
    }
    let limit = if workload == Workload::Vanished { LIMIT_VANISHED } else { LIMIT };
    settle(lanes, lane, workload.goal(), point, limit).await
}

/// Waits for what a workload begins with.
async fn begun(lanes: &Lanes, lane: &Lane, goal: Goal) -> Result<()> {
    let (start, wanted) = (Instant::now(), World::wanted(goal));
    loop {
        lane.check()?;
        let quiet = lane.gate.quiet_for() >= QUIET;
        let world = if quiet { World::of(&lanes.lab.client, lane).await? } else { World::default() };
        if quiet && world == wanted {
            return Ok(());
        }
        if start.elapsed() > LIMIT {
            bail!("after {} s there is: {world}; instead of: {wanted}", LIMIT.as_secs());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Waits until the operator is quiet and all is as it should be, or for the limit.
async fn settle(lanes: &Lanes, lane: &Lane, goal: Goal, point: Option<&Point>, limit: Duration) -> Result<Outcome> {
    let (start, wanted) = (Instant::now(), World::wanted(goal));
    let mut right_since: Option<Instant> = None;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let quiet = lane.gate.quiet_for();
        if quiet >= QUIET {
            lane.gate.kill_if_passed();
        }
        let patience = if point.is_none() || lane.gate.has_killed() { QUIET } else { QUIET_UNREACHED };
        let over = start.elapsed() > limit;
        if quiet < patience && !over {
            right_since = None;
            continue;
        }
        let world = World::of(&lanes.lab.client, lane).await?;
        if world != wanted {
            right_since = None;
        }
        let right = world == wanted && right_since.get_or_insert_with(Instant::now).elapsed() >= SETTLED;
        let trouble = lane.check().err().map(|error| format!("{error:#}"));
        if right || over || trouble.is_some() {
            return Ok(judged(lane, goal, point, &world, right, trouble));
        }
    }
}

fn judged(lane: &Lane, goal: Goal, point: Option<&Point>, world: &World, right: bool, trouble: Option<String>) -> Outcome {
    let wanted = World::wanted(goal);
    let state = || format!("there is: {world}; instead of: {wanted}");
    Outcome {
        reached: point.is_none() || lane.gate.has_killed(),
        leaks: world.beyond(&wanted),
        audit: audit(&lane.gate.exchanges(), goal.let_go),
        unfinished: trouble.or_else(|| (!right).then(state)),
        counted: lane.gate.counted(),
        namespace: lane.namespace.clone(),
        took: Duration::ZERO,
    }
}
