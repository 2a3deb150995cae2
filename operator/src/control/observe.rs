//! A cloud's observer: what is due is read, and whoever waits for it is told.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gantry_cloud::{Cloud, CloudConfig, Error, Identity, Priority, Server};
use gantry_crds::{Credentials, HostPhase, META_CLUSTER, META_HOST, OpenStackCloudSpec, Pacing};
use gantry_plan::model::Key;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use tokio_util::sync::CancellationToken;

use super::cloud_state::{CloudState, Inventory, Problem};
use super::clouds::{Cell, problem};
use super::context::Context;
use super::references;

/// Flavors and zones hardly change.
const CATALOG_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// Servers and quota while nothing is going on: 5 pages and a quota a minute at 5,000 servers.
const IDLE_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// Servers while hosts come or go.
const BUSY_EVERY: SignedDuration = SignedDuration::from_secs(1);
/// Quota while hosts come or go, or are wanted and blocked.
const QUOTA_BUSY_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// The Secret is read this often; it is not watched, so that the operator need not be allowed to list Secrets.
const SECRET_EVERY: SignedDuration = SignedDuration::from_secs(15);
/// The Secret of a cloud in trouble is read this often: a corrected one is to be seen soon.
const TROUBLED_EVERY: Duration = Duration::from_secs(3);
/// First and last pause of OpenStack's after a failed round.
const RETRY_FIRST: Duration = Duration::from_secs(2);
const RETRY_LAST: Duration = Duration::from_secs(30);
/// The observer never looks more often than this.
const SHORTEST_REST: Duration = Duration::from_millis(100);
/// A follower looks this often whether it leads by now.
const FOLLOWER_EVERY: Duration = Duration::from_secs(1);

/// Observes one cloud.
pub struct Observer {
    ctx: Context,
    key: Key,
    cell: Arc<Cell>,
    secret_at: Option<Timestamp>,
    /// What the client was made from: the Secret's version, and what of the spec it depends on.
    made_from: Option<(String, Credentials, Pacing)>,
    failures: u32,
    /// After a failure OpenStack is left alone until then, unless the Secret or the spec changes.
    retry_at: Option<Timestamp>,
}

impl Observer {
    pub(super) fn new(ctx: Context, key: Key, cell: Arc<Cell>) -> Self {
        Self { ctx, key, cell, secret_at: None, made_from: None, failures: 0, retry_at: None }
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
        let before = self.cell.read();
        let outcome = self.read_due().await;
        self.cell.update(|state| state.problem = outcome.as_ref().err().cloned());
        self.tell(&before);
        if outcome.is_ok() { self.next_due() } else { TROUBLED_EVERY }
    }

    /// Counts a failed round and sets the pause before the next one.
    fn failed(&mut self) {
        let pause = RETRY_FIRST.saturating_mul(1 << self.failures.min(5)).min(RETRY_LAST);
        self.failures += 1;
        self.retry_at = SignedDuration::try_from(pause).ok().map(|pause| self.ctx.now() + pause);
    }

    async fn read_due(&mut self) -> Result<(), Problem> {
        let Some(object) = self.ctx.stores.clouds.get(&self.key) else { return Ok(()) };
        self.connect(&object.value.spec).await?;
        let CloudState { client: Some(client), problem: before, .. } = self.cell.read() else { return Ok(()) };
        if let (Some(problem), Some(at)) = (before, self.retry_at)
            && self.ctx.now() < at
        {
            return Err(problem);
        }
        let read = async {
            self.read_catalog(&client).await?;
            self.read_quota(&client).await?;
            self.read_servers(&client).await?;
            references::read(&self.ctx, &self.key, &self.cell, &client).await
        };
        match read.await {
            Ok(()) => {
                (self.failures, self.retry_at) = (0, None);
                Ok(())
            }
            Err(error) => {
                self.failed();
                Err(problem(&error).unwrap_or_else(|| Problem { reason: error.category().into(), message: error.to_string() }))
            }
        }
    }

