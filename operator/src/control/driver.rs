//! The host driver's loop: takes hosts from the queue, asks the state machine what to do, has it done, writes down what came of it.

use std::time::Duration;

use gantry_plan::host::{self, Step};
use gantry_plan::model::{Key, Pod};
use tokio::task::JoinSet;

use super::context::Context;
use super::learned::{Kind, Showing};
use super::places::Places;
use super::{observation, record, server_seen, steps};
use crate::kube::objects::HostObject;

/// Steps of one host in a row, before others have their turn.
const STEPS_IN_A_ROW: usize = 24;
/// A host is looked at again after this long if this process may not act.
const FOLLOWER_REST: Duration = Duration::from_secs(2);
/// The loop beats at least this often, whatever its hosts wait for.
const BEAT: Duration = Duration::from_secs(5);

/// A host that was worked on.
struct Worked {
    host: Key,
    cloud: Key,
    rest: Option<Duration>,
}

/// Runs until the process stops, and then until the steps under way are done: never cut between a creation and its record. Essential.
pub async fn run(ctx: Context) {
    let (mut work, mut places) = (JoinSet::new(), Places::default());
    loop {
        ctx.pulse.beat("driver");
        let begin = tokio::select! {
            () = ctx.stop.cancelled() => break,
            host = ctx.signals.hosts.next() => admit(&ctx, &mut places, host),
            Some(ended) = work.join_next() => {
                let Ok(Worked { host, cloud, rest }) = ended else {
                    tracing::error!("work on a host panicked");
                    return;
                };
                ctx.signals.hosts.done(&host);
                if let Some(rest) = rest {
                    ctx.signals.hosts.add_after(host, rest);
                }
                places.ended(&cloud).map(|next| (next, cloud))
            }
            () = tokio::time::sleep(BEAT) => None,
        };
        if let Some((host, cloud)) = begin {
            let ctx = ctx.clone();
            work.spawn(async move { Worked { rest: drive(&ctx, &host).await, host, cloud } });
        }
    }
    while work.join_next().await.is_some() {}
}

/// The host and its cloud, if there is a place; one that is gone needs none.
fn admit(ctx: &Context, places: &mut Places, host: Key) -> Option<(Key, Key)> {
    let Some(entry) = ctx.stores.hosts.get(&host) else {
        ctx.signals.hosts.done(&host);
        return None;
    };
    let cloud = Key::new(&host.namespace, &entry.value.spec.cloud_name);
    places.admit(&cloud, host).map(|host| (host, cloud))
}

/// Works on one host; the answer is when to look at it again, if it still exists.
async fn drive(ctx: &Context, key: &Key) -> Option<Duration> {
    for _ in 0..STEPS_IN_A_ROW {
        if !ctx.may_act() {
            return Some(FOLLOWER_REST);
        }
        ctx.acting_since();
        let entry = ctx.stores.hosts.get(key)?;
        server_seen::refresh(ctx, &entry.value);
        let ledger = observation::ledger(&entry.value);
        let seen = observation::observe(ctx, &entry.value, &ledger);
        let (status, step) = host::next(&ledger, &seen, ctx.now());
        if ledger.joined && !ledger.deleting && seen.node.is_some() {
            learn(ctx, &entry.value, if status.phase == host::Phase::Ready { Showing::Open } else { Showing::Joining });
        }
        if !record::status(ctx, &entry, &status).await {
            continue;
        }
        let entry = ctx.stores.hosts.get(key)?;
        match steps::perform(ctx, &entry, step.clone()).await {
            steps::Outcome::Next => {}
            steps::Outcome::Again(rest) => return Some(rest),
        }
        if step == Step::RemoveFinalizer {
            return None;
        }
    }
    Some(Duration::from_millis(200))
}

/// What the node of a host shows, for hosts of its kind to come: before it opens already, so that no plan repeats a wrong guess.
fn learn(ctx: &Context, host: &HostObject, showing: Showing) {
    let Some(node) = ctx.stores.nodes.get(&Key::new("", &host.name)) else { return };
    let cloud = Key::new(&host.namespace, &host.spec.cloud_name);
    let drivers = ctx.stores.drivers(&host.name).unwrap_or_default();
    if ctx.learned.learn(&cloud, Kind::of_host(&host.spec), &node.value, drivers, showing) {
        ctx.signals.plan.mark();
    }
}

/// Whether a pod stays on its node until the node goes.
pub(super) fn stays(pod: &Pod) -> bool {
    pod.mirror || pod.owner.as_ref().is_some_and(|(kind, _)| kind == "DaemonSet")
}
