//! Price: the planner's over the proved bound, beside what Karpenter and cluster-autoscaler would pay.

use anyhow::Result;

use crate::baseline::{autoscaler, karpenter, problem};
use crate::cases::Case;
use crate::measure::{Thought, bound, planned};
use crate::outcome::Outcome;
use crate::replay;
use crate::report::{Report, heading};
use crate::worlds::scenarios::SCENARIOS;

/// Price over bound, at most.
const MOST: f64 = 1.02;
/// Karpenter's diverse pods, by number.
const DIVERSE: [usize; 3] = [500, 1_000, 5_000];
const DIVERSE_SMALL: [usize; 2] = [100, 1_000];
/// Drawn mixes.
const MIXES: u64 = 20;
const MIXES_SMALL: u64 = 6;

/// How much is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    Full,
    Small,
}

/// Prints the table and notes what was missed.
pub fn print(size: Size, report: &mut Report) -> Result<()> {
    heading("Price over the proved lower bound (at most 1.02, and not above the others)");
    println!(
        "{:24} {:>6} {:>6} {:>11} {:>11} {:>7} {:>10} {:>11}  others' hosts",
        "workload", "pods", "hosts", "price", "bound", "Gantry", "Karpenter", "autoscaler"
    );
    for case in cases(size) {
        row(case, report)?;
    }
    println!(
        "Karpenter: v1.13.0 measured on gen5000 and wide1000, on basic1000 to three digits; else, and cluster-autoscaler always (least waste), their algorithms written anew."
    );
    Ok(())
}

fn cases(size: Size) -> Vec<Case> {
    let (mixes, diverse): (u64, &[usize]) = match size {
        Size::Full => (MIXES, &DIVERSE),
        Size::Small => (MIXES_SMALL, &DIVERSE_SMALL),
    };
    let scenarios = (0..SCENARIOS.len()).map(Case::Scenario);
    let diverse = diverse.iter().copied().map(Case::Diverse);
    scenarios.chain(diverse).chain((1..=mixes).map(Case::Mix)).chain([Case::Openb]).collect()
}

fn row(case: Case, report: &mut Report) -> Result<()> {
    let snapshot = case.world()?;
    let problem = problem(&snapshot)?;
    let plan = planned(&snapshot, Thought::Usual);
    let mut ours = Outcome::of(&plan);
    ours.bound_micro = ours.bound_micro.max(bound(&snapshot));
    let theirs = (measured(case).unwrap_or_else(|| karpenter(&problem)), autoscaler(&problem));
    let ratio = ours.ratio();
    let least = theirs.0.price_of_all().min(theirs.1.price_of_all());
    if let Err(flaw) = replay::replay(&problem, &snapshot, &plan) {
        report.miss(format!("{case}: the plan does not hold: {flaw}"));
    }
    if ours.bound_micro > least {
        report.miss(format!("{case}: the bound {} is above what others pay, {}: it is no bound", units(ours.bound_micro), units(least)));
    }
    let whole = ours.price_micro <= least && ours.unplaced == 0;
    let seen = || {
        format!("{case}: {ratio:.4} of the bound, {} unplaced; price {} beside {}", ours.unplaced, units(ours.price_micro), units(least))
    };
    let mark = report.target(whole && ratio <= MOST, seen);
    println!(
        "{:24} {:>6} {:>6} {:>11} {:>11} {:>7.4} {:>10.4} {:>11.4}  {} {}{}",
        case.to_string(),
        snapshot.pods.len(),
        ours.hosts,
        units(ours.price_micro),
        units(ours.bound_micro),
        ratio,
        theirs.0.over(ours.bound_micro),
        theirs.1.over(ours.bound_micro),
        theirs.0.hosts,
        theirs.1.hosts,
        mark.mark(),
    );
    Ok(())
}

/// What Karpenter itself paid.
fn measured(case: Case) -> Option<Outcome> {
    let Case::Scenario(at) = case else {
        return None;
    };
    let scenario = &SCENARIOS[at];
    Some(Outcome { hosts: scenario.hosts, price_micro: (scenario.karpenter * 1e6).round() as i64, ..Outcome::default() })
}

/// As prices are written.
pub fn units(micro: i64) -> String {
    format!("{:.3}", micro as f64 / 1e6)
}
