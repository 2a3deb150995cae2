//! A cloud's observer: what is due is read, each part with a pause of its own after a failure, and whoever waits for it is told.

mod census;
mod credentials;
mod readings;
mod rise;
mod turn;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gantry_cloud::{Cloud, Error, Priority, Quota, Server};
use gantry_crds::{ANNOTATION_ACCEPT_MISSING, HostPhase};
use gantry_plan::fleet::{self, Accepted};
use gantry_plan::model::Key;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use self::census::Census;
use self::credentials::{Login, Look};
use self::turn::Turn;
use super::cloud_state::{Area, CloudState, Inventory, Problem};
use super::clouds::{Cell, problem};
use super::context::Context;
use crate::kube::objects::CloudObject;

/// Flavors and zones hardly change.
const CATALOG_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// Servers and Nova's quota while nothing is going on: 5 pages and a quota a minute at 5,000 servers.
const IDLE_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// Servers while hosts come or go.
const BUSY_EVERY: SignedDuration = SignedDuration::from_secs(1);
/// Quota while hosts come or go, or are wanted and blocked.
const QUOTA_BUSY_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// Quota of the other services, which takes a call each, while nothing is blocked.
const QUOTA_REST_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// The observer never looks more often than this.
const SHORTEST_REST: Duration = Duration::from_millis(100);
/// A follower looks this often whether it leads by now.
const FOLLOWER_EVERY: Duration = Duration::from_secs(1);

/// Observes one cloud.
pub struct Observer {
    ctx: Context,
    key: Key,
    cell: Arc<Cell>,
    login: Login,
    servers: Turn,
    catalog: Turn,
    quota: Turn,
    quota_rest: Turn,
    references: Turn,
    /// The last quota that was read while no host came or went: what our own hosts take and give back is no rise.
    quiet: Option<Quota>,
    restored: bool,
}

