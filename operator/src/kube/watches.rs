//! All that the operator watches: one informer a kind, what it keeps, and whom it tells.

use std::marker::PhantomData;
use std::sync::Arc;

use gantry_crds::{Host, OpenStackCloud, VMPool};
use gantry_plan::model::{DaemonSet, Key, Node, Pod};
use k8s_openapi::api::apps::v1 as apps;
use k8s_openapi::api::certificates::v1 as certificates;
use k8s_openapi::api::core::v1 as core;
use kube::core::DeserializeGuard;
use kube::runtime::watcher;
use kube::{Api, Client};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::csr::Csr;
use super::index::{Index, Since};
use super::informer::{self, Projected, Watched};
use super::objects::{CloudObject, HostObject, PoolObject};
use super::project;
use super::signals::{Dirty, Queue};
use super::store::Store;
use crate::clock::Clock;
use crate::serve::metrics::Metrics;
use crate::serve::readiness::Readiness;

/// The stores, each complete once synced.
#[derive(Clone, Debug, Default)]
pub struct Stores {
    /// Pods that have not finished.
    pub pods: Arc<Store<Pod>>,
    /// Nodes; their keys have no namespace.
    pub nodes: Arc<Store<Node>>,
    /// DaemonSets.
    pub daemon_sets: Arc<Store<DaemonSet>>,
    /// Hosts.
    pub hosts: Arc<Store<HostObject>>,
    /// VMPools.
    pub pools: Arc<Store<PoolObject>>,
    /// OpenStackClouds.
    pub clouds: Arc<Store<CloudObject>>,
    /// Certificate signing requests of kubelets.
    pub csrs: Arc<Store<Csr>>,
    /// Pods by the node that they are bound to.
    pub pods_by_node: Arc<Index>,
    /// Since when pods are known to find no room.
    pub waiting: Arc<Since>,
    /// Hosts by their name, which is their node's too.
    pub hosts_by_name: Arc<Index>,
}

impl Stores {
    /// Whether every store is complete. Nothing is decided before.
    pub fn synced(&self) -> bool {
        self.pods.synced()
            && self.nodes.synced()
            && self.daemon_sets.synced()
            && self.hosts.synced()
            && self.pools.synced()
            && self.clouds.synced()
    }

    /// Takes in a Host that a write returned, so that the next decision sees it before its watch event comes.
    pub fn put_host(&self, host: Host) {
        let key = informer::key(&host);
        let change = self.hosts.apply(key.clone(), super::objects::entry(host));
        self.hosts_by_name.moved(&key, change.old.map(|_| key.name.as_str()), Some(&key.name));
    }

    /// The Hosts of this name, one in each namespace: whose node it is, the providerID tells.
    pub fn hosts_named(&self, node: &str) -> Vec<Key> {
        self.hosts_by_name.get(node)
    }
}

/// Whom changes are told.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    /// The planning loop.
    pub plan: Dirty,
    /// The host driver.
    pub hosts: Queue,
    /// The cloud observers' manager.
    pub clouds: Dirty,
    /// The certificate approver.
    pub csrs: Dirty,
}

/// An informer's view of one kind.
#[derive(Clone)]
struct Kind<R, C> {
    name: &'static str,
    reads: PhantomData<R>,
    changed: C,
    metrics: Metrics,
    readiness: Readiness,
}

/// Ties an API type to its projection.
trait Read: Clone + Send + Sync + 'static {
    type Object: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned + Send + 'static;
    type Value: PartialEq + Send + Sync + 'static;
    fn read(object: Self::Object) -> Projected<Self::Value>;
}

impl<R: Read, C: Fn(&Key, Option<&R::Value>, Option<&R::Value>) + Clone + Send + Sync + 'static> Watched for Kind<R, C> {
    type Object = R::Object;
    type Value = R::Value;

    fn project(&self, object: R::Object) -> Projected<R::Value> {
        R::read(object)
    }

    fn changed(&self, key: &Key, old: Option<&R::Value>, new: Option<&R::Value>) {
        (self.changed)(key, old, new);
    }

    fn synced(&self) {
        self.metrics.watch_synced(self.name, true);
        self.readiness.done(self.name);
        (self.changed)(&Key::default(), None, None);
    }

    fn failed(&self, error: &watcher::Error) {
        self.metrics.watch_failed(self.name);
        tracing::warn!(kind = self.name, %error, "a watch failed and will be opened again");
    }
}

macro_rules! read {
    ($name:ident, $object:ty, $value:ty, $read:expr) => {
        #[derive(Clone)]
        struct $name;
        impl Read for $name {
            type Object = $object;
            type Value = $value;
            fn read(object: $object) -> Projected<$value> {
                ($read)(object)
            }
        }
    };
}

