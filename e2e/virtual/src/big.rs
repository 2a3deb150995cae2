//! A full cluster in the operator's memory: what a pod costs there, and how long one round of planning takes.
//!
//! On real time, and with the operator as a process of its own: the memory of the world around it does not count.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::api::socket;
use crate::api::store::name_of;
use crate::histogram::Histogram;
use crate::process::{Memory, Process};
use crate::world::pods::{NAMESPACE, Set};
use crate::world::{Setup, World};

/// CPU of a pod that runs: 30 of them fill an m1.large.
const CPU_MILLI: i64 = 120;
/// Seconds that one round of planning may take.
const PLANNING_MAX_S: f64 = 0.1;
/// The operator has read everything by then.
const READY_LIMIT: Duration = Duration::from_secs(300);
/// How often that is asked.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// It is left alone for so long, before pods wait and while they do.
const WATCHED: Duration = Duration::from_secs(20);
const MIB: u64 = 1 << 20;

/// How big.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Hosts, each with its node.
    pub hosts: usize,
    /// Pods that run, spread evenly.
    pub pods: usize,
    /// Pods that wait.
    pub waiting: usize,
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct Big {
    /// How big.
    pub size: Size,
    /// From the operator's start until it had read everything.
    pub ready_after: Duration,
    /// The operator's memory once it knew everything, before pods waited.
    pub at_rest: Memory,
    /// The same after it had planned for those that wait.
    pub planned: Memory,
    /// Seconds that a snapshot took.
    pub snapshot: Histogram,
    /// Seconds that a round of planning took, its snapshot included.
    pub planning: Histogram,
}

impl Big {
    /// The table.
    pub fn lines(&self) -> String {
        let mean_ms = |histogram: &Histogram| 1000.0 * histogram.sum / histogram.count().max(1.0);
        let mib = |bytes: u64| bytes.div_ceil(MIB);
        let Size { hosts, pods, waiting } = self.size;
        format!(
            "{hosts} hosts, {pods} pods: ready after {:.1} s; operator {} MiB at rest, {} MiB after {waiting} pods waited, {} MiB at most\n\
             snapshot {:.1} ms, snapshot and plan {:.1} ms (mean of {}), p99 at most {} ms (limit {} ms)",
            self.ready_after.as_secs_f64(),
            mib(self.at_rest.now_bytes),
            mib(self.planned.now_bytes),
            mib(self.planned.peak_bytes),
            mean_ms(&self.snapshot),
            mean_ms(&self.planning),
            self.planning.count(),
            1000.0 * self.planning.quantile(0.99),
            1000.0 * PLANNING_MAX_S,
        )
    }

    /// Whether it is as small, even at its worst, and as quick as it must be.
    ///
    /// # Errors
    /// If it is not.
    pub fn judge(&self, memory_max_mib: u64) -> Result<()> {
        ensure!(self.planned.peak_bytes <= memory_max_mib * MIB, "the operator's memory: more than {memory_max_mib} MiB at most");
        ensure!(self.planning.quantile(0.99) <= PLANNING_MAX_S, "planning takes more than {PLANNING_MAX_S} s");
        Ok(())
    }
}

/// A fleet of this size with its pods, some of which wait. `program run` is the operator.
///
/// # Errors
/// If the world cannot be made, or an invariant broke.
pub fn run(size: Size, seed: u64, program: &Path) -> Result<Big> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(measure(size, seed, program));
    runtime.shutdown_background();
    outcome
}

async fn measure(size: Size, seed: u64, program: &Path) -> Result<Big> {
    let world = fleet(size, seed)?;
    let api = socket::listen(&world.api).await?;
    tokio::spawn(world.clone().run());
    let mut operator = Process::start(program, api)?;
    let ready_after = ready(&mut operator, &world).await?;
    tokio::time::sleep(WATCHED).await;
    let (at_rest, before) = (operator.memory()?, operator.metrics().await?);
    let set = Set { name: "waiting".into(), replicas: size.waiting, cpu_milli: 500, memory_mib: 256, selector: None };
    world.pods(|pods| pods.set(set));
    tokio::time::sleep(WATCHED).await;
    let (planned, after) = (operator.memory()?, operator.metrics().await?);
    let violations = world.checks.violations();
    ensure!(violations.is_empty(), "{}\nthe log's end:\n{}", violations.join("; "), operator.log());
    let read = |name| Histogram::read(&after, name).since(&Histogram::read(&before, name));
    let (snapshot, planning) = (read("gantry_snapshot_duration_seconds"), read("gantry_plan_duration_seconds"));
    Ok(Big { size, ready_after, at_rest, planned, snapshot, planning })
}

/// Hosts that run, full of pods that do.
fn fleet(size: Size, seed: u64) -> Result<Arc<World>> {
    let setup = Setup { hosts_max: size.hosts + 10, empty_after: "Never", ..Setup::small(seed) };
    let world = World::on_sockets(&setup)?;
    world.seed_hosts(size.hosts, &setup)?;
    seed_pods(&world, size)?;
    Ok(world)
}

async fn ready(operator: &mut Process, world: &World) -> Result<Duration> {
    let began = Instant::now();
    let is_read = || world.condition("openstackclouds", "main", "Ready").is_some_and(|(status, _)| status == "True");
    while !operator.is_ready().await || !is_read() {
        operator.memory().context("the operator does not become ready")?;
        if began.elapsed() > READY_LIMIT {
            bail!("the operator is not ready within {READY_LIMIT:?}; its log:\n{}", operator.log());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(began.elapsed())
}

/// Pods that run already, of a hundred workloads, equally many on each node.
fn seed_pods(world: &World, size: Size) -> Result<()> {
    let api = &world.api;
    let nodes = api.list("nodes");
    for number in 0..size.pods {
        let node = name_of(&nodes[number % nodes.len()]).to_owned();
        let workload = format!("workload-{:02}", number % 100);
        let owner = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": workload, "uid": workload, "controller": true});
        api.put(
            "pods",
            json!({
                "metadata": {
                    "name": format!("{workload}-7d4b9c6f5d-{number:06}"), "namespace": NAMESPACE, "ownerReferences": [owner],
                    "labels": {"app": workload, "pod-template-hash": "7d4b9c6f5d"},
                },
                "spec": {
                    "schedulerName": "default-scheduler", "nodeName": node,
                    "containers": [{"name": "c", "resources": {"requests": {"cpu": format!("{CPU_MILLI}m"), "memory": "200Mi"}}}],
                },
                "status": {"phase": "Running"},
            }),
        )?;
    }
    Ok(())
}
