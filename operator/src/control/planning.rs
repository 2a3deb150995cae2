//! The planning loop: changes are gathered for a moment, then one snapshot is planned and its commands are carried out.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use gantry_crds::{Host, condition};
use gantry_plan::host::Witness;
use gantry_plan::model::Key;
use gantry_plan::{Command, Plan, plan};
use jiff::Timestamp;
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::{Api, Error};
use tokio::time::Instant;

use super::cloud_state::READING;
use super::context::Context;
use super::offerings::Bought;
use super::purchase::{self, Purchase};
use super::{lifecycle, nomination, reserve, snapshot, status, surplus};

/// The world must be quiet this long before it is planned: pods that wait, if there are any ...
const BATCH_QUIET: Duration = Duration::from_millis(200);
/// ... but nothing waits longer than this, from the first.
const BATCH_LONGEST: Duration = Duration::from_secs(1);
/// Without any change the loop still looks this often.
const RESYNC: Duration = Duration::from_secs(30);
/// Hosts that are written to the API server at the same time.
const WRITES_AT_ONCE: usize = 16;
/// Looks for a Host whose creation was not answered, and the pause between them.
const FIND_ATTEMPTS: usize = 5;
const FIND_PAUSE: Duration = Duration::from_secs(1);
/// An unplaced pod is told again after this long.
const TELL_AGAIN: Duration = Duration::from_secs(300);
/// Unplaced pods told in one pass.
const TOLD_AT_ONCE: usize = 200;

/// Runs until the process stops. Essential.
pub async fn run(ctx: Context) {
    let mut told = Told::default();
    let mut wake = Instant::now() + RESYNC;
    loop {
        // A burst that began while a pass was under way has waited already: its time counts from its first mark.
        let due = ctx.signals.plan.burst().due(BATCH_QUIET, BATCH_LONGEST).unwrap_or(wake).min(wake);
        tokio::select! {
            () = ctx.stop.cancelled() => return,
            () = ctx.signals.plan.marked(), if Instant::now() < due => continue,
            () = tokio::time::sleep_until(due) => {}
        }
        ctx.pulse.beat("planning");
        ctx.signals.plan.begin();
        wake = Instant::now() + if ctx.may_act() { pass(&ctx, &mut told).await } else { Duration::from_secs(1) };
    }
}

/// One pass; the answer is when to look again if nothing changes.
async fn pass(ctx: &Context, told: &mut Told) -> Duration {
    lifecycle::pass(ctx).await;
    // The machine's own clock: what is counted is work.
    let started = std::time::Instant::now();
    let snapshot = Arc::new(snapshot::take(ctx, ctx.now()));
    ctx.metrics.snapshot_taken(started.elapsed());
    let plan = Arc::new(plan(&snapshot));
    ctx.metrics.planned(started.elapsed(), &snapshot, &plan);
    reserve::planned(ctx, &plan);
    if !plan.commands.is_empty() {
        ctx.journal.keep(snapshot.clone(), plan.clone());
    }
    carry_out(ctx, &plan).await;
    nomination::again(ctx);
    reserve::again(ctx);
    surplus::note(ctx, &snapshot, &plan);
    note_useless(ctx, &plan, snapshot.now);
    told.unplaced(ctx, &plan);
    status::write(ctx, &snapshot, &plan).await;
    rest(ctx, &plan, snapshot.now)
}

fn rest(ctx: &Context, plan: &Plan, now: Timestamp) -> Duration {
    let next = [plan.wake_at, ctx.offerings.next_return(now), ctx.useless.next_return(now)].into_iter().flatten().min();
    let until = next.and_then(|at| Duration::try_from(at.duration_since(now)).ok());
    until.unwrap_or(RESYNC).clamp(Duration::from_millis(100), RESYNC)
}

/// Hosts that are no use for what they were bought for: no more like them for a while, and the pool says so.
fn note_useless(ctx: &Context, plan: &Plan, now: Timestamp) {
    for (finding, until) in ctx.useless.found(&plan.useless, |key| ctx.stores.hosts.get(key).is_some(), now) {
        tracing::warn!(host = %finding.host, pool = %finding.pool, flavor = finding.flavor, %until, why = finding.why, "host is no use");
        let Some(pool) = ctx.stores.pools.get(&finding.pool) else { continue };
        let message = format!(
            "Host {} ({}) joined and does not take the pods that it was bought for: {}; no other one is bought for them before {until}",
            finding.host.name, finding.flavor, finding.why
        );
        ctx.pool_event(&pool.value, "Warning", "HostUseless", &message);
        ctx.signals.plan.mark();
    }
}

