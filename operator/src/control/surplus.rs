//! Hosts on their way that no plan needs any more: since when, so that the planner can let them go.

use std::collections::HashSet;

use gantry_crds::condition;
use gantry_plan::Plan;
use gantry_plan::model::{Key, Snapshot};

use super::context::Context;

/// Notes what the plan of this snapshot says of hosts on their way; a restart begins to count anew.
pub(super) fn note(ctx: &Context, snapshot: &Snapshot, plan: &Plan) {
    let idle: HashSet<&Key> = plan.idle.iter().collect();
    for host in &snapshot.hosts {
        let unneeded = idle.contains(&host.key) && !was_open(ctx, &host.key);
        let since = match (unneeded, host.unneeded_since) {
            (true, None) => Some(snapshot.now),
            (false, Some(_)) => None,
            _ => continue,
        };
        ctx.memories.update(&host.uid, |memory| memory.unneeded_since = since);
    }
}

/// Whether its node ever took pods. Then it is not on its way, however silent it is now: emptiness lets it go, and nothing else.
fn was_open(ctx: &Context, key: &Key) -> bool {
    ctx.stores.hosts.get(key).is_none_or(|entry| condition::find(&entry.value.status.conditions, "Ready").is_some())
}
