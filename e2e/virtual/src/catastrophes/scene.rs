//! A world in which a catastrophe is about to happen, and what is counted in it.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::api::store::name_of;
use crate::lab::{End, Lab, Life};
use crate::wire::Wire;
use crate::world::pods::{Set, node_of};
use crate::world::{Setup, World};

/// How big a trial is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// A few seconds.
    Small,
    /// As it happened to others.
    Full,
}

/// One trial.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// Seed.
    pub seed: u64,
    /// Size.
    pub size: Size,
}

impl Trial {
    /// Hosts of a big fleet.
    pub fn fleet(self) -> usize {
        match self.size {
            Size::Small => 60,
            Size::Full => 5_000,
        }
    }
}

/// A world with its operator.
pub struct Scene {
    /// The lab.
    pub lab: Lab,
}

/// What is compared before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Servers whose deletion was asked for.
    pub deletes: usize,
    /// Servers that were asked for.
    pub creates: usize,
    /// Hosts that are being deleted.
    pub going: usize,
    /// Hosts.
    pub hosts: usize,
}

impl Scene {
    /// A world as `setup` describes it, with nothing in it yet.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new(setup: &Setup) -> Result<Self> {
        Ok(Self { lab: Lab::new(setup)? })
    }

    /// A world with `count` hosts that joined long ago. Empty hosts stay.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn with_fleet(count: usize, setup: Setup) -> Result<Self> {
        let setup = Setup { hosts_max: count + 10, empty_after: "Never", ..setup };
        let lab = Lab::new(&setup)?;
        lab.world.seed_hosts(count, &setup)?;
        Ok(Self { lab })
    }

    /// The world.
    pub fn world(&self) -> &World {
        &self.lab.world
    }

    /// One life of the operator from here to the end of `scenario`; then no invariant may be broken.
    ///
    /// # Errors
    /// What the scenario says, or what broke.
    pub fn play<T>(&mut self, scenario: impl AsyncFnOnce(Life) -> Result<T>) -> Result<T> {
        let End::Done(value) = self.lab.life(&Wire::whole(), scenario)? else { anyhow::bail!("a whole wire was cut") };
        self.unbroken()?;
        Ok(value)
    }

    /// No invariant is broken.
    ///
    /// # Errors
    /// What is.
    pub fn unbroken(&self) -> Result<()> {
        let violations = self.world().checks.violations();
        ensure!(
            violations.is_empty(),
            "{}\n{}\nthe log's end:\n{}",
            violations.join("; "),
            self.world().picture(),
            self.lab.log.tail(20).join("\n")
        );
        Ok(())
    }

    /// Everything is let go, and nothing may be left.
    ///
    /// # Errors
    /// What is left.
    pub fn ends_empty(&mut self) -> Result<()> {
        self.world().checks.deletions_max(usize::MAX);
        self.play(async |life: Life| {
            for pool in life.world.api.list("vmpools") {
                life.world.api.delete("vmpools", &pool, 0);
            }
            life.until("everything is gone", minutes(60), |world| world.api.list("vmpools").is_empty()).await
        })?;
        let left = self.world().checks.unreferenced(self.world());
        ensure!(left.is_empty(), "left behind: {left:?}");
        Ok(())
    }
}

/// Counts of now.
pub fn counts(world: &World) -> Counts {
    let hosts = world.api.list("hosts");
    let going = hosts.iter().filter(|host| host["metadata"]["deletionTimestamp"].is_string()).count();
    Counts { deletes: world.checks.servers_deleted(), creates: world.checks.servers_created(), going, hosts: hosts.len() }
}

/// Nothing was created or deleted since `before`.
///
/// # Errors
/// What was.
pub fn untouched(world: &World, before: Counts) -> Result<()> {
    let after = counts(world);
    ensure!(after == before, "something was touched: {before:?} became {after:?}\n{}", world.picture());
    Ok(())
}

/// So many pods, each of which needs a host of its own.
pub fn want(world: &World, replicas: usize) {
    let set = Set { name: "web".into(), replicas, cpu_milli: 3000, memory_mib: 1024, selector: None };
    world.pods(|pods| pods.set(set));
}

/// One more pod, which needs a host of its own in this zone.
pub fn want_in_zone(world: &World, zone: &'static str) {
    let selector = Some(("topology.kubernetes.io/zone", zone));
    let set = Set { name: format!("in-{zone}"), replicas: 1, cpu_milli: 3000, memory_mib: 1024, selector };
    world.pods(|pods| pods.set(set));
}

/// Waits until so many hosts are ready and every pod is bound.
///
/// # Errors
/// If it takes longer than `limit`.
pub async fn grown(life: &Life, hosts: usize, limit: Duration) -> Result<Duration> {
    let what = format!("{hosts} hosts ready and no pod waiting");
    life.until(&what, limit, |world| world.hosts_in("Ready") == hosts && world.api.list("pods").iter().all(|pod| node_of(pod).is_some()))
        .await
}

/// A fault rule of the simulator; the answer is what takes it away.
pub fn fault(world: &World, rule: Value) -> u64 {
    world.admin("POST", "faults", rule)["ids"][0].as_u64().unwrap_or_default()
}

/// No fault any more.
pub fn no_faults(world: &World) {
    world.admin("DELETE", "faults", Value::Null);
}

/// Minutes.
pub const fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

/// Marks every node as its silent kubelet would make it.
pub fn nodes_fall_silent(world: &World) {
    for node in world.api.list("nodes") {
        world.api.edit("nodes", "", name_of(&node), |node| {
            node["status"]["conditions"][0]["status"] = json!("Unknown");
            node["status"]["conditions"][0]["reason"] = json!("NodeStatusUnknown");
        });
    }
}

/// Requests to the cloud that match, so far.
pub fn requests(world: &World, route: &str) -> u64 {
    let told = world.admin("GET", "state", Value::Null);
    let counts = told["requests"].as_object().cloned().unwrap_or_default();
    counts.iter().filter(|(name, _)| name.contains(route)).filter_map(|(_, count)| count.as_u64()).sum()
}
