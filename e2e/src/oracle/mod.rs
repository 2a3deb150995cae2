//! The planner's verdicts against those of the real kube-scheduler, on generated clusters; and its plans, replayed by it.

pub mod compare;
pub mod generate;
pub mod named;
pub mod ours;
pub mod plans;
pub mod report;
pub mod scheduler;
pub mod shrink;

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use compare::Difference;
use generate::Case;
use report::Report;
use scheduler::{Answer, Question, Scheduler};

/// Cases that are asked at a time.
const BATCH: usize = 500;
/// Causes whose first case is made small and printed.
const SHOWN_MAX: usize = 12;
/// More clusters that are not valid than this share (one of so many) means that the generator is broken.
const REFUSED_ONE_OF: usize = 5;

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Clusters.
    pub cases: usize,
    /// Clusters that are planned, and the plans replayed.
    pub plans: usize,
    /// The first one's seed; each has the next.
    pub seed: u64,
}

/// Judges, compares, prints.
///
/// # Errors
/// If a verdict differs without a name, a plan does not hold, or the oracle does not run.
pub fn run(settings: Settings) -> Result<()> {
    let started = std::time::Instant::now();
    let mut scheduler = Scheduler::start()?;
    let mut report = Report::default();
    let mut shown = BTreeSet::new();
    for first in (0..settings.cases).step_by(BATCH) {
        let count = BATCH.min(settings.cases - first);
        let seeds: Vec<u64> = (first..first + count).map(|index| settings.seed.wrapping_add(index as u64)).collect();
        batch(&mut scheduler, &seeds, &mut report, &mut shown)?;
    }
    print!("{report}");
    println!("seconds                        {:>9.1}", started.elapsed().as_secs_f64());
    let plans = plans::run(&mut scheduler, settings.seed, settings.plans)?;
    print!("{plans}");
    if report.cases < report.refused * REFUSED_ONE_OF {
        bail!("{} clusters of {} were not valid: the generator is broken", report.refused, settings.cases);
    }
    if report.unnamed() > 0 {
        bail!("{} verdicts differ from kube-scheduler's", report.unnamed());
    }
    plans.verdict()
}

fn batch(scheduler: &mut Scheduler, seeds: &[u64], report: &mut Report, shown: &mut BTreeSet<String>) -> Result<()> {
    let cases: Vec<Case> = seeds.iter().map(|seed| Case::generate(*seed)).collect();
    let questions: Vec<Question<'_>> =
        cases.iter().zip(seeds).map(|(case, seed)| Question { id: *seed, objects: &case.objects, ..Question::default() }).collect();
    let answers = scheduler.ask(&questions)?;
    for answer in answers {
        let case = Case::generate(answer.id);
        take(scheduler, &case, &answer, report, shown)?;
    }
    Ok(())
}

fn take(scheduler: &mut Scheduler, case: &Case, answer: &Answer, report: &mut Report, shown: &mut BTreeSet<String>) -> Result<()> {
    // An ephemeral volume whose claim belongs to somebody else ends the whole attempt in kube-scheduler, on any node.
    if answer.error.contains("the API server refuses") || answer.error.contains("(pod is not owner)") {
        report.refused += 1;
        return Ok(());
    }
    if !answer.error.is_empty() {
        bail!("seed {}: the scheduler itself fails: {}\n{}", answer.id, answer.error, case.yaml());
    }
    let comparison = compare::compare(answer, &ours::judge(&case.objects)?);
    for difference in report.take(comparison) {
        if shown.len() < SHOWN_MAX && shown.insert(difference.cause.clone()) {
            show(scheduler, case, answer.id, &difference)?;
        }
    }
    Ok(())
}

/// Prints the smallest cluster that shows it.
fn show(scheduler: &mut Scheduler, case: &Case, seed: u64, difference: &Difference) -> Result<()> {
    let objects = shrink::shrink(scheduler, &case.objects, difference)?;
    println!("--- seed {seed}: {}", difference.cause);
    println!("{} {}: kube-scheduler: {}; the planner: {}", difference.who, difference.node, difference.theirs, difference.ours);
    println!("{}", Case { objects }.yaml());
    Ok(())
}
