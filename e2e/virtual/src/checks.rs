//! What must never happen, looked at after every step of the world and before every deletion in the cloud (I1 to I7).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gantry_cloud_sim::Simulator;
use gantry_crds::{LABEL_HOST_UID, META_HOST};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::world::World;
use crate::world::inventory::{Inventory, Thing};

/// Deletions are counted over this time (I6).
const WINDOW: SignedDuration = SignedDuration::from_mins(10);
/// Violations that are kept; what comes beyond says nothing new.
const VIOLATIONS_MAX: usize = 50;
/// Secrets that are looked for.
const CANARIES_MAX: usize = 2_000;

/// What a world allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Hosts at a time (I5).
    pub hosts_max: usize,
    /// Servers deleted within ten minutes (I6).
    pub deletions_max: usize,
}

/// Whether things without a Host may be deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orphans {
    /// They are reported only.
    #[default]
    Stay,
    /// The cloud says `orphans.action: Delete`.
    MayGo,
    /// A person deletes everything that bears our UID.
    CleanedUpByHand,
}

/// The invariants and what broke them.
pub struct Checks {
    state: Mutex<State>,
}

struct State {
    limits: Limits,
    orphans: Orphans,
    violations: Vec<String>,
    deletions: VecDeque<(Timestamp, String)>,
    deleted: BTreeSet<String>,
    created: usize,
    doubles: usize,
    canaries: BTreeSet<String>,
}

impl Checks {
    /// Checks of a world with these limits; the cloud's passwords are canaries from the start.
    pub fn new(limits: Limits, cloud: &Simulator) -> Self {
        let mut canaries = BTreeSet::new();
        if let Some(credential) = cloud.application_credential() {
            canaries.insert(credential.secret);
        }
        let state = State {
            limits,
            orphans: Orphans::default(),
            violations: Vec::new(),
            deletions: VecDeque::new(),
            deleted: BTreeSet::new(),
            created: 0,
            doubles: 0,
            canaries,
        };
        Self { state: Mutex::new(state) }
    }

    /// What broke; empty if nothing did.
    pub fn violations(&self) -> Vec<String> {
        self.lock().violations.clone()
    }

    /// Servers whose deletion was asked for, each once.
    pub fn servers_deleted(&self) -> usize {
        self.lock().deleted.len()
    }

    /// Servers that were asked for, answered or not.
    pub fn servers_created(&self) -> usize {
        self.lock().created
    }

    /// Times at which a host was seen with two servers that run.
    pub fn doubles(&self) -> usize {
        self.lock().doubles
    }

    /// Allows or forbids the deletion of things without a Host.
    pub fn orphans(&self, orphans: Orphans) {
        self.lock().orphans = orphans;
    }

    /// From now on so many may go within ten minutes.
    pub fn deletions_max(&self, count: usize) {
        self.lock().limits.deletions_max = count;
    }

    /// Something else that must not be was seen.
    pub fn violated(&self, what: &str) {
        let mut state = self.lock();
        if state.violations.len() < VIOLATIONS_MAX && !state.violations.iter().any(|known| known == what) {
            tracing::error!(target: "world", "violated: {what}");
            state.violations.push(what.to_owned());
        }
    }

    /// A text that people or programs can read: no secret may be in it (I7).
    pub fn shown(&self, whence: &str, text: &str) {
        let found = self.lock().canaries.iter().any(|canary| text.contains(canary.as_str()));
        if found {
            self.violated(&format!("I7: a secret is in {whence}"));
        }
    }

    /// After each step of the world.
    pub fn after_step(&self, world: &World, inventory: &Inventory, now: Timestamp) {
        self.one_server_a_host(world, inventory, now);
        self.ceiling(world, inventory);
        self.gather_canaries(world);
    }

    /// I1: never two ACTIVE servers of one host.
    fn one_server_a_host(&self, world: &World, inventory: &Inventory, now: Timestamp) {
        let mut running: BTreeMap<&str, usize> = BTreeMap::new();
        for server in inventory.servers_of(&world.cluster_uid).filter(|server| server.status == "ACTIVE") {
            *running.entry(server.metadata.get(META_HOST).map_or("", String::as_str)).or_default() += 1;
        }
        for (host, count) in running.into_iter().filter(|(_, count)| *count > 1) {
            self.lock().doubles += 1;
            self.violated(&format!("I1: host {host} has {count} ACTIVE servers at {now}"));
        }
    }

    /// I5: in flight and existing, by Hosts and by the cloud.
    fn ceiling(&self, world: &World, inventory: &Inventory) {
        let hosts = world.api.list("hosts").len();
        let alive = inventory.servers_of(&world.cluster_uid).filter(|server| server.status != "ERROR");
        let served: BTreeSet<&String> = alive.filter_map(|server| server.metadata.get(META_HOST)).collect();
        let max = self.lock().limits.hosts_max;
        if hosts.max(served.len()) > max {
            self.violated(&format!("I5: {hosts} Hosts and {} hosts with servers, and maxHosts is {max}", served.len()));
        }
    }