    /// Makes a client if there is none for the Secret and spec as they are now.
    async fn connect(&mut self, spec: &OpenStackCloudSpec) -> Result<(), Problem> {
        let same_spec =
            self.made_from.as_ref().is_some_and(|(_, credentials, pacing)| *credentials == spec.credentials && *pacing == spec.pacing);
        let troubled = self.cell.read().problem.is_some();
        if same_spec && !troubled && !self.due(self.secret_at, SECRET_EVERY) {
            return Ok(());
        }
        self.secret_at = Some(self.ctx.now());
        let secret = match self.secret(&spec.credentials.secret_name).await {
            Ok(secret) => secret,
            // What was read before still works: hosts can be cleaned up although somebody deleted the Secret first.
            Err(missing) if same_spec => {
                tracing::warn!(cloud = %self.key, why = missing.message, "the credentials that were read before are used");
                return Ok(());
            }
            Err(missing) => return Err(missing),
        };
        let version = secret.metadata.resource_version.clone().unwrap_or_default();
        if same_spec && self.made_from.as_ref().is_some_and(|(made, ..)| *made == version) {
            return Ok(());
        }
        let client = self.client(&secret, spec).map_err(|error| Problem { reason: error.category().into(), message: error.to_string() })?;
        tracing::info!(cloud = %self.key, secret = spec.credentials.secret_name, version, "credentials read");
        (self.failures, self.retry_at) = (0, None);
        self.made_from = Some((version, spec.credentials.clone(), spec.pacing.clone()));
        self.cell.update(|state| *state = CloudState { client: Some(client), ..fresh(state) });
        Ok(())
    }

    async fn secret(&self, name: &str) -> Result<Secret, Problem> {
        let api: Api<Secret> = Api::namespaced(self.ctx.client.clone(), &self.key.namespace);
        let found = api.get_opt(name).await.map_err(|error| Problem {
            reason: "SecretUnreadable".into(),
            message: format!(
                "Secret {name} cannot be read: {error}; does the operator's role allow get on Secrets in namespace {}?",
                self.key.namespace
            ),
        })?;
        found.ok_or_else(|| Problem {
            reason: "SecretMissing".into(),
            message: format!("Secret {name} does not exist in namespace {}; create it with the key clouds.yaml", self.key.namespace),
        })
    }

    fn client(&self, secret: &Secret, spec: &OpenStackCloudSpec) -> Result<Arc<dyn Cloud>, Error> {
        let text =
            |key: &str| secret.data.as_ref().and_then(|data| data.get(key)).map(|bytes| String::from_utf8_lossy(&bytes.0).into_owned());
        let yaml = text("clouds.yaml").ok_or_else(|| Error::Config {
            message: format!("Secret {} has no key clouds.yaml; it holds the file of that name", spec.credentials.secret_name),
        })?;
        let config = CloudConfig::from_clouds_yaml(&yaml, &spec.credentials.cloud, text("cacert").as_deref())?;
        let requests_per_second = u32::try_from(spec.pacing.requests_per_second).unwrap_or(1);
        let pacing = gantry_cloud::Pacing { requests_per_second, ..gantry_cloud::Pacing::default() };
        (self.ctx.connect)(config, pacing, self.ctx.metrics.cloud_hook(&self.key))
    }

    async fn read_catalog(&self, client: &Arc<dyn Cloud>) -> Result<(), Error> {
        if !self.due(self.cell.read().catalog_at, CATALOG_EVERY) {
            return Ok(());
        }
        let (begun, identity) = (self.ctx.now(), client.identity().await?);
        self.same_project(&identity)?;
        let (flavors, zones) = futures::try_join!(client.flavors(), client.zones())?;
        self.cell.update(|state| {
            state.identity = Some(identity);
            state.flavors = Arc::new(flavors.into_iter().map(|flavor| (flavor.name.clone(), flavor)).collect());
            state.zones = zones;
            state.catalog_at = Some(begun);
        });
        Ok(())
    }

    /// A 404 of another project's would prove our servers gone: while hosts exist the project must stay the same.
    fn same_project(&self, identity: &Identity) -> Result<(), Error> {
        let known = self.ctx.stores.clouds.get(&self.key).and_then(|cloud| cloud.value.status.project_id.clone());
        let hosts = self.hosts_but(&[]).count();
        match known.filter(|known| *known != identity.project_id && hosts > 0) {
            None => Ok(()),
            Some(known) => Err(Error::Config {
                message: format!(
                    "the credentials are of project {}, and {hosts} hosts were created in project {known}: give credentials of that project, \
                     or delete the pools first",
                    identity.project_id
                ),
            }),
        }
    }

    async fn read_quota(&self, client: &Arc<dyn Cloud>) -> Result<(), Error> {
        let every = if self.busy() || self.blocked() { QUOTA_BUSY_EVERY } else { IDLE_EVERY };
        let before = self.cell.read().quota;
        if !self.due(before.map(|(_, at)| at), every) {
            return Ok(());
        }
        let begun = self.ctx.now();
        let quota = client.quota().await?;
        self.cell.update(|state| state.quota = Some((quota, begun)));
        if before.is_some_and(|(old, _)| rose(&old, &quota)) {
            self.ctx.offerings.quota_rose(&self.key);
        }
        Ok(())
    }

