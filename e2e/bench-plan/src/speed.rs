//! Time and memory by size, beside Karpenter's own benchmark.

use anyhow::Result;

use crate::cases::Case;
use crate::measure::{Measured, in_child};
use crate::prices::Size;
use crate::report::{Report, heading};

/// A size with what must be reached.
struct Timed {
    case: Case,
    /// Milliseconds of one core with the usual effort, so that what else runs does not count; `None`: no target.
    most_ms: Option<f64>,
    /// Megabytes at the peak.
    most_mb: Option<f64>,
    /// Karpenter v1.13.0 on the same pods: nodes, CPU seconds, MB.
    karpenter: Option<(usize, f64, usize)>,
}

const fn timed(case: Case) -> Timed {
    Timed { case, most_ms: None, most_mb: None, karpenter: None }
}

const fn diverse(pods: usize, nodes: usize, cpu_s: f64, mb: usize) -> Timed {
    Timed { karpenter: Some((nodes, cpu_s, mb)), ..timed(Case::Diverse(pods)) }
}

const CASES: [Timed; 11] = [
    diverse(100, 20, 0.36, 60),
    diverse(500, 100, 1.6, 65),
    diverse(1_000, 200, 3.5, 74),
    diverse(2_000, 400, 7.6, 94),
    diverse(5_000, 1_000, 21.5, 163),
    diverse(10_000, 2_000, 48.0, 285),
    Timed { most_ms: Some(1_000.0), most_mb: Some(300.0), ..diverse(20_000, 4_000, 127.0, 538) },
    timed(Case::Plain(1_000)),
    Timed { most_ms: Some(50.0), ..timed(Case::Plain(10_000)) },
    timed(Case::Growing(10_000)),
    Timed { most_ms: Some(100.0), ..timed(Case::Steady(5_000, 30, 1_000)) },
];
const SMALL: [Timed; 3] = [diverse(1_000, 200, 3.5, 74), timed(Case::Plain(1_000)), timed(Case::Steady(100, 30, 50))];
/// Runs of which the median is taken.
const RUNS: usize = 5;

/// Prints the table; in the full size notes what was missed.
pub fn print(size: Size, report: &mut Report) -> Result<()> {
    heading("Time and memory: each in a process of its own, median of 5, one core");
    println!(
        "{:22} {:>7} {:>6} {:>7} {:>9} {:>8} {:>9} {:>8} {:>7} {:>8}  Karpenter v1.13.0",
        "workload", "pods", "hosts", "ratio", "first ms", "CPU ms", "usual ms", "CPU ms", "MB", "unplaced"
    );
    let cases: &[Timed] = if size == Size::Full { &CASES } else { &SMALL };
    for timed in cases {
        row(timed, size, report)?;
    }
    println!("first: the first complete answer; usual: with the operator's effort. Targets are for the usual effort.");
    Ok(())
}

fn row(timed: &Timed, size: Size, report: &mut Report) -> Result<()> {
    let seen = in_child(timed.case, RUNS)?;
    let met = size == Size::Small || timed.met(&seen);
    let case = timed.case;
    let mark = report.target(met, || format!("{case}: {:.1} ms, {:.0} MB", seen.usual_wall_ms, seen.peak_mb()));
    let placed = report.target(seen.usual.unplaced == 0, || format!("{case}: {} pods unplaced", seen.usual.unplaced));
    println!(
        "{:22} {:>7} {:>6} {:>7} {:>9.1} {:>8.1} {:>9.1} {:>8.1} {:>7.1} {:>8}  {}{}{}",
        case.to_string(),
        seen.pods,
        seen.usual.hosts,
        ratio(&seen),
        seen.first_wall_ms,
        seen.first_cpu_ms,
        seen.usual_wall_ms,
        seen.usual_cpu_ms,
        seen.peak_mb(),
        seen.usual.unplaced,
        timed.karpenter.map_or(String::new(), |(nodes, cpu_s, mb)| format!("{nodes} nodes, {cpu_s} CPU-s, {mb} MB")),
        mark.mark(),
        placed.mark(),
    );
    Ok(())
}

/// Where free room may hold all, nothing is proved.
pub fn ratio(seen: &Measured) -> String {
    if seen.usual.bound_micro > 0 { format!("{:.4}", seen.usual.ratio()) } else { "-".to_owned() }
}

impl Timed {
    fn met(&self, seen: &Measured) -> bool {
        self.most_ms.is_none_or(|most| seen.usual_cpu_ms <= most) && self.most_mb.is_none_or(|most| seen.peak_mb() <= most)
    }
}
