//! What a process has used: wall time, time on a core, memory at its peak; each case in a process of its own.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use gantry_plan::effort::Effort;
use gantry_plan::model::Snapshot;
use gantry_plan::{Plan, lower_bound_with, plan_with};
use serde::{Deserialize, Serialize};

use crate::cases::Case;
use crate::outcome::Outcome;

/// The kernel counts time on a core by ticks of some milliseconds: a world is planned for so long, or so often.
const LEAST_MS: f64 = 200.0;
const MOST_RUNS: usize = 100;
/// Units for the bound that prices are held against: it is proved once, not by the operator.
const BOUND_UNITS: u64 = 20_000_000;

/// How much the planner may think.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Thought {
    /// The first answer, nothing made better.
    First,
    /// As the operator thinks.
    Usual,
    /// So many units.
    Units(u64),
}

impl Thought {
    fn effort(self) -> Effort<'static> {
        match self {
            Self::First => Effort::units(0),
            Self::Usual => Effort::default(),
            Self::Units(units) => Effort::units(units),
        }
    }
}

/// Plans with this much thought.
pub fn planned(snapshot: &Snapshot, thought: Thought) -> Plan {
    plan_with(snapshot, &mut thought.effort())
}

/// The most that is proved of what new hosts cost at least, in micro-units an hour.
pub fn bound(snapshot: &Snapshot) -> i64 {
    lower_bound_with(snapshot, &mut Effort::units(BOUND_UNITS))
}

/// What a child process saw.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measured {
    pub pods: usize,
    /// The first answer, in milliseconds on the wall (median) and on the core (mean).
    pub first_wall_ms: f64,
    pub first_cpu_ms: f64,
    /// The same for the operator's usual effort.
    pub usual_wall_ms: f64,
    pub usual_cpu_ms: f64,
    /// Peak resident memory of the whole process: the world included.
    pub peak_kib: u64,
    pub first: Outcome,
    pub usual: Outcome,
}

impl Measured {
    pub fn peak_mb(&self) -> f64 {
        self.peak_kib as f64 * 1_024.0 / 1e6
    }
}

/// Measures a case in a fresh process of this program.
pub fn in_child(case: Case, runs: usize) -> Result<Measured> {
    let program = std::env::current_exe().context("this program does not know where it lies")?;
    let output = Command::new(program).args(["measure", &case.to_string(), "--runs", &runs.to_string()]).output()?;
    if !output.status.success() {
        bail!("measuring {case} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("measuring {case} gave no figures"))
}

/// Measures a case in this process: the first answer, and that with `usual` thought.
pub fn here(case: Case, usual: Thought, runs: usize) -> Result<Measured> {
    let snapshot = case.world()?;
    let (first, first_wall_ms, first_cpu_ms) = timed(&snapshot, Thought::First, runs)?;
    let (usual, usual_wall_ms, usual_cpu_ms) = timed(&snapshot, usual, runs)?;
    let peak_kib = peak_kib()?;
    let bound_micro = bound(&snapshot);
    let proved = |plan: &Plan| Outcome { bound_micro, ..Outcome::of(plan) };
    Ok(Measured {
        pods: snapshot.pods.len(),
        first_wall_ms,
        first_cpu_ms,
        usual_wall_ms,
        usual_cpu_ms,
        peak_kib,
        first: proved(&first),
        usual: proved(&usual),
    })
}

/// Median on the wall and mean on the core of at least `runs` plans, of more where one is too short to be seen.
fn timed(snapshot: &Snapshot, thought: Thought, runs: usize) -> Result<(Plan, f64, f64)> {
    let (mut wall, mut last, on_core) = (Vec::new(), Plan::default(), core_ns()?);
    while wall.len() < runs.max(1) || wall.len() < MOST_RUNS && wall.iter().sum::<f64>() < LEAST_MS {
        let start = Instant::now();
        last = planned(snapshot, thought);
        wall.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let cpu_ms = (core_ns()? - on_core) as f64 / 1e6 / wall.len() as f64;
    Ok((last, median(wall), cpu_ms))
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Nanoseconds that this thread has been on a core: the first figure of schedstat.
fn core_ns() -> Result<u64> {
    let text = read("/proc/thread-self/schedstat")?;
    text.split_whitespace().next().and_then(|figure| figure.parse().ok()).context("/proc/thread-self/schedstat has no figure")
}

fn peak_kib() -> Result<u64> {
    let text = read("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("/proc/self/status has no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}

fn read(path: &str) -> Result<String> {
    std::fs::read_to_string(Path::new(path)).with_context(|| format!("{path} cannot be read"))
}