    async fn read_servers(&self, client: &Arc<dyn Cloud>) -> Result<(), Error> {
        let every = if self.busy() { BUSY_EVERY } else { IDLE_EVERY };
        if !self.due(self.cell.read().inventory.begun, every) {
            return Ok(());
        }
        let begun = self.ctx.now();
        let servers = client.servers(Priority::Normal).await?;
        let inventory = Arc::new(inventory(servers, begun, &self.ctx.cluster_uid));
        self.cell.update(|state| state.inventory = inventory);
        Ok(())
    }

    /// Whether hosts of this cloud come or go. One that is only not ready may stay so for days and is no reason to hurry.
    fn busy(&self) -> bool {
        self.hosts_but(&[HostPhase::Ready, HostPhase::NotReady]).next().is_some()
    }

    /// Whether a pool of this cloud wants to grow and cannot.
    fn blocked(&self) -> bool {
        self.ctx.stores.pools.list().iter().any(|(key, pool)| {
            let mine = key.namespace == self.key.namespace && pool.value.spec.cloud_name == self.key.name;
            mine && gantry_crds::condition::find(&pool.value.status.conditions, "CanGrow").is_some_and(|c| c.status == "False")
        })
    }

    /// Hosts of this cloud that are being deleted or are in none of these phases.
    fn hosts_but(&self, settled: &'static [HostPhase]) -> impl Iterator<Item = Key> {
        let key = self.key.clone();
        let hosts = self.ctx.stores.hosts.list().into_iter();
        let mine = hosts.filter(move |(host, entry)| host.namespace == key.namespace && entry.value.spec.cloud_name == key.name);
        mine.filter(|(_, entry)| entry.value.deleting || !settled.contains(&entry.value.status.phase)).map(|(host, _)| host)
    }

    /// Tells planner and driver what changed.
    fn tell(&self, before: &CloudState) {
        let after = self.cell.read();
        let planned_with =
            |s: &CloudState| (s.ready().is_ok(), s.problem.clone(), s.quota.map(|(quota, _)| quota), s.catalog_at, s.references.clone());
        if planned_with(before) != planned_with(&after) {
            self.ctx.signals.plan.mark();
        }
        if before.inventory.begun != after.inventory.begun || before.problem.is_some() != after.problem.is_some() {
            self.hosts_but(&[HostPhase::Ready]).for_each(|host| self.ctx.signals.hosts.add(host));
        }
    }

    fn due(&self, last: Option<Timestamp>, every: SignedDuration) -> bool {
        last.is_none_or(|last| self.ctx.now().duration_since(last) >= every)
    }

    /// How long nothing is due.
    fn next_due(&self) -> Duration {
        let state = self.cell.read();
        let (list_every, quota_every) =
            (if self.busy() { BUSY_EVERY } else { IDLE_EVERY }, if self.busy() || self.blocked() { QUOTA_BUSY_EVERY } else { IDLE_EVERY });
        let dues = [(state.inventory.begun, list_every), (state.quota.map(|(_, at)| at), quota_every), (self.secret_at, SECRET_EVERY)];
        let left = dues.iter().map(|(last, every)| last.map_or(SignedDuration::ZERO, |last| *every - self.ctx.now().duration_since(last)));
        Duration::try_from(left.min().unwrap_or(BUSY_EVERY)).unwrap_or_default().max(SHORTEST_REST)
    }
}

/// What of an earlier client's state still holds for a new one: nothing but why the earlier one could not be used.
fn fresh(old: &CloudState) -> CloudState {
    CloudState { problem: old.problem.clone(), ..CloudState::default() }
}

fn rose(old: &gantry_cloud::Quota, new: &gantry_cloud::Quota) -> bool {
    let free = |line: &gantry_cloud::Line| if line.limit < 0 { i64::MAX } else { line.limit - line.used };
    free(&new.instances) > free(&old.instances) || free(&new.cores) > free(&old.cores) || free(&new.memory_mib) > free(&old.memory_mib)
}

/// A complete list, with what bears our cluster's UID found by host.
fn inventory(servers: Vec<Server>, begun: Timestamp, cluster_uid: &str) -> Inventory {
    let mut by_host: HashMap<String, Vec<String>> = HashMap::new();
    for server in &servers {
        let ours = server.metadata.get(META_CLUSTER).is_some_and(|uid| uid == cluster_uid);
        if let (true, Some(host)) = (ours, server.metadata.get(META_HOST)) {
            by_host.entry(host.clone()).or_default().push(server.id.clone());
        }
    }
    Inventory { begun: Some(begun), by_host, servers: servers.into_iter().map(|server| (server.id.clone(), Arc::new(server))).collect() }
}
