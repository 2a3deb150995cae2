//! The crash matrix: the operator is killed at every call that it makes, restarted, and must come to the same end as if nothing had been.

mod workload;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};

use crate::wire::{Cut, Death, Wire};
use crate::world::picture::Outcome;

pub use workload::Workload;

/// Reads leave nothing behind: of each kind so many are cut.
const READS_CUT_MAX: usize = 4;

/// Which part of the matrix is run: every `of`-th death, beginning with the `part`-th.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// From 0.
    pub part: usize,
    /// 1 for all.
    pub of: usize,
}

/// One cell of the matrix.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What the operator has to do.
    pub workload: Workload,
    /// Where it dies.
    pub death: Death,
}

/// What came of one run.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Whether the fatal call was made at all.
    pub died: bool,
    /// What stands for nothing (I2).
    pub leaks: Vec<String>,
    /// How often a host had two servers that run (I1).
    pub doubles: usize,
    /// Everything else that broke; deletions that nobody asked for begin with I3, I4 or I6.
    pub violations: Vec<String>,
    /// Where it stands, if not where the reference does.
    pub difference: Option<Box<Outcome>>,
    /// Why it did not come to an end.
    pub stuck: Option<String>,
}

/// Sums over runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Runs.
    pub runs: usize,
    /// Runs in which the operator died.
    pub deaths: usize,
    /// Things left behind.
    pub leaks: usize,
    /// Hosts with two servers.
    pub doubles: usize,
    /// Deletions that nobody asked for.
    pub unasked: usize,
    /// Runs that ended elsewhere than the reference.
    pub different: usize,
    /// Runs that did not come to an end.
    pub stuck: usize,
    /// Other violations.
    pub others: usize,
    /// The first failures, in words.
    pub failures: Vec<String>,
}

/// Failures that are told in full.
const FAILURES_TOLD_MAX: usize = 40;

impl Report {
    fn add(&mut self, cell: &Cell, run: &Run) {
        let is_unasked = |violation: &&String| violation.starts_with("I3") || violation.starts_with("I4") || violation.starts_with("I6");
        let unasked = run.violations.iter().filter(is_unasked).count();
        self.runs += 1;
        self.deaths += usize::from(run.died);
        self.leaks += run.leaks.len();
        self.doubles += run.doubles;
        self.unasked += unasked;
        self.others += run.violations.len() - unasked - usize::from(run.doubles > 0).min(run.violations.len() - unasked);
        self.different += usize::from(run.difference.is_some());
        self.stuck += usize::from(run.stuck.is_some());
        let is_bad = run.difference.is_some() || run.stuck.is_some() || !run.leaks.is_empty() || !run.violations.is_empty();
        if is_bad && self.failures.len() < FAILURES_TOLD_MAX {
            let Death { call, occurrence, cut } = &cell.death;
            self.failures.push(format!(
                "{:?}, {call} #{occurrence}, {cut:?}: leaks {:?}, violations {:?}, ends {:?}, stuck {:?}",
                cell.workload, run.leaks, run.violations, run.difference, run.stuck
            ));
        }
    }

    /// Whether nothing went wrong.
    pub fn is_clean(&self) -> bool {
        self.failures.is_empty()
    }

    /// The closing line.
    pub fn line(&self) -> String {
        format!(
            "{} runs, {} deaths: {} leaks, {} doubles, {} unasked deletions, {} other ends, {} without end, {} other violations",
            self.runs, self.deaths, self.leaks, self.doubles, self.unasked, self.different, self.stuck, self.others
        )
    }
}

/// What a run without a crash does and where it ends.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Calls by name.
    pub calls: BTreeMap<String, usize>,
    /// Where it ends.
    pub outcome: Outcome,
}

/// A run without a crash.
///
/// # Errors
/// If it does not come to its end, or breaks an invariant.
pub fn reference(workload: Workload, seed: u64) -> Result<Reference> {
    let wire = Wire::whole();
    let (lab, run) = workload.run(seed, &wire)?;
    anyhow::ensure!(run.violations.is_empty(), "{workload:?} without a crash breaks: {:?}", run.violations);
    anyhow::ensure!(run.leaks.is_empty(), "{workload:?} without a crash leaves: {:?}", run.leaks);
    if let Some(stuck) = run.stuck {
        anyhow::bail!("{workload:?} without a crash does not come to its end: {stuck}");
    }
    Ok(Reference { calls: wire.counts(), outcome: lab.world.outcome() })
}

/// Every cell of a workload.
pub fn cells(workload: Workload, reference: &Reference) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (call, count) in &reference.calls {
        let is_read = call.starts_with("GET ");
        let cuts: &[Cut] = if is_read { &[Cut::BeforeSent] } else { &Cut::ALL };
        let count = if is_read { (*count).min(READS_CUT_MAX) } else { *count };
        for occurrence in 1..=count {
            cells.extend(cuts.iter().map(|cut| Cell { workload, death: Death { call: call.clone(), occurrence, cut: *cut } }));
        }
    }
    cells
}

/// One cell.
///
/// # Errors
/// If the machine fails; what the operator does wrong is in the answer.
pub fn run(cell: &Cell, reference: &Reference, seed: u64) -> Result<Run> {
    let wire = Wire::cut(cell.death.clone());
    let (lab, mut run) = cell.workload.run(seed, &wire)?;
    run.died = wire.is_dead();
    let outcome = lab.world.outcome();
    run.difference = (outcome != reference.outcome && run.stuck.is_none()).then(|| Box::new(outcome));
    Ok(run)
}

/// The matrix over these workloads, on so many threads. `told` gets a line now and then.
///
/// # Errors
/// If a reference run fails.
pub fn matrix(workloads: &[Workload], seed: u64, sample: Sample, threads: usize, told: impl Fn(&str) + Sync) -> Result<Report> {
    let mut work = Vec::new();
    for workload in workloads {
        let reference = reference(*workload, seed).with_context(|| format!("the reference run of {workload:?}"))?;
        let cells = cells(*workload, &reference);
        told(&format!("{workload:?}: {} calls, {} deaths", reference.calls.values().sum::<usize>(), cells.len()));
        work.extend(cells.into_iter().map(|cell| (cell, reference.clone())));
    }
    let work: Vec<_> = work.into_iter().skip(sample.part).step_by(sample.of.max(1)).collect();
    let (next, report) = (AtomicUsize::new(0), Mutex::new(Report::default()));
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some((cell, reference)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome =
                        run(cell, reference, seed).unwrap_or_else(|error| Run { stuck: Some(format!("{error:#}")), ..Run::default() });
                    let mut report = report.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    report.add(cell, &outcome);
                    if report.runs % 50 == 0 {
                        told(&format!("{} of {}: {}", report.runs, work.len(), report.line()));
                    }
                }
            });
        }
    });
    Ok(report.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
