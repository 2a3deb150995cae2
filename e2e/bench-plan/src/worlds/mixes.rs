//! Drawn mixes: several flavors and zones with prices and reserves of their own, deployments of all sizes, some of them spread or tied to a zone.

use gantry_plan::model::{PodSpec, Selector, Snapshot};
use gantry_plan::resources::Resources;

use super::diverse::{spread, term};
use super::{Flavor, HOSTNAME, MIB, Shape, ZONE, asks, node, run, wait, world};
use crate::draw::Draw;

const ZONES: [&str; 3] = ["az1", "az2", "az3"];
const VCPUS: [i64; 6] = [2, 4, 8, 16, 32, 48];
/// GiB to a vCPU.
const PROPORTIONS: [i64; 5] = [2, 3, 4, 4, 8];
const CPU_MILLI: [i64; 10] = [50, 100, 200, 250, 500, 750, 1_000, 1_500, 2_000, 3_500];
const MEMORY_MIB: [i64; 10] = [64, 128, 256, 512, 900, 1_500, 2_048, 3_100, 6_000, 14_000];

/// A mix by its seed. A full node stands in each zone, so that every zone is one that spreading knows of.
pub fn mix(seed: u64) -> Snapshot {
    let mut draw = Draw::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut snapshot = world(&flavors(&mut draw));
    for zone in ZONES {
        let name = format!("full-{zone}");
        node(&mut snapshot, &name, zone, Resources { cpu_milli: 1_000, memory_bytes: 2_048 * MIB, pods: 1, ..Resources::default() });
        run(&mut snapshot, &Shape::new(&[("app", "full")], asks(1_000, 2_048 * MIB)), &name, 1);
    }
    let (deployments, largest) = (draw.between(15, 60), draw.one_of(&[20, 60, 150]));
    for at in 0..deployments {
        let app = format!("app-{at:02}");
        let spec = asks(draw.one_of(&CPU_MILLI), draw.one_of(&MEMORY_MIB) * MIB);
        let replicas = draw.between(1, largest);
        wait(&mut snapshot, &Shape::new(&[("app", &app)], constrained(spec, &app, &mut draw)), replicas);
    }
    snapshot
}

/// Half have no constraint; of the rest most are spread over zones.
fn constrained(mut spec: PodSpec, app: &str, draw: &mut Draw) -> PodSpec {
    let own = Selector { labels: [("app".to_owned(), app.to_owned())].into(), expressions: Vec::new() };
    match draw.below(12) {
        0..=2 => spec.spread.push(spread(ZONE, own)),
        3 => {
            spec.node_selector.insert(ZONE.to_owned(), draw.one_of(&ZONES).to_owned());
        }
        4 => {
            let mut over_hosts = spread(HOSTNAME, own);
            over_hosts.max_skew = 8;
            spec.spread.push(over_hosts);
        }
        5 => spec.affinity.push(term(ZONE, own)),
        _ => {}
    }
    spec
}

/// 4 to 12 flavors; the larger ones a little cheaper, two of three in all zones.
fn flavors(draw: &mut Draw) -> Vec<Flavor> {
    let count = draw.between(4, 12);
    let mut flavors: Vec<Flavor> = Vec::new();
    let (vcpu_micro, gib_micro) = (draw.between(8, 40) as i64 * 1_000, draw.between(2, 10) as i64 * 1_000);
    while flavors.len() < count {
        // One of the first is large enough for every pod, in every zone.
        let (vcpus, proportion) = if flavors.is_empty() { (8, 4) } else { (draw.one_of(&VCPUS), draw.one_of(&PROPORTIONS)) };
        let gib = vcpus * proportion;
        let percent = draw.between(90, 110) as i64;
        let zones = if flavors.is_empty() || draw.below(3) > 0 { ZONES.to_vec() } else { vec![draw.one_of(&ZONES)] };
        let flavor = Flavor {
            name: format!("f{}.{vcpus}x{gib}", flavors.len()),
            cpu_milli: vcpus * 1_000,
            memory_mib: gib * 1_024,
            reserved_cpu_milli: 100 + vcpus * 10,
            reserved_memory_mib: 356 + gib * 1_024 * 3 / 100,
            max_pods: 110,
            extended: Default::default(),
            price_micro: (vcpus * vcpu_micro + gib * gib_micro) * percent / 100,
            zones: zones.iter().map(ToString::to_string).collect(),
        };
        flavors.push(flavor);
    }
    flavors
}