fn guarded<K: Into<V>, V>(object: DeserializeGuard<K>) -> Projected<V> {
    match object.0 {
        Ok(object) => Projected::Keep(object.into()),
        Err(invalid) => Projected::Invalid(invalid.error),
    }
}

read!(Pods, core::Pod, Pod, |pod| project::pod(pod).map_or(Projected::Drop, Projected::Keep));
read!(Nodes, core::Node, Node, |node| Projected::Keep(project::node(node)));
read!(DaemonSets, apps::DaemonSet, DaemonSet, |set| Projected::Keep(project::daemon_set(set)));
read!(Hosts, DeserializeGuard<Host>, HostObject, guarded);
read!(Pools, DeserializeGuard<VMPool>, PoolObject, guarded);
read!(Clouds, DeserializeGuard<OpenStackCloud>, CloudObject, guarded);
read!(Csrs, certificates::CertificateSigningRequest, Csr, |csr| Csr::read(csr).map_or(Projected::Drop, Projected::Keep));

/// Starts all informers. Each is essential: the set's first finished task ends the process.
pub fn start(
    client: &Client,
    metrics: &Metrics,
    readiness: &Readiness,
    clock: Clock,
    stop: &CancellationToken,
) -> (Stores, Signals, JoinSet<&'static str>) {
    let (stores, signals) = (Stores::default(), Signals::default());
    let mut starter = Starter {
        client: client.clone(),
        metrics: metrics.clone(),
        readiness: readiness.clone(),
        stop: stop.clone(),
        tasks: JoinSet::new(),
    };
    watch_workloads(&mut starter, &stores, &signals, clock);
    watch_own(&mut starter, &stores, &signals);
    (stores, signals, starter.tasks)
}

fn watch_workloads(starter: &mut Starter, stores: &Stores, signals: &Signals, clock: Clock) {
    let (s, g) = (stores.clone(), signals.clone());
    starter.watch("pods", Pods, &stores.pods, move |key, old, new| {
        g.plan.mark();
        s.waiting.note(key, new.is_some_and(|pod| pod.unschedulable && pod.node_name.is_none()), clock.now());
        let node = |pod: Option<&Pod>| pod.and_then(|pod| pod.node_name.clone());
        let (old, new) = (node(old), node(new));
        s.pods_by_node.moved(key, old.as_deref(), new.as_deref());
        old.iter().chain(&new).flat_map(|node| s.hosts_named(node)).for_each(|host| g.hosts.add(host));
    });
    let (s, g) = (stores.clone(), signals.clone());
    starter.watch("nodes", Nodes, &stores.nodes, move |key, _, _| {
        g.plan.mark();
        g.csrs.mark();
        s.hosts_named(&key.name).into_iter().for_each(|host| g.hosts.add(host));
    });
    let g = signals.clone();
    starter.watch("daemonsets", DaemonSets, &stores.daemon_sets, move |_, _, _| g.plan.mark());
    let g = signals.clone();
    starter.watch("certificatesigningrequests", Csrs, &stores.csrs, move |_, _, _| g.csrs.mark());
}

fn watch_own(starter: &mut Starter, stores: &Stores, signals: &Signals) {
    let (s, g) = (stores.clone(), signals.clone());
    starter.watch("hosts", Hosts, &stores.hosts, move |key, old, new| {
        s.hosts_by_name.moved(key, old.map(|_| key.name.as_str()), new.map(|_| key.name.as_str()));
        g.plan.mark();
        g.csrs.mark();
        g.hosts.add(key.clone());
    });
    let g = signals.clone();
    starter.watch("vmpools", Pools, &stores.pools, move |_, _, _| {
        g.plan.mark();
        g.clouds.mark();
    });
    let g = signals.clone();
    starter.watch("openstackclouds", Clouds, &stores.clouds, move |_, _, _| {
        g.plan.mark();
        g.clouds.mark();
    });
}

struct Starter {
    client: Client,
    metrics: Metrics,
    readiness: Readiness,
    stop: CancellationToken,
    tasks: JoinSet<&'static str>,
}

impl Starter {
    fn watch<R: Read>(
        &mut self,
        name: &'static str,
        _: R,
        store: &Arc<Store<R::Value>>,
        changed: impl Fn(&Key, Option<&R::Value>, Option<&R::Value>) + Clone + Send + Sync + 'static,
    ) where
        R::Object: Sync,
    {
        self.readiness.expect(name);
        let kind = Kind { name, reads: PhantomData::<R>, changed, metrics: self.metrics.clone(), readiness: self.readiness.clone() };
        let run = informer::run(Api::all(self.client.clone()), watcher::Config::default(), kind, store.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            run.await;
            name
        });
    }
}
