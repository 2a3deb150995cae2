//! Pictures of a packing: every host with its share of CPU and memory in use, as wide as its price.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use gantry_plan::model::{Key, Pod, Snapshot};
use gantry_plan::{Command, Plan};

use crate::baseline::{karpenter_hosts, problem};
use crate::cases::Case;
use crate::chart::open;
use crate::measure::{Thought, planned};
use crate::prices::units;

/// The world that is shown, gen5000_openstack5, by its place.
const SHOWN: Case = Case::Scenario(4);
const WIDTH: f64 = 960.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 40.0;
/// Height of a full bar.
const BAR: f64 = 90.0;

/// A host as it is drawn: price, and shares in use of CPU and memory.
#[derive(Clone, Copy, Debug)]
struct Bar {
    price_micro: i64,
    cpu: f64,
    memory: f64,
}

/// Writes the packing in order of CPU and memory, and the planner's.
pub fn packings(folder: &Path) -> Result<()> {
    let snapshot = SHOWN.world()?;
    let before = in_order(&snapshot)?;
    let after = of_plan(&snapshot, &planned(&snapshot, Thought::Usual));
    let widest = total(&before).max(total(&after));
    write(folder, "packing-before.svg", &picture("By CPU, then memory, largest first", &before, widest))?;
    write(folder, "packing-after.svg", &picture("Gantry", &after, widest))
}

/// Writes a file of the folder.
pub fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    println!("wrote {}", path.display());
    Ok(())
}

fn in_order(snapshot: &Snapshot) -> Result<Vec<Bar>> {
    let problem = problem(snapshot)?;
    let bar = |host: crate::baseline::Host| {
        let kind = host.types.iter().map(|at| &problem.types[*at]).min_by_key(|kind| kind.price_micro)?;
        let share = |resource: usize| host.used[resource] as f64 / kind.offers[resource] as f64;
        Some(Bar { price_micro: kind.price_micro, cpu: share(0), memory: share(1) })
    };
    Ok(karpenter_hosts(&problem).0.into_iter().filter_map(bar).collect())
}

fn of_plan(snapshot: &Snapshot, plan: &Plan) -> Vec<Bar> {
    let pods: HashMap<&Key, &Pod> = snapshot.pods.iter().map(|pod| (&pod.key, &**pod)).collect();
    let bar = |command: &Command| match command {
        Command::CreateHost { price_micro, pods: on_it, allocatable, .. } => {
            let requests = on_it.iter().filter_map(|key| pods.get(key)).map(|pod| &pod.spec.requests);
            let (cpu, memory) = requests.fold((0, 0), |(cpu, memory), asks| (cpu + asks.cpu_milli, memory + asks.memory_bytes));
            let share = |used: i64, offers: i64| used as f64 / offers as f64;
            Some(Bar { price_micro: *price_micro, cpu: share(cpu, allocatable.cpu_milli), memory: share(memory, allocatable.memory_bytes) })
        }
        Command::DeleteHost { .. } => None,
    };
    plan.commands.iter().filter_map(bar).collect()
}

fn total(bars: &[Bar]) -> i64 {
    bars.iter().map(|bar| bar.price_micro).sum()
}

/// CPU upwards, memory downwards; grey is paid for and idle.
fn picture(name: &str, bars: &[Bar], widest: i64) -> String {
    let price = total(bars);
    let title = format!("{name}: {} hosts, price {}; each host as wide as its price", bars.len(), units(price));
    let mut svg = open(WIDTH, TOP + 2.0 * BAR + 40.0, &title);
    let scale = (WIDTH - LEFT - 10.0) / widest as f64;
    let middle = TOP + BAR;
    let width = price as f64 * scale;
    let _ = write!(svg, "<rect class=\"idle\" x=\"{LEFT}\" y=\"{TOP}\" width=\"{width:.1}\" height=\"{}\"/>", 2.0 * BAR);
    let _ = write!(svg, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">CPU</text>", LEFT - 8.0, TOP + BAR / 2.0);
    let _ = write!(svg, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">memory</text>", LEFT - 8.0, middle + BAR / 2.0);
    let (mut up, mut down) = (format!("M{LEFT} {middle}"), format!("M{LEFT} {middle}"));
    let mut right = LEFT;
    for bar in bars {
        let wide = bar.price_micro as f64 * scale;
        let _ = write!(up, "V{:.1}h{wide:.2}", middle - BAR * bar.cpu);
        let _ = write!(down, "V{:.1}h{wide:.2}", middle + BAR * bar.memory);
        right += wide;
    }
    let _ = write!(svg, "<path fill=\"#3b82f6\" d=\"{up}V{middle}Z\"/><path fill=\"#f97316\" d=\"{down}V{middle}Z\"/>");
    let _ = write!(svg, "<line class=\"frame\" x1=\"{LEFT}\" y1=\"{middle}\" x2=\"{right:.1}\" y2=\"{middle}\"/>");
    let mean = |share: fn(&Bar) -> f64| 100.0 * bars.iter().map(|bar| share(bar) * bar.price_micro as f64).sum::<f64>() / price as f64;
    let idle = format!(
        "grey is paid for and idle: {:.1} % of the CPU, {:.1} % of the memory",
        100.0 - mean(|bar| bar.cpu),
        100.0 - mean(|bar| bar.memory)
    );
    let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"{}\">{idle}</text></svg>", TOP + 2.0 * BAR + 22.0);
    svg
}
