//! Runs scenarios with a line each, the time that is left, and a closing line that counts.

use std::time::Instant;

use anyhow::Result;

use super::{Scenario, World};
use crate::lab::cloud::Which;

/// What came of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Scenarios that passed.
    pub passed: usize,
    /// Scenarios that failed.
    pub failed: usize,
}

impl Count {
    /// Both runs together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }

    /// Prints the line that closes a run; whether all is well.
    #[must_use]
    pub fn close(self) -> bool {
        println!("{} passed, {} failed", self.passed, self.failed);
        self.failed == 0 && self.passed > 0
    }
}

/// The scenarios of a cloud whose name contains `filter`.
#[must_use]
pub fn choose(which: Which, filter: Option<&str>) -> Vec<Scenario> {
    super::for_cloud(which).into_iter().filter(|s| filter.is_none_or(|text| s.name.contains(text))).collect()
}

/// Runs scenarios.
///
/// # Errors
/// If the world between two scenarios cannot be cleaned up.
pub async fn run(world: &mut World, chosen: &[Scenario]) -> Result<Count> {
    let mut count = Count::default();
    for (index, scenario) in chosen.iter().enumerate() {
        let left: u64 = chosen[index..].iter().map(|s| s.typical_s).sum();
        eprintln!("[{}/{}] {}   (about {} left)", index + 1, chosen.len(), scenario.name, minutes(left));
        let start = Instant::now();
        match one(world, scenario).await {
            Ok(()) => {
                eprintln!("        ok, {:.1} s", start.elapsed().as_secs_f64());
                count.passed += 1;
            }
            Err(error) => {
                eprintln!("        FAILED after {:.1} s: {error:#}", start.elapsed().as_secs_f64());
                eprintln!("{}", world.state().await);
                count.failed += 1;
                world.clean().await?;
            }
        }
    }
    Ok(count)
}

async fn one(world: &mut World, scenario: &Scenario) -> Result<()> {
    world.begin().await?;
    (scenario.run)(world).await?;
    world.end().await
}

fn minutes(seconds: u64) -> String {
    if seconds < 90 { format!("{seconds} s") } else { format!("{} min", seconds.div_ceil(60)) }
}
