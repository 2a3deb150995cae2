//! Runs scenarios with a line each, the time that is left, and a closing line that counts.

use std::time::Instant;

use anyhow::Result;

use super::{Scenario, World};
use crate::lab::cloud::Which;

/// Runs all scenarios whose name contains `filter`; whether all passed.
///
/// # Errors
/// If the world between two scenarios cannot be cleaned up.
pub async fn run(world: &mut World, which: Which, filter: Option<&str>) -> Result<bool> {
    let all = super::for_cloud(which);
    let chosen: Vec<Scenario> = all.into_iter().filter(|s| filter.is_none_or(|text| s.name.contains(text))).collect();
    let mut failed = Vec::new();
    for (index, scenario) in chosen.iter().enumerate() {
        let left: u64 = chosen[index..].iter().map(|s| s.typical_s).sum();
        eprintln!("[{}/{}] {}   (about {} left)", index + 1, chosen.len(), scenario.name, minutes(left));
        let start = Instant::now();
        match one(world, scenario).await {
            Ok(()) => eprintln!("        ok, {:.1} s", start.elapsed().as_secs_f64()),
            Err(error) => {
                eprintln!("        FAILED after {:.1} s: {error:#}", start.elapsed().as_secs_f64());
                eprintln!("{}", world.state().await);
                failed.push(scenario.name);
                world.clean().await?;
            }
        }
    }
    failed.iter().for_each(|name| println!("failed: {name}"));
    println!("{} passed, {} failed", chosen.len() - failed.len(), failed.len());
    Ok(failed.is_empty() && !chosen.is_empty())
}

async fn one(world: &mut World, scenario: &Scenario) -> Result<()> {
    world.begin().await?;
    (scenario.run)(world).await?;
    world.end().await
}

fn minutes(seconds: u64) -> String {
    if seconds < 90 { format!("{seconds} s") } else { format!("{} min", seconds.div_ceil(60)) }
}
