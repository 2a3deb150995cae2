//! Pods without constraints, in any number: for time by size.

use gantry_plan::model::Snapshot;
use gantry_plan::resources::Resources;

use super::{Flavor, MIB, Shape, asks, node, run, wait, world};
use crate::draw::Draw;

const CPU_MILLI: [i64; 5] = [100, 250, 500, 1_000, 1_500];
const MEMORY_MIB: [i64; 6] = [100, 256, 512, 1_024, 2_048, 4_096];
const SEED: u64 = 7;
/// Pods of one shape where shapes grow with pods.
const PODS_PER_SHAPE: usize = 50;
const ZONES: [&str; 3] = ["az1", "az2", "az3"];

/// Pods of Karpenter's 30 sizes.
pub fn plain(count: usize) -> Snapshot {
    let mut draw = Draw::new(SEED);
    let mut counts = vec![0_usize; CPU_MILLI.len() * MEMORY_MIB.len()];
    for _ in 0..count {
        let shape = draw.below(counts.len());
        counts[shape] += 1;
    }
    let mut snapshot = world(&flavors());
    for (at, count) in counts.into_iter().enumerate() {
        let spec = asks(CPU_MILLI[at % CPU_MILLI.len()], MEMORY_MIB[at / CPU_MILLI.len()] * MIB);
        wait(&mut snapshot, &Shape::new(&[], spec), count);
    }
    snapshot
}

/// Pods whose shapes grow with them: one for each 50 pods.
pub fn of_growing_shapes(count: usize) -> Snapshot {
    let mut draw = Draw::new(SEED);
    let larger = [openstack("g.32", 32, 128, &ZONES), openstack("r.32", 32, 256, &ZONES)];
    let mut snapshot = world(&[flavors(), larger.to_vec()].concat());
    while snapshot.pods.len() < count {
        let spec = asks(draw.between(2, 80) as i64 * 25, draw.between(2, 160) as i64 * 32 * MIB);
        let pods = PODS_PER_SHAPE.min(count - snapshot.pods.len());
        wait(&mut snapshot, &Shape::new(&[], spec), pods);
    }
    snapshot
}

/// Nodes that carry pods of half a CPU, so that 30 leave half a CPU, and pods that wait.
pub fn steady(nodes: usize, pods_per_node: usize, waiting: usize) -> Snapshot {
    let mut snapshot = plain(waiting);
    let shapes: Vec<Shape> = MEMORY_MIB[2..5].iter().map(|mib| Shape::new(&[], asks(500, *mib * MIB))).collect();
    for at in 0..nodes {
        let name = format!("node-{at:05}");
        let allocatable =
            Resources { cpu_milli: 15_500, memory_bytes: 60_000 * MIB, pods: 110, ephemeral_bytes: 100 << 30, ..Resources::default() };
        node(&mut snapshot, &name, ZONES[at % ZONES.len()], allocatable);
        for (kind, shape) in shapes.iter().enumerate() {
            run(&mut snapshot, shape, &name, pods_per_node * (kind + 1) / shapes.len() - pods_per_node * kind / shapes.len());
        }
    }
    snapshot
}

/// Four CPU to memory proportions of an OpenStack cloud in three zones: 0.5 a vCPU, 0.125 a GiB.
pub fn flavors() -> Vec<Flavor> {
    let sizes = [("g.4", 4, 16), ("g.8", 8, 32), ("r.8", 8, 64), ("g.16", 16, 64), ("r.16", 16, 128)];
    sizes.map(|(name, cpus, gib)| openstack(name, cpus, gib, &ZONES)).to_vec()
}

/// A flavor with 500m, 1 GiB and 6 % kept for the system, at 0.5 a vCPU and 0.125 a GiB.
pub fn openstack(name: &str, cpus: i64, gib: i64, zones: &[&str]) -> Flavor {
    Flavor {
        name: name.to_owned(),
        cpu_milli: cpus * 1_000,
        memory_mib: gib * 1_024,
        reserved_cpu_milli: 500,
        reserved_memory_mib: 1_024 + gib * 1_024 * 6 / 100,
        max_pods: 110,
        extended: Default::default(),
        price_micro: cpus * 500_000 + gib * 125_000,
        zones: zones.iter().map(ToString::to_string).collect(),
    }
}