async fn carry_out(ctx: &Context, plan: &Plan) {
    let commands = futures::stream::iter(&plan.commands);
    commands.for_each_concurrent(WRITES_AT_ONCE, |command| async move { carry_out_one(ctx, command).await }).await;
}

async fn carry_out_one(ctx: &Context, command: &Command) {
    // Looked at before each write, not once per pass: leadership may have been lost in between.
    if !ctx.may_act() {
        return;
    }
    match command {
        Command::CreateHost { pool, flavor, zone, price_micro, pods, allocatable, labels, claims, reason } => {
            let purchase = Purchase {
                pool: pool.clone(),
                flavor: flavor.clone(),
                zone: zone.clone(),
                price_micro: *price_micro,
                allocatable: allocatable.clone(),
                labels: labels.clone(),
                claims: claims.clone(),
                reason: reason.clone(),
            };
            create(ctx, &purchase, pods).await;
        }
        Command::DeleteHost { host, uid, reason } => delete(ctx, host, uid, reason).await,
    }
}

async fn create(ctx: &Context, purchase: &Purchase, pods: &[Key]) {
    let Some(pool) = ctx.stores.pools.get(&purchase.pool) else { return };
    let state = ctx.clouds.state(&Key::new(&purchase.pool.namespace, &pool.value.spec.cloud_name));
    if let Some(held) = state.fleet.creation(&purchase.zone) {
        tracing::info!(pool = %purchase.pool, zone = purchase.zone, why = held, "a host is wanted and held back");
        return;
    }
    let host = match purchase::host(ctx, &pool.value, &state, purchase) {
        Ok(host) => host,
        Err(why) => {
            ctx.pool_event(&pool.value, "Warning", "HostNotPlanned", &format!("A host was wanted but could not be written down: {why}"));
            return;
        }
    };
    let key = Key::new(&purchase.pool.namespace, host.metadata.name.as_deref().unwrap_or_default());
    let bought = Bought::new(
        Key::new(&purchase.pool.namespace, &pool.value.spec.cloud_name),
        purchase.pool.clone(),
        &purchase.flavor,
        &purchase.zone,
    );
    if let Err(why) = ctx.offerings.try_with(&bought, &key, ctx.now()) {
        tracing::debug!(pool = %purchase.pool, flavor = purchase.flavor, zone = purchase.zone, why, "not bought now");
        return;
    }
    let api: Api<Host> = Api::namespaced(ctx.client.clone(), &purchase.pool.namespace);
    match api.create(&PostParams::default(), &host).await {
        Ok(created) => {
            let name = created.metadata.name.clone().unwrap_or_default();
            tracing::info!(host = %Key::new(&purchase.pool.namespace, &name), flavor = purchase.flavor, zone = purchase.zone, reason = purchase.reason, "host planned");
            let since = pods.iter().filter_map(|pod| ctx.stores.waiting.get(pod)).min();
            ctx.memories.update(created.metadata.uid.as_deref().unwrap_or_default(), |memory| {
                memory.wanted_since = since;
                memory.witness = Witness::FromBirth;
            });
            ctx.stores.put_host(created);
            ctx.signals.hosts.add(key);
            ctx.metrics.command("create_host");
            announce(ctx, &pool.value, &name, purchase, pods);
        }
        Err(error) => {
            tracing::warn!(pool = %purchase.pool, %error, "a Host could not be written; planned again");
            if !matches!(error, Error::Api(_)) {
                find_written(ctx, &api, host.metadata.name.as_deref().unwrap_or_default()).await;
            }
            ctx.signals.plan.mark();
        }
    }
}

/// The answer to a write was lost: the Host may exist, and must be known before anything is planned again.
async fn find_written(ctx: &Context, api: &Api<Host>, name: &str) {
    for _ in 0..FIND_ATTEMPTS {
        match api.get_opt(name).await {
            Ok(Some(host)) => return ctx.stores.put_host(host),
            Ok(None) => return,
            Err(_) => tokio::time::sleep(FIND_PAUSE).await,
        }
    }
}

