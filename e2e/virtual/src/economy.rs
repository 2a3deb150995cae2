//! What standing still costs: a big fleet, nothing to do, one hour.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::catastrophes::Scene;
use crate::lab::Life;
use crate::world::Setup;

/// OpenStack calls that a fleet at rest may cost each minute.
pub const CALLS_A_MINUTE_MAX: u64 = 10;

/// What was counted.
#[derive(Clone, Debug)]
pub struct Economy {
    /// Hosts.
    pub hosts: usize,
    /// OpenStack calls in the hour, by route.
    pub calls: BTreeMap<String, u64>,
    /// Writes to Kubernetes in the hour, without leases.
    pub writes: BTreeMap<String, u64>,
    /// Virtual time from the start until every host is known and the cloud is ready.
    pub ready_after: Duration,
    /// How long all this took on this machine.
    pub took: Duration,
}

impl Economy {
    /// Calls in the hour.
    pub fn calls_total(&self) -> u64 {
        self.calls.values().sum()
    }

    /// The closing lines.
    pub fn lines(&self) -> String {
        let list =
            |counts: &BTreeMap<String, u64>| counts.iter().map(|(name, count)| format!("  {count:>5}  {name}\n")).collect::<String>();
        format!(
            "{}{}{} hosts at rest for 1 h: {} OpenStack calls ({:.2} a minute), {} Kubernetes writes, ready {} s after the start; took {:.1} s",
            list(&self.calls),
            list(&self.writes),
            self.hosts,
            self.calls_total(),
            self.calls_total() as f64 / 60.0,
            self.writes.values().sum::<u64>(),
            self.ready_after.as_secs(),
            self.took.as_secs_f64(),
        )
    }

    /// Whether it is as cheap as it must be.
    ///
    /// # Errors
    /// If it is not.
    pub fn judge(&self) -> Result<()> {
        ensure!(self.calls_total() <= 60 * CALLS_A_MINUTE_MAX, "more than {CALLS_A_MINUTE_MAX} OpenStack calls a minute\n{}", self.lines());
        ensure!(self.writes.is_empty(), "Kubernetes was written to although there was nothing to do\n{}", self.lines());
        Ok(())
    }
}

/// An hour of a fleet of this size, after it has settled.
///
/// # Errors
/// If the world cannot be made, or an invariant broke.
pub fn run(hosts: usize, seed: u64) -> Result<Economy> {
    let began = Instant::now();
    let mut scene = Scene::with_fleet(hosts, Setup::small(seed))?;
    let mut economy = scene.play(async |life: Life| {
        let ready_after = life
            .until("the cloud is ready", Duration::from_secs(300), |world| {
                world.condition("openstackclouds", "main", "Ready").is_some_and(|(status, _)| status == "True")
            })
            .await?;
        life.sleep(Duration::from_secs(1200)).await;
        life.world.cloud.forget_requests();
        life.world.api.state().requests.clear();
        life.sleep(Duration::from_secs(3600)).await;
        let told = life.world.admin("GET", "state", Value::Null);
        let calls = told["requests"].as_object().cloned().unwrap_or_default();
        let is_write = |name: &String| !["GET ", "LIST ", "WATCH "].iter().any(|read| name.starts_with(read)) && !name.ends_with(" leases");
        let writes = life.world.api.state().requests.clone().into_iter().filter(|(name, _)| is_write(name)).collect();
        let calls = calls.into_iter().filter_map(|(name, count)| Some((name, count.as_u64()?))).collect();
        Ok(Economy { hosts, calls, writes, ready_after, took: Duration::ZERO })
    })?;
    economy.took = began.elapsed();
    Ok(economy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fleet_at_rest_costs_few_calls_and_no_writes() {
        run(100, 1).unwrap().judge().unwrap();
    }
}
