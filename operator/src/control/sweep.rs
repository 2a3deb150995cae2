//! Looks now and then for what this cluster left behind in a cloud: both sides are listed whole, `gantry_plan::sweep` judges, and what it says is done and told.

pub mod act;
mod sides;
pub mod things;
mod tokens;

pub use tokens::run as run_tokens;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gantry_cloud::Cloud;
use gantry_crds::OrphansAction;
use gantry_plan::model::Key;
use gantry_plan::sweep::{Action, Fate, Memory, Orphan, Pass, Recorded, judge};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::clouds::Cell;
use super::context::{Context, reference};
use crate::kube::objects::CloudObject;

/// After the start others have more urgent things to ask.
const FIRST_AFTER: Duration = Duration::from_secs(120);
/// Between two passes.
const EVERY: Duration = Duration::from_secs(15 * 60);
/// Between two passes while orphans wait for their turn.
const BACKLOG_EVERY: Duration = Duration::from_secs(10 * 60);
/// Before the next attempt, if one side could not be listed or nothing may be done now.
const RETRY: Duration = Duration::from_secs(60);
/// An inventory older than this is no list of now.
const FRESH: jiff::SignedDuration = jiff::SignedDuration::from_mins(3);
/// Orphans that one Event names.
const NAMED: usize = 5;

/// Sweeps one cloud until told to stop.
pub async fn run(ctx: Context, key: Key, cell: Arc<Cell>, stop: CancellationToken) {
    let (mut memory, mut rest) = (Memory::default(), FIRST_AFTER);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(rest) => {}
        }
        rest = match pass(&ctx, &key, &cell, &mut memory).await {
            Ok(orphans) => next_after(&orphans),
            Err(why) => {
                tracing::debug!(cloud = %key, why, "no sweep now");
                ctx.metrics.swept(&key, "incomplete");
                RETRY
            }
        };
    }
}

fn next_after(orphans: &[Orphan]) -> Duration {
    let waits = orphans.iter().any(|orphan| matches!(orphan.fate, Fate::Delete | Fate::Capped(_) | Fate::AfterServer(_)));
    if waits { BACKLOG_EVERY } else { EVERY }
}

/// One pass: cloud, then Hosts, then the judgement, then what it says.
async fn pass(ctx: &Context, key: &Key, cell: &Cell, memory: &mut Memory) -> Result<Vec<Orphan>, String> {
    if !ctx.may_act() {
        return Err("this process may not act".into());
    }
    let object = ctx.stores.clouds.get(key).ok_or("the cloud is gone")?;
    let (client, things, listed_at) = cloud_side(ctx, cell).await?;
    let hosts_at = ctx.now();
    let hosts = sides::hosts(ctx).await?;
    let seen = Pass {
        cluster: ctx.cluster_uid.to_string(),
        things,
        listed_at,
        hosts,
        hosts_at,
        in_service: sides::in_service(ctx),
        action: action(&object.value),
        fleet: cell.read().fleet.recorded,
    };
    let orphans = judge(memory, &seen, ctx.now())?;
    announce(ctx, &object.value, &cell.read().orphans, &orphans);
    ctx.metrics.swept(key, "judged");
    ctx.metrics.orphans(key, |kind| orphans.iter().filter(|orphan| orphan.kind == kind).count());
    for orphan in orphans.iter().filter(|orphan| orphan.fate == Fate::Delete) {
        delete(ctx, key, &object.value, &client, orphan).await;
    }
    let told = Arc::new(orphans.clone());
    if cell.update(|state| std::mem::replace(&mut state.orphans, told.clone())) != told {
        ctx.signals.plan.mark();
    }
    Ok(orphans)
}

/// The cloud, complete and believed; the end of the last list.
async fn cloud_side(ctx: &Context, cell: &Cell) -> Result<(Arc<dyn Cloud>, Vec<gantry_plan::sweep::Thing>, Timestamp), String> {
    let state = cell.read();
    let client = state.client.clone().ok_or("there is no client yet")?;
    if let Some(problem) = &state.nova {
        return Err(problem.message.clone());
    }
    if let Some(held) = state.fleet.absence() {
        return Err(held.to_owned());
    }
    let begun = state.inventory.begun.filter(|begun| ctx.now().duration_since(*begun) < FRESH);
    begun.ok_or("servers have not been listed lately")?;
    let servers = state.inventory.servers.values().map(|server| things::server(server));
    let pools = ctx.stores.pools.list().into_iter().map(|(_, entry)| entry.uid().to_owned()).collect();
    let collected = things::collect(&client, &ctx.cluster_uid, servers.collect(), &pools).await;
    for (kind, error) in &collected.failed {
        tracing::info!(%error, "{kind}s cannot be listed; they are left out of this sweep");
    }
    Ok((client, collected.things, ctx.now()))
}

fn action(cloud: &CloudObject) -> Action {
    match cloud.spec.orphans.action {
        OrphansAction::Report => Action::Report,
        OrphansAction::Delete => Action::Delete,
    }
}

/// Deletes one orphan, unless its Host has turned up since.
async fn delete(ctx: &Context, key: &Key, cloud: &CloudObject, client: &Arc<dyn Cloud>, orphan: &Orphan) {
    let now_known: BTreeMap<String, Recorded> = sides::known(ctx);
    let is_recorded = now_known.values().any(|host| host.ids.contains(&orphan.id));
    let came_back = orphan.host.as_ref().is_some_and(|host| now_known.get(host).is_some_and(|host| !host.complete));
    if is_recorded || came_back || !ctx.may_act() {
        return;
    }
    let what = format!("{} {} ({})", orphan.kind, orphan.id, orphan.name);
    match act::delete(client, orphan.kind, &orphan.id).await {
        Ok(()) => {
            tracing::warn!(cloud = %key, kind = orphan.kind.word(), id = orphan.id, name = orphan.name, host = orphan.host, why = orphan.why, "orphan deleted");
            ctx.metrics.orphan_deleted(key, orphan.kind);
            ctx.events.emit(&reference("OpenStackCloud", cloud), "Normal", "OrphanDeleted", &format!("{what} was deleted: {}", orphan.why));
        }
        Err(error) => {
            tracing::warn!(cloud = %key, kind = orphan.kind.word(), id = orphan.id, %error, "an orphan could not be deleted; tried again");
            let message = format!("{what} could not be deleted: {}; tried again", error.message());
            ctx.events.emit(&reference("OpenStackCloud", cloud), "Warning", error.category(), &message);
        }
    }
}

/// One Event for orphans that were not known before.
fn announce(ctx: &Context, cloud: &CloudObject, before: &[Orphan], now: &[Orphan]) {
    let is_new = |orphan: &&Orphan| !before.iter().any(|old| (old.kind, &old.id) == (orphan.kind, &orphan.id));
    let new: Vec<&Orphan> = now.iter().filter(is_new).collect();
    if new.is_empty() {
        return;
    }
    let named: Vec<String> = new.iter().take(NAMED).map(|orphan| format!("{} {} ({})", orphan.kind, orphan.id, orphan.name)).collect();
    let more = new.len().saturating_sub(NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let message = format!("Left behind, no Host stands for it: {}{rest}; see status.orphans", named.join(", "));
    ctx.events.emit(&reference("OpenStackCloud", cloud), "Warning", "OrphansFound", &message);
}