fn announce(ctx: &Context, pool: &crate::kube::objects::PoolObject, name: &str, purchase: &Purchase, pods: &[Key]) {
    let what = format!("{name} ({} in {})", purchase.flavor, purchase.zone);
    ctx.pool_event(pool, "Normal", "HostPlanned", &format!("Host {what}: {}", purchase.reason));
    for key in pods {
        if let Some(pod) = ctx.stores.pods.get(key) {
            let message = format!("Host {what} of pool {} is being created for this pod", pool.name);
            ctx.events.emit(&pod_reference(key, &pod.value.uid), "Normal", "HostPlanned", &message);
        }
    }
}

fn pod_reference(key: &Key, uid: &str) -> crate::kube::events::EventRef {
    crate::kube::events::EventRef {
        api_version: "v1".into(),
        kind: "Pod".into(),
        namespace: key.namespace.clone(),
        name: key.name.clone(),
        uid: uid.into(),
    }
}

/// Lets a host go: validated once more against the stores as they are now, and fenced by UID and version at the API server.
async fn delete(ctx: &Context, key: &Key, uid: &str, reason: &str) {
    let Some(entry) = ctx.stores.hosts.get(key) else { return };
    let host = &entry.value;
    // What goes for being empty or unneeded must still be so; a pool that shrinks to its replicas lets busy hosts go too.
    let is_idle = condition::is_true(&host.status.conditions, "Empty") || ctx.memories.get(uid).unneeded_since.is_some();
    let busy = is_idle && has_work(ctx, &key.name);
    if host.uid != uid || host.deleting || busy {
        ctx.signals.plan.mark();
        return;
    }
    tracing::info!(host = %key, reason, "host let go");
    ctx.host_event(host, "Normal", "HostReleased", reason);
    ctx.metrics.command("delete_host");
    delete_host(ctx, key, uid, entry.version).await;
}

fn has_work(ctx: &Context, node: &str) -> bool {
    let pods = ctx.stores.pods_by_node.get(node);
    pods.into_iter().any(|pod| !super::driver::stays(&pod))
}

/// DELETE of the Host object; what it stands for goes by its finalizer.
pub(super) async fn delete_host(ctx: &Context, key: &Key, uid: &str, version: u64) {
    let api: Api<Host> = Api::namespaced(ctx.client.clone(), &key.namespace);
    let preconditions = Preconditions { uid: Some(uid.to_owned()), resource_version: Some(version.to_string()) };
    let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
    match api.delete(&key.name, &params).await {
        Ok(answer) => {
            if let Some(host) = answer.left() {
                ctx.stores.put_host(host);
            }
            ctx.signals.hosts.add(key.clone());
        }
        Err(Error::Api(status)) if status.code == 404 => {}
        Err(error) => {
            tracing::warn!(host = %key, %error, "a Host could not be deleted; decided again");
            ctx.signals.plan.mark();
        }
    }
}

/// Who was told what, so that a pod is not told the same at each pass.
#[derive(Default)]
struct Told(HashMap<String, (String, Instant)>);

impl Told {
    fn unplaced(&mut self, ctx: &Context, plan: &Plan) {
        let unplaced: HashSet<&str> = plan.unplaced.iter().map(|pod| pod.uid.as_str()).collect();
        self.0.retain(|uid, _| unplaced.contains(uid.as_str()));
        let mut budget = TOLD_AT_ONCE;
        for pod in &plan.unplaced {
            let why: Vec<String> = pod
                .reasons
                .iter()
                .map(|(pool, why)| pool.as_ref().map_or_else(|| why.clone(), |pool| format!("pool {pool}: {why}")))
                .collect();
            let message = format!("No new host can help: {}", why.join("; "));
            let known = self.0.get(&pod.uid).is_some_and(|(before, at)| *before == message && at.elapsed() < TELL_AGAIN);
            if known || budget == 0 || message.contains(READING) {
                continue;
            }
            budget -= 1;
            ctx.events.emit(&pod_reference(&pod.pod, &pod.uid), "Warning", "NoHostFits", &message);
            self.0.insert(pod.uid.clone(), (message, Instant::now()));
        }
    }
}
