//! How long a plan takes, and how far its price is above the lower bound: `cargo bench -p gantry-plan`.
//!
//! Sizes are those of Karpenter's diverse benchmark without its constraints. With `GANTRY_BENCH_DATA` set to a folder of `scen_*.json`
//! files (flavors and pod groups), their price ratios are printed too.

mod scenario;

use gantry_plan::effort::Effort;
use gantry_plan::{Command, lower_bound_micro, model::Snapshot, plan, plan_with};

/// Environment variable that names the folder with scenarios.
const DATA: &str = "GANTRY_BENCH_DATA";

fn main() {
    print_ratios();
    divan::main();
}

fn print_ratios() {
    println!(
        "{:28} {:>6} {:>6} {:>12} {:>12} {:>7} {:>8} {:>8}",
        "scenario", "pods", "hosts", "price", "lower bound", "ratio", "first ms", "ms"
    );
    for pods in [1_000, 10_000] {
        print_ratio(&format!("diverse {pods}"), &scenario::diverse(pods));
    }
    print_ratio("constrained 1000", &scenario::constrained(1_000));
    print_ratio("constrained 20000", &scenario::constrained(20_000));
    let folder = std::env::var(DATA).ok().map(|folder| scenario::read_folder(folder.as_ref()));
    for (name, snapshot) in folder.into_iter().flatten() {
        print_ratio(&name, &snapshot);
    }
}

fn print_ratio(name: &str, snapshot: &Snapshot) {
    let start = std::time::Instant::now();
    let first = plan_with(snapshot, &mut Effort::units(0));
    let quick = start.elapsed();
    assert!(first.unplaced.is_empty(), "{name}: {} pods unplaced", first.unplaced.len());
    let start = std::time::Instant::now();
    let plan = plan(snapshot);
    let elapsed = start.elapsed();
    assert!(plan.unplaced.is_empty(), "{name}: {} pods unplaced", plan.unplaced.len());
    let price: i64 = plan.commands.iter().map(price).sum();
    let bound = lower_bound_micro(snapshot);
    let units = |micro: i64| micro as f64 / 1e6;
    println!(
        "{name:28} {:>6} {:>6} {:>12.3} {:>12.3} {:>7.4} {:>8.1} {:>8.1}",
        snapshot.pods.len(),
        plan.commands.len(),
        units(price),
        units(bound),
        units(price) / units(bound),
        quick.as_secs_f64() * 1e3,
        elapsed.as_secs_f64() * 1e3,
    );
}

fn price(command: &Command) -> i64 {
    match command {
        Command::CreateHost { price_micro, .. } => *price_micro,
        Command::DeleteHost { .. } => 0,
    }
}

/// Pods of 30 sizes, no constraints.
#[divan::bench(args = [1_000, 10_000, 100_000], sample_count = 10)]
fn diverse_sizes(bencher: divan::Bencher<'_, '_>, pods: usize) {
    let snapshot = scenario::diverse(pods);
    bencher.bench(|| plan(&snapshot));
}

/// Pods all alike.
#[divan::bench(args = [10_000], sample_count = 10)]
fn plain(bencher: divan::Bencher<'_, '_>, pods: usize) {
    let snapshot = scenario::plain(pods);
    bencher.bench(|| plan(&snapshot));
}

/// 5,000 nodes that carry 30 pods each, and 1,000 pods that wait.
#[divan::bench(sample_count = 10)]
fn steady_5000_nodes(bencher: divan::Bencher<'_, '_>) {
    let snapshot = scenario::steady(5_000, 30, 1_000);
    bencher.bench(|| plan(&snapshot));
}
