//! What is planned is what happens: the real scheduler places the pods on the hosts that were bought for them, and no host is bought twice.

mod round;
mod volumes;
mod workloads;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::json;

use crate::lab::cloud::Which;
use crate::lab::operator::Operator;
use crate::lab::{Lab, Options, helm};
use round::Row;
use volumes::Volumes;

/// Pods of a workload of small pods.
const PODS: usize = 120;
/// The same in the small run.
const PODS_SMALL: usize = 32;
/// Guests of a run come one after the other within so much time, each at a moment of its own.
const SPREAD: Duration = Duration::from_secs(15);

/// What to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where everything is kept that the run writes.
    pub dir: PathBuf,
    /// How much of it.
    pub size: Size,
    /// Only workloads whose name contains this.
    pub filter: Option<String>,
}

/// How much is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// All workloads, guests joining at once and one after the other.
    Full,
    /// Fewer pods, guests joining one after the other only.
    Small,
}

/// Runs all workloads and prints the table.
///
/// # Errors
/// If a planned pod does not run, or a host is bought twice.
pub async fn run(settings: Settings) -> Result<()> {
    let mut lab = Lab::with_chart(&Options::light(Which::Simulated, settings.dir.clone())).await?;
    let outcome = rounds(&mut lab, &settings).await;
    let stopped = lab.stop().await;
    let rows = outcome?;
    stopped?;
    let failed = rows.iter().filter(|row| !row.holds()).count();
    if failed > 0 {
        bail!("{failed} of {} plans did not come true", rows.len());
    }
    Ok(())
}

async fn rounds(lab: &mut Lab, settings: &Settings) -> Result<Vec<Row>> {
    lab.cloud.simulator_admin("PUT", "quotas/demo", json!({"instances": -1, "cores": -1, "ram": -1, "ports": -1}))?;
    let classes: Vec<String> = workloads::classes().iter().map(serde_saphyr::to_string).collect::<Result<_, _>>()?;
    helm::apply(lab, &classes.join("---\n")).await?;
    let operator = Operator::start(lab, "operator").await?;
    let volumes = Volumes::start(lab.client.clone());
    let outcome = all(lab, settings).await;
    drop(volumes);
    operator.kill().await?;
    outcome
}

async fn all(lab: &mut Lab, settings: &Settings) -> Result<Vec<Row>> {
    let (pods, joinings) = match settings.size {
        Size::Full => (PODS, &[("at once", Duration::ZERO), ("one by one", SPREAD)][..]),
        Size::Small => (PODS_SMALL, &[("one by one", SPREAD)][..]),
    };
    let mut rows = Vec::new();
    println!(
        "{:<28} {:<11} {:>5} {:>8} {:>5} {:>6} {:>13} {:>8}",
        "workload", "joining", "pods", "planned", "ran", "hosts", "bought twice", "seconds"
    );
    for (joining, spread) in joinings {
        lab.guests_join_within(*spread).await?;
        for (index, workload) in workloads::all(pods).iter().enumerate() {
            if settings.filter.as_ref().is_some_and(|text| !workload.name.contains(text.as_str())) {
                continue;
            }
            let namespace = format!("loop-{}-{index}", joining.replace(' ', "-"));
            let row = round::run(lab, &namespace, workload, joining).await?;
            print(&row);
            rows.push(row);
        }
    }
    let sum = |count: fn(&Row) -> usize| rows.iter().map(count).sum::<usize>();
    println!(
        "{} pods, {} ran, {} hosts, {} bought twice",
        sum(|row| row.pods),
        sum(|row| row.ran),
        sum(|row| row.hosts),
        sum(|row| row.twice)
    );
    Ok(rows)
}

fn print(row: &Row) {
    println!(
        "{:<28} {:<11} {:>5} {:>8} {:>5} {:>6} {:>13} {:>8.1}",
        row.name, row.joining, row.pods, row.planned, row.ran, row.hosts, row.twice, row.seconds
    );
    row.waiting.iter().for_each(|line| println!("  {line}"));
}
