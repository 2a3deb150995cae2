//! A full cluster in the operator's memory: what a pod costs there, and how long one round of planning takes.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::api::store::name_of;
use crate::catastrophes::Scene;
use crate::histogram::Histogram;
use crate::lab::Life;
use crate::world::Setup;
use crate::world::pods::{NAMESPACE, Set};

/// CPU of a pod that runs: 30 of them fill an m1.large.
const CPU_MILLI: i64 = 120;
/// Seconds that one round of planning may take.
const PLANNING_MAX_S: f64 = 0.1;
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
    /// Resident memory that the operator added to that of the world, once it knew everything and planned.
    pub operator_bytes: u64,
    /// Seconds that a snapshot took.
    pub snapshot: Histogram,
    /// Seconds that a round of planning took, its snapshot included.
    pub planning: Histogram,
}

impl Big {
    /// The table.
    pub fn lines(&self) -> String {
        let mean_ms = |histogram: &Histogram| 1000.0 * histogram.sum / histogram.count().max(1.0);
        format!(
            "{} hosts, {} pods, {} waiting: operator {} MiB ({} bytes a pod); snapshot {:.1} ms, snapshot and plan {:.1} ms (mean of {}), p99 at most {} ms",
            self.size.hosts,
            self.size.pods,
            self.size.waiting,
            self.operator_bytes / MIB,
            self.operator_bytes / self.size.pods.max(1) as u64,
            mean_ms(&self.snapshot),
            mean_ms(&self.planning),
            self.planning.count(),
            1000.0 * self.planning.quantile(0.99),
        )
    }

    /// Whether it is as small and as quick as it must be.
    ///
    /// # Errors
    /// If it is not.
    pub fn judge(&self, memory_max_mib: u64) -> Result<()> {
        ensure!(self.operator_bytes <= memory_max_mib * MIB, "more than {memory_max_mib} MiB\n{}", self.lines());
        ensure!(self.planning.quantile(0.99) <= PLANNING_MAX_S, "planning takes more than {PLANNING_MAX_S} s\n{}", self.lines());
        Ok(())
    }
}

/// A fleet of this size with its pods, some of which wait.
///
/// # Errors
/// If the world cannot be made, or an invariant broke.
pub fn run(size: Size, seed: u64) -> Result<Big> {
    let mut scene = Scene::with_fleet(size.hosts, Setup::small(seed))?;
    seed_pods(&scene, size)?;
    let world_bytes = Life::resident_bytes();
    scene.play(async |life: Life| {
        life.until("the cloud is ready", Duration::from_secs(300), |world| {
            world.condition("openstackclouds", "main", "Ready").is_some_and(|(status, _)| status == "True")
        })
        .await?;
        life.sleep(Duration::from_secs(60)).await;
        let before = life.metrics();
        let set = Set { name: "waiting".into(), replicas: size.waiting, cpu_milli: 500, memory_mib: 256, selector: None };
        life.world.pods(|pods| pods.set(set));
        life.sleep(Duration::from_secs(60)).await;
        let after = life.metrics();
        let read = |name| Histogram::read(&after, name).since(&Histogram::read(&before, name));
        Ok(Big {
            size,
            operator_bytes: Life::resident_bytes().saturating_sub(world_bytes),
            snapshot: read("gantry_snapshot_duration_seconds"),
            planning: read("gantry_plan_duration_seconds"),
        })
    })
}

/// Pods that run already, of a hundred workloads, equally many on each node.
fn seed_pods(scene: &Scene, size: Size) -> Result<()> {
    let api = &scene.world().api;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_fleet_is_planned_whole() {
        let big = run(Size { hosts: 20, pods: 600, waiting: 50 }, 1).unwrap();
        assert!(big.planning.count() >= 1.0, "{}", big.lines());
    }
}
