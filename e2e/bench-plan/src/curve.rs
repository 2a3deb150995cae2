//! Curves: time and memory against the number of pods, price against effort.

use std::path::Path;

use anyhow::Result;

use crate::cases::Case;
use crate::chart::{Axis, Scale, Series, lines};
use crate::measure::{Measured, Thought, in_child, planned};
use crate::outcome::Outcome;
use crate::pictures::write;
use crate::report::heading;
use crate::speed::ratio;

const PODS: [usize; 7] = [1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000];
const UNITS: [u64; 8] = [0, 1_000, 5_000, 20_000, 50_000, 100_000, 200_000, 1_000_000];
const RUNS: usize = 3;
/// Worlds whose price is followed as effort grows: scenarios by place, then mixes.
const FOLLOWED: [Case; 5] = [Case::Scenario(1), Case::Scenario(4), Case::Scenario(5), Case::Mix(3), Case::Mix(4)];

/// Prints both tables and, where a folder is named, writes their charts there.
pub fn print(pictures: Option<&Path>) -> Result<()> {
    let by_size = [("30 shapes", Case::Plain as fn(usize) -> Case), ("pods / 50 shapes", Case::Growing)];
    heading("Time (of one core) and memory by number of pods");
    println!("{:26} {:>7} {:>7} {:>9} {:>9} {:>7} {:>7}", "pods", "number", "hosts", "first ms", "usual ms", "MB", "ratio");
    let mut series: Vec<Series> = Vec::new();
    for (name, case) in by_size {
        let seen = PODS.iter().map(|pods| measured(name, case(*pods))).collect::<Result<Vec<_>>>()?;
        let line = |value: fn(&Measured) -> f64| PODS.iter().zip(&seen).map(|(pods, seen)| (*pods as f64, value(seen))).collect();
        series.push((format!("{name}, first"), line(|seen| seen.first_cpu_ms)));
        series.push((format!("{name}, usual"), line(|seen| seen.usual_cpu_ms)));
    }
    let effort = by_effort()?;
    if let Some(folder) = pictures {
        let pods = Axis { title: "pods that wait", scale: Scale::Logarithmic, ticks: vec![1e3, 1e4, 1e5] };
        let ms = Axis { title: "ms of one core", scale: Scale::Logarithmic, ticks: vec![0.1, 1.0, 10.0, 100.0, 1e3, 1e4] };
        write(folder, "plan-time.svg", &lines("Time of a plan by number of pods", &pods, &ms, &series))?;
        let units =
            Axis { title: "units of effort (about a microsecond each)", scale: Scale::Logarithmic, ticks: vec![1e3, 1e4, 1e5, 1e6] };
        let over = Axis {
            title: "price / bound",
            scale: Scale::Linear,
            ticks: (0..=3).map(|step| 1.0 + 0.01 * f64::from(step)).map(rounded).collect(),
        };
        write(
            folder,
            "price-by-effort.svg",
            &lines("Price over the lower bound by effort (leftmost: the first answer)", &units, &over, &effort),
        )?;
    }
    Ok(())
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn measured(name: &str, case: Case) -> Result<Measured> {
    let seen = in_child(case, RUNS)?;
    println!(
        "{name:26} {:>7} {:>7} {:>9.1} {:>9.1} {:>7.1} {:>7}",
        seen.pods,
        seen.usual.hosts,
        seen.first_cpu_ms,
        seen.usual_cpu_ms,
        seen.peak_mb(),
        ratio(&seen)
    );
    Ok(seen)
}

/// The bound is the best that any of the efforts proved: one bound for a line.
fn by_effort() -> Result<Vec<Series>> {
    heading("Price over the lower bound by units of effort");
    println!("{:26}{}", "workload", UNITS.map(|units| format!("{units:>10}")).concat());
    let mut series = Vec::new();
    for case in FOLLOWED {
        let snapshot = case.world()?;
        let outcomes = UNITS.map(|units| Outcome::of(&planned(&snapshot, Thought::Units(units))));
        let bound = outcomes.iter().map(|outcome| outcome.bound_micro).max().unwrap_or(0);
        let ratios = outcomes.each_ref().map(|outcome| outcome.over(bound));
        println!("{:26}{}", case.to_string(), ratios.map(|ratio| format!("{ratio:>10.4}")).concat());
        series.push((case.to_string(), UNITS.iter().map(|units| *units as f64).zip(ratios).collect()));
    }
    Ok(series)
}
