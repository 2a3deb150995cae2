//! All that the operator watches: one informer a kind, what it keeps, and whom it tells.

use std::sync::Arc;

use gantry_crds::{Host, OpenStackCloud, VMPool};
use gantry_plan::model::{Class, DaemonSet, Key, Labels, Node, Pod, Volume, VolumeClaim};
use k8s_openapi::api::certificates::v1 as certificates;
use kube::core::DeserializeGuard;
use kube::runtime::watcher;
use kube::{Api, Client};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::csr::Csr;
use super::index::{Index, Since};
use super::informer::{self, Projected, Watched};
use super::objects::{CloudObject, HostObject, PoolObject};
use super::project::{self, Drivers, Interner, Origin, wire};
use super::signals::{Dirty, Queue};
use super::store::{Kept, Store};
use crate::clock::Clock;
use crate::serve::metrics::Metrics;
use crate::serve::readiness::Readiness;

/// The stores, each complete once synced.
#[derive(Clone, Debug, Default)]
pub struct Stores {
    /// Pods that have not finished.
    pub pods: Arc<Store<Arc<Pod>>>,
    /// Nodes; their keys have no namespace.
    pub nodes: Arc<Store<Node>>,
    /// Labels of namespaces; the keys have only names.
    pub namespaces: Arc<Store<Labels>>,
    /// PersistentVolumeClaims.
    pub volume_claims: Arc<Store<VolumeClaim>>,
    /// PersistentVolumes; the keys have only names.
    pub volumes: Arc<Store<Volume>>,
    /// StorageClasses; the keys have only names.
    pub classes: Arc<Store<Class>>,
    /// Drivers by node (CSINode); the keys have only names.
    pub csi_nodes: Arc<Store<Drivers>>,
    /// Whether a node without the driver takes no pod that needs it (CSIDriver); the keys have only names.
    pub csi_drivers: Arc<Store<bool>>,
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
    pub pods_by_node: Arc<Index<Arc<Pod>>>,
    /// Since when pods are known to find no room.
    pub waiting: Arc<Since>,
    /// Hosts by their name, which is their node's too.
    pub hosts_by_name: Arc<Index<Key>>,
}

impl Stores {
    /// Whether every store is complete. Nothing is decided before.
    pub fn synced(&self) -> bool {
        self.pods.synced()
            && self.nodes.synced()
            && self.namespaces.synced()
            && self.storage_synced()
            && self.daemon_sets.synced()
            && self.hosts.synced()
            && self.pools.synced()
            && self.clouds.synced()
    }

    fn storage_synced(&self) -> bool {
        self.volume_claims.synced()
            && self.volumes.synced()
            && self.classes.synced()
            && self.csi_nodes.synced()
            && self.csi_drivers.synced()
    }

    /// Drivers of a node's CSINode.
    pub fn drivers(&self, node: &str) -> Option<Drivers> {
        self.csi_nodes.get(&Key::new("", node)).map(|entry| entry.value.clone())
    }

    /// Takes in a Host that a write returned, so that the next decision sees it before its watch event comes.
    pub fn put_host(&self, host: Host) {
        let key = informer::key(&host);
        self.hosts.apply(super::objects::entry(host));
        self.hosts_by_name.put(key.name.as_str().into(), key);
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
    reads: R,
    changed: C,
    metrics: Metrics,
    readiness: Readiness,
}

/// Ties an API type to its projection.
trait Read: Clone + Send + Sync + 'static {
    type Object: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned + Send + 'static;
    type Value: Kept + Send + Sync + 'static;
    fn read(&self, object: Self::Object) -> Projected<Self::Value>;
}