impl Observer {
    pub(super) fn new(ctx: Context, key: Key, cell: Arc<Cell>) -> Self {
        let turn = Turn::default;
        let login = Login::default();
        let (servers, catalog, quota, quota_rest, references) = (turn(), turn(), turn(), turn(), turn());
        Self { ctx, key, cell, login, servers, catalog, quota, quota_rest, references, quiet: None, restored: false }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        loop {
            let rest = if self.ctx.lease.may_write() { self.round().await } else { FOLLOWER_EVERY };
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.cell.rest(rest) => {}
            }
        }
    }

    /// Reads what is due; the answer is how long there is nothing to do.
    async fn round(&mut self) -> Duration {
        let Some(object) = self.ctx.stores.clouds.get(&self.key) else { return FOLLOWER_EVERY };
        let (before, census) = (self.cell.read(), Census::take(&self.ctx, &self.key));
        if !std::mem::replace(&mut self.restored, true) {
            self.ctx.offerings.restore(&self.key, &object.value.status.offerings, self.ctx.now());
            self.ctx.learned.restore(&self.key, &object.value.status.learned);
        }
        self.log_in(&object.value, census.hosts).await;
        if let Some(client) = self.cell.read().client {
            self.read_servers(&client, &object.value, &census).await;
            if self.cell.read().nova.is_none() {
                self.read_catalog(&client).await;
                self.read_quota(&client, &census).await;
                self.read_references(&client).await;
            }
        }
        self.tell(&before);
        self.next_due(&census)
    }

    async fn log_in(&mut self, object: &CloudObject, hosts: usize) {
        match self.login.renew(&self.ctx, object, &self.cell.read(), hosts).await {
            Ok(Look::NotDue) => {}
            Ok(Look::AsBefore) => self.trouble(Area::Credentials, None),
            Ok(Look::Renewed(renewed)) => {
                [&mut self.servers, &mut self.catalog, &mut self.quota, &mut self.quota_rest, &mut self.references]
                    .into_iter()
                    .for_each(|turn| *turn = Turn::default());
                self.cell.update(|state| renewed.install(state));
            }
            // What was read before still works: hosts can be cleaned up although somebody deleted the Secret first.
            Err(problem) if self.cell.read().client.is_some() => self.trouble(Area::Credentials, Some(problem)),
            Err(problem) => self.cell.update(|state| state.nova = Some(problem)),
        }
    }

    fn trouble(&self, area: Area, problem: Option<Problem>) {
        self.cell.update(|state| {
            if state.troubles.get(&area) != problem.as_ref() {
                let troubles = Arc::make_mut(&mut state.troubles);
                match problem {
                    Some(problem) => drop(troubles.insert(area, problem)),
                    None => drop(troubles.remove(&area)),
                }
            }
        });
    }

    /// Servers: what holds the host driver when it cannot be read, unless only the list is broken and Nova answers otherwise.
    async fn read_servers(&mut self, client: &Arc<dyn Cloud>, object: &CloudObject, census: &Census) {
        let now = self.ctx.now();
        if !self.servers.is_due(census.servers_every(), now) {
            return;
        }
        match client.servers(Priority::Normal).await {
            Ok(servers) => {
                self.servers.done(now);
                self.trouble(Area::Servers, None);
                self.take_in(servers, now, object);
            }
            Err(error) => {
                self.servers.failed(self.ctx.now());
                let nova = self.without_list(client, &error).await;
                self.trouble(Area::Servers, nova.is_none().then(|| told(&error)));
                self.cell.update(|state| state.nova = nova);
            }
        }
    }

    /// Whether Nova answers although it does not list: a cell that is down breaks lists, and other cells are to be served.
    async fn without_list(&self, client: &Arc<dyn Cloud>, error: &Error) -> Option<Problem> {
        let only_list = matches!(error, Error::Transient { .. } | Error::Bug { .. } | Error::NotFound { .. } | Error::Conflict { .. });
        let answers = only_list && client.quota(&[]).await.is_ok();
        (!answers).then(|| told(error))
    }

    fn take_in(&self, servers: Vec<Server>, begun: Timestamp, object: &CloudObject) {
        let inventory = Arc::new(inventory(servers, begun, &self.ctx.cluster_uid));
        let accepted = self.accepted(object);
        let hosts = census::recorded(&self.ctx, &self.key);
        let recorded = hosts.iter().filter_map(|(_, entry)| census::as_recorded(&entry.value));
        let verdict = fleet::judge(recorded, |id| inventory.servers.contains_key(id), accepted, begun, self.ctx.now());
        self.ctx.metrics.cloud_held(&self.key, verdict.absence().is_some());
        self.cell.accept(accepted);
        self.cell.update(|state| {
            (state.nova, state.inventory) = (None, inventory);
            if *state.fleet != verdict {
                state.fleet = Arc::new(verdict);
            }
        });
    }

    fn accepted(&self, object: &CloudObject) -> Accepted {
        let Some(text) = object.annotations.get(ANNOTATION_ACCEPT_MISSING) else { return Accepted::Nothing };
        Accepted::parse(text).unwrap_or_else(|why| {
            self.ctx.events.emit(&super::context::reference("OpenStackCloud", object), "Warning", "AnnotationNotUnderstood", &why);
            Accepted::Nothing
        })
    }

    /// Tells planner and driver what changed.
    fn tell(&self, before: &CloudState) {
        let after = self.cell.read();
        let planned_with =
            |s: &CloudState| (s.ready().is_ok(), s.nova.clone(), s.troubles.clone(), s.quota.map(|(quota, _)| quota), s.catalog_at);
        let same_fleet = before.fleet.absence() == after.fleet.absence();
        if !same_fleet || !same_ids(before, &after) || planned_with(before) != planned_with(&after) {
            self.ctx.signals.plan.mark();
        }
        if before.inventory.begun != after.inventory.begun || before.nova.is_some() != after.nova.is_some() {
            census::hosts_but(&self.ctx, &self.key, &[HostPhase::Ready]).for_each(|host| self.ctx.signals.hosts.add(host));
        }
    }

    /// How long nothing is due.
    fn next_due(&self, census: &Census) -> Duration {
        let (now, state) = (self.ctx.now(), self.cell.read());
        let mut dues = vec![self.login.due_in(&state, now)];
        if state.client.is_some() {
            dues.push(self.servers.due_in(census.servers_every(), now));
        }
        if state.client.is_some() && state.nova.is_none() {
            dues.extend([self.quota.due_in(census.quota_every(), now), self.quota_rest.due_in(census.quota_rest_every(), now)]);
            dues.extend([self.catalog.due_in(CATALOG_EVERY, now), self.references.due_in(IDLE_EVERY, now)]);
        }
        Duration::try_from(dues.into_iter().min().unwrap_or(BUSY_EVERY)).unwrap_or_default().max(SHORTEST_REST)
    }
}

/// An error as people are told: what it says of the cloud as a whole, or its own words.
fn told(error: &Error) -> Problem {
    problem(error).unwrap_or_else(|| Problem { reason: error.category().into(), message: error.message().to_owned() })
}

/// Whether names stand for what they stood for; when they were looked up does not matter.
fn same_ids(a: &CloudState, b: &CloudState) -> bool {
    let ids = |state: &CloudState| state.references.iter().map(|(name, found)| (name.clone(), found.id.clone())).collect::<Vec<_>>();
    Arc::ptr_eq(&a.references, &b.references) || ids(a) == ids(b)
}

/// A complete list, with what bears our cluster's UID found by host.
fn inventory(servers: Vec<Server>, begun: Timestamp, cluster_uid: &str) -> Inventory {
    let mut by_host: HashMap<String, Vec<String>> = HashMap::new();
    for server in &servers {
        if let Some(host) = server.mark().filter(|mark| mark.cluster == cluster_uid).and_then(|mark| mark.host) {
            by_host.entry(host).or_default().push(server.id.clone());
        }
    }
    Inventory { begun: Some(begun), by_host, servers: servers.into_iter().map(|server| (server.id.clone(), Arc::new(server))).collect() }
}