    fn gather_canaries(&self, world: &World) {
        use base64::Engine;
        for secret in world.api.list("secrets") {
            let encoded = secret["data"]["token-secret"].as_str();
            let text = encoded.and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
            if let Some(text) = text.and_then(|bytes| String::from_utf8(bytes).ok()) {
                let mut state = self.lock();
                if state.canaries.len() < CANARIES_MAX {
                    state.canaries.insert(text);
                }
            }
        }
    }

    /// Before a request of the operator's reaches the cloud: I3, I4 and I6.
    pub fn before_request(&self, world: &World, method: &str, path: &str) {
        if method == "POST" && path.ends_with("/servers") {
            self.lock().created += 1;
        }
        if method != "DELETE" {
            return;
        }
        let Some(id) = path.rsplit('/').next().filter(|id| id.len() >= 32) else { return };
        let Some(thing) = world.inventory().things().into_iter().find(|thing| thing.id == id) else { return };
        if thing.cluster.as_deref() != Some(&world.cluster_uid) {
            self.violated(&format!("I4: the {} {} ({}) is not this cluster's and was to be deleted", thing.kind, thing.name, thing.id));
            return;
        }
        self.asked_for(world, &thing);
        if thing.kind == "server" {
            self.count_deletion(world, id);
        }
    }

    /// I3: by an explicit deletion of the host, or the loser of a race that another server of the host has won.
    fn asked_for(&self, world: &World, thing: &Thing) {
        let Some(uid) = thing.host.as_ref().filter(|_| self.lock().orphans != Orphans::CleanedUpByHand) else { return };
        let host = world.api.list("hosts").into_iter().find(|host| host["metadata"]["uid"] == **uid);
        let Some(host) = host else {
            if self.lock().orphans == Orphans::Stay {
                self.violated(&format!("I3: the {} {} has no Host, was not to be swept, and was to be deleted", thing.kind, thing.id));
            }
            return;
        };
        if host["metadata"]["deletionTimestamp"].is_string() {
            return;
        }
        let status = &host["status"];
        let is_listed = |field: &str| status[field].as_array().is_some_and(|ids| ids.iter().any(|id| id == thing.id.as_str()));
        let recorded = ["serverID", "volumeID", "floatingIPID"].iter().any(|field| status[*field] == thing.id.as_str());
        if recorded || is_listed("portIDs") || (thing.kind == "server" && !status["serverID"].is_string()) {
            let name = &host["metadata"]["name"];
            self.violated(&format!("I3: the {} {} of the live host {name} was to be deleted", thing.kind, thing.id));
        }
    }

    /// I6: so many in ten minutes.
    fn count_deletion(&self, world: &World, id: &str) {
        let now = world.clock.now();
        let (count, max) = {
            let mut state = self.lock();
            if !state.deleted.insert(id.to_owned()) {
                return;
            }
            state.deletions.push_back((now, id.to_owned()));
            while state.deletions.front().is_some_and(|(at, _)| now.duration_since(*at) > WINDOW) {
                state.deletions.pop_front();
            }
            (state.deletions.len(), state.limits.deletions_max)
        };
        if count > max {
            self.violated(&format!("I6: {count} servers deleted within ten minutes, and {max} are allowed"));
        }
    }

    /// I2: what bears our UID and stands for nothing that still exists.
    pub fn unreferenced(&self, world: &World) -> Vec<String> {
        let uids = |plural: &str| -> BTreeSet<String> {
            world.api.list(plural).iter().filter_map(|object| object["metadata"]["uid"].as_str().map(str::to_owned)).collect()
        };
        let (hosts, pools) = (uids("hosts"), uids("vmpools"));
        let ours = world.inventory().things().into_iter().filter(|thing| thing.cluster.as_deref() == Some(&world.cluster_uid));
        let is_held = |thing: &Thing| match &thing.host {
            Some(host) => hosts.contains(host),
            None => pools.iter().any(|pool| thing.name.contains(pool.as_str())),
        };
        let things = ours.filter(|thing| !is_held(thing)).map(|thing| format!("{} {} {}", thing.kind, thing.name, thing.id));
        let tokens = world.api.list("secrets").into_iter().filter_map(|secret| {
            let uid = secret["metadata"]["labels"][LABEL_HOST_UID].as_str()?.to_owned();
            (!hosts.contains(&uid)).then(|| format!("token of host {uid}"))
        });
        things.chain(tokens).collect()
    }

    /// I7 in everything that Kubernetes shows.
    pub fn look_for_secrets(&self, world: &World, metrics: &str) {
        self.shown("the metrics", metrics);
        for plural in ["events", "hosts", "vmpools", "openstackclouds", "nodes", "pods", "certificatesigningrequests"] {
            for object in world.api.list(plural) {
                self.shown(&format!("{plural} {}", object["metadata"]["name"]), &Value::to_string(&object));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
