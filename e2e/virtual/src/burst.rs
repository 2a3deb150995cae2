//! Many pods at once: how long each host's first pod waits until its server is asked for.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::catastrophes::Scene;
use crate::histogram::Histogram;
use crate::lab::Life;
use crate::world::Setup;
use crate::world::pods::{Set, node_of};

/// From unschedulable to POST /servers, at the 99th percentile.
pub const REACTION_MAX_S: f64 = 1.2;
/// Pods of this size fill an m1.large with 54 of them.
const CPU_MILLI: i64 = 70;

/// What was measured.
#[derive(Clone, Debug)]
pub struct Burst {
    /// Pods that arrived.
    pub pods: usize,
    /// Hosts that were bought for them.
    pub hosts: usize,
    /// Seconds from unschedulable to POST, of virtual time: batching and waiting.
    pub reaction: Histogram,
    /// Seconds of one round of planning, of real time: work.
    pub planning: Histogram,
}

impl Burst {
    /// The table.
    pub fn lines(&self) -> String {
        let row = |histogram: &Histogram| [0.5, 0.9, 0.99].map(|share| format!("{:>7} s", histogram.quantile(share))).join(" ");
        format!(
            "{} pods at once, {} hosts        p50       p90       p99\n\
             unschedulable to POST     {}\n\
             a round of planning       {}   ({} rounds)",
            self.pods,
            self.hosts,
            row(&self.reaction),
            row(&self.planning),
            self.planning.count(),
        )
    }

    /// Whether the promise holds, batching and work added.
    ///
    /// # Errors
    /// If it does not.
    pub fn judge(&self) -> Result<()> {
        let p99 = self.reaction.quantile(0.99);
        ensure!(
            p99 <= REACTION_MAX_S,
            "p99 from unschedulable to POST is {p99} s, and at most {REACTION_MAX_S} s are promised\n{}",
            self.lines()
        );
        ensure!(self.reaction.count() as usize == self.hosts, "not every host was bought for a pod that waited\n{}", self.lines());
        Ok(())
    }
}

/// So many pods arrive in one moment in a cluster that has a few nodes.
///
/// # Errors
/// If the world cannot be made, a pod stays without a node, or an invariant broke.
pub fn run(pods: usize, seed: u64) -> Result<Burst> {
    let setup = Setup { hosts_max: pods, requests_per_second: 1000, ..Setup::small(seed) };
    let mut scene = Scene::new(&setup)?;
    scene.world().api.edit("openstackclouds", "apps", "main", |cloud| cloud["spec"]["pacing"]["concurrentBuilds"] = json!(1000));
    scene.play(async |life: Life| {
        life.until("the pool is ready", Duration::from_secs(300), |world| {
            world.condition("vmpools", "general", "Ready").is_some_and(|(status, _)| status == "True")
        })
        .await?;
        life.sleep(Duration::from_secs(5)).await;
        let before = life.metrics();
        let set = Set { name: "burst".into(), replicas: pods, cpu_milli: CPU_MILLI, memory_mib: 64, selector: None };
        life.world.pods(|all| all.set(set));
        life.until("every pod runs", Duration::from_secs(1800), |world| {
            let all = world.api.list("pods");
            all.len() == pods && all.iter().all(|pod| node_of(pod).is_some())
        })
        .await?;
        let after = life.metrics();
        let read = |name| Histogram::read(&after, name).since(&Histogram::read(&before, name));
        Ok(Burst {
            pods,
            hosts: life.world.api.list("hosts").len(),
            reaction: read("gantry_pod_unschedulable_to_post_seconds"),
            planning: read("gantry_plan_duration_seconds"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hundreds_of_pods_at_once_are_served_in_time() {
        run(400, 1).unwrap().judge().unwrap();
    }
}