impl<R: Read, C: Fn(&Key, Option<&R::Value>, Option<&R::Value>) + Clone + Send + Sync + 'static> Watched for Kind<R, C> {
    type Object = R::Object;
    type Value = R::Value;

    fn project(&self, object: R::Object) -> Projected<R::Value> {
        self.reads.read(object)
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
            fn read(&self, object: $object) -> Projected<$value> {
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

/// Pods share their specs and labels.
#[derive(Clone)]
struct Pods(Arc<Interner>);

impl Read for Pods {
    type Object = wire::Pod;
    type Value = Arc<Pod>;

    fn read(&self, pod: wire::Pod) -> Projected<Arc<Pod>> {
        project::pod(pod, &self.0, Origin::Cluster).map_or(Projected::Drop, |pod| Projected::Keep(Arc::new(pod)))
    }
}

read!(Nodes, wire::Node, Node, |node| Projected::Keep(project::node(node)));
read!(DaemonSets, wire::DaemonSet, DaemonSet, |set| Projected::Keep(project::daemon_set(set)));
read!(Namespaces, wire::Namespace, Labels, |namespace| Projected::Keep(project::namespace(namespace)));
read!(Claims, wire::Claim, VolumeClaim, |claim| Projected::Keep(project::volume_claim(claim)));
read!(Volumes, wire::Volume, Volume, |volume| Projected::Keep(project::volume(volume)));
read!(Classes, wire::Class, Class, |class| Projected::Keep(project::class(class)));
read!(CsiNodes, wire::CsiNode, Drivers, |node| Projected::Keep(project::drivers(node)));
read!(CsiDrivers, wire::CsiDriver, bool, |driver| Projected::Keep(project::csi_driver(driver)));
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
    watch_storage(&mut starter, &stores, &signals);
    watch_own(&mut starter, &stores, &signals);
    (stores, signals, starter.tasks)
}

fn watch_workloads(starter: &mut Starter, stores: &Stores, signals: &Signals, clock: Clock) {
    let (s, g) = (stores.clone(), signals.clone());
    starter.watch("pods", Pods(Arc::default()), &stores.pods, move |key, old, new| {
        let waits = |pod: Option<&Arc<Pod>>| pod.is_some_and(|pod| pod.unschedulable && pod.node_name.is_none());
        if waits(new) && !waits(old) {
            g.plan.mark_waiting()
        } else {
            g.plan.mark()
        }
        s.waiting.note(key, waits(new), clock.now());
        let node = |pod: Option<&Arc<Pod>>| pod.and_then(|pod| pod.node_name.clone());
        let (from, to) = (node(old), node(new));
        if let Some(from) = from.as_deref().filter(|from| to.as_deref() != Some(from)) {
            s.pods_by_node.remove(from, key);
        }
        if let (Some(to), Some(pod)) = (&to, new) {
            s.pods_by_node.put(to.clone(), pod.clone());
        }
        from.iter().chain(&to).flat_map(|node| s.hosts_named(node)).for_each(|host| g.hosts.add(host));
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
    starter.watch("namespaces", Namespaces, &stores.namespaces, move |_, _, _| g.plan.mark());
    let g = signals.clone();
    starter.watch("certificatesigningrequests", Csrs, &stores.csrs, move |_, _, _| g.csrs.mark());
}

fn watch_storage(starter: &mut Starter, stores: &Stores, signals: &Signals) {
    let marks = || {
        let plan = signals.plan.clone();
        move || plan.mark()
    };
    let mark = marks();
    starter.watch("persistentvolumeclaims", Claims, &stores.volume_claims, move |_, _, _| mark());
    let mark = marks();
    starter.watch("persistentvolumes", Volumes, &stores.volumes, move |_, _, _| mark());
    let mark = marks();
    starter.watch("storageclasses", Classes, &stores.classes, move |_, _, _| mark());
    let mark = marks();
    starter.watch("csidrivers", CsiDrivers, &stores.csi_drivers, move |_, _, _| mark());
    let (s, g) = (stores.clone(), signals.clone());
    starter.watch("csinodes", CsiNodes, &stores.csi_nodes, move |key, _, _| {
        g.plan.mark();
        s.hosts_named(&key.name).into_iter().for_each(|host| g.hosts.add(host));
    });
}

fn watch_own(starter: &mut Starter, stores: &Stores, signals: &Signals) {
    let (s, g) = (stores.clone(), signals.clone());
    starter.watch("hosts", Hosts, &stores.hosts, move |key, _, new| {
        match new {
            Some(_) => s.hosts_by_name.put(key.name.as_str().into(), key.clone()),
            None => s.hosts_by_name.remove(&key.name, key),
        }
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
        reads: R,
        store: &Arc<Store<R::Value>>,
        changed: impl Fn(&Key, Option<&R::Value>, Option<&R::Value>) + Clone + Send + Sync + 'static,
    ) where
        R::Object: Sync,
    {
        self.readiness.expect(name);
        let kind = Kind { name, reads, changed, metrics: self.metrics.clone(), readiness: self.readiness.clone() };
        let run = informer::run(Api::all(self.client.clone()), watcher::Config::default(), kind, store.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            run.await;
            name
        });
    }
}
